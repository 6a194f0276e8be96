"""A block in braces as code: a Keras layer as the call that makes it, anything else as a place for the person's own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.runs.code.text import Call, Raw, assign, call, show
from mtl_magic.runs.code.writers import BlockAt, BlockText

if TYPE_CHECKING:
    from mtl_magic.program import BlockPlan


def python_block(plan: BlockPlan, at: BlockAt, known: dict[int, str]) -> BlockText:
    """The block of a `share {…}` line.

    Args:
        plan: the line.
        at: where it is written.
        known: of each layer that was written, by its id, the variable: one that stands in two blocks is one layer.
    """
    block = plan.block
    layer = f"{at.variable}_layer"
    if not isinstance(block, keras.layers.Layer):
        return _function(plan, at)
    if id(block) in known:
        made = assign(at.variable, Raw(f"{known[id(block)]}({at.source})"))
        return BlockText(made, lambda taker: at.variable)
    known[id(block)] = layer
    found = expression(block, f"{at.key}_layer")
    notes: tuple[str, ...] = ()
    if found is None:
        plain = keras.saving.serialize_keras_object(block)
        plain["config"]["name"] = f"{at.key}_layer"
        found = call("keras.saving.deserialize_keras_object", plain)
        own = type(block).__name__
        if not type(block).__module__.startswith("keras."):
            notes = (f"The layer {own} is your own: define or import it above, before `build()` is called.",)
    lines = assign(layer, found) + assign(at.variable, Raw(f"{layer}({at.source})"))
    return BlockText(
        lines,
        lambda taker: at.variable,
        (f"{at.key}_layer",),
        copied={f"{at.key}_layer": plan.name},
        notes=notes,
    )


def _function(plan: BlockPlan, at: BlockAt) -> BlockText:
    """A function: by its name where it is Keras's, else as a place for the person's own."""
    function = plan.block
    name = getattr(function, "__name__", "block")
    if function is getattr(keras.ops, name, None):
        return BlockText(assign(at.variable, Raw(f"ops.{name}({at.source})")), lambda taker: at.variable)
    if function is getattr(keras.activations, name, None):
        return BlockText(assign(at.variable, Raw(f"keras.activations.{name}({at.source})")), lambda taker: at.variable)
    own = name if name.isidentifier() else "your_function"
    note = f"The block {plan.name or 'of braces'} is the function {own} of your own: define or import it above, and copy the weights of layers in it yourself."
    return BlockText(assign(at.variable, Raw(f"{own}({at.source})")), lambda taker: at.variable, notes=(note,))


def expression(layer: Any, name: str | None = None) -> Call | None:
    """The call that makes a layer of Keras's own like this one; None where none of a few arguments does."""
    cls = type(layer)
    if getattr(keras.layers, cls.__name__, None) is not cls and cls is not keras.Sequential:
        return None
    if cls is keras.Sequential:
        inside = [expression(one) for one in layer.layers]
        options = {"name": name} if name else {}
        return None if None in inside else call("keras.Sequential", inside, **options)
    config = {k: v for k, v in layer.get_config().items() if k not in ("name", "dtype")}
    if keras.dtype_policies.get(layer.dtype_policy).name != keras.config.dtype_policy().name:
        return None
    parameters = inspect.signature(cls.__init__).parameters
    args: list[Any] = []
    options = {}
    try:
        for key, parameter in list(parameters.items())[1:]:
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or key not in config:
                continue
            if parameter.default is parameter.empty:
                args.append(_plain(config[key]))
            else:
                options[key] = config[key]
        kept = _needed(cls, args, options, config)
    except (TypeError, ValueError):
        return None
    if kept is None:
        return None
    if name:
        kept["name"] = name
    return call(f"layers.{cls.__name__}", *args, **kept)


def _needed(cls: Any, args: list[Any], options: dict[str, Any], config: dict[str, Any]) -> dict[str, Any] | None:
    """The options without which the layer would be another; None where plain values do not make it."""
    usual = cls(*args).get_config()
    kept = {k: _plain(v) for k, v in options.items() if usual.get(k) != v}
    made = cls(*args, **kept).get_config()
    return kept if all(made.get(k) == v for k, v in config.items()) else None


def _plain(value: Any) -> Any:
    """A value of a configuration that can be written as it stands.

    Raises:
        ValueError: it cannot.
    """
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v) for v in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(show(str(value)))
