"""A block of the user's own, `share {layer}`: applied, and checked to be one that can be saved and loaded again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.problems import MtlError, Problem, first_line, typed

if TYPE_CHECKING:
    from mtl_magic.program import BlockPlan


def apply_python_block(plan: BlockPlan, x: Any, text: str, copies: dict[int, keras.layers.Layer]) -> Any:
    """A copy of the layer, or the function, applied to the Keras tensor x (B, width), giving (B, width').

    The person's own layer stays as it is: a run shares no weight with the next one.

    Args:
        copies: of this network, by the layer's id: a layer that stands in two blocks is one layer in both.

    Raises:
        MtlError: it fails, gives something other than (B, width'), or could not be saved with the model.
    """
    block = plan.block
    if inspect.isclass(block) and issubclass(block, keras.layers.Layer):
        raise _problem(
            plan, text, f"the block '{plan.title}' is a class", "make a layer of it: {" + block.__name__ + "(…)}"
        )
    if not callable(block):
        raise _problem(plan, text, f"the block '{plan.title}' is {typed(block)}, not a layer or a function", "")
    if isinstance(block, keras.layers.Layer):
        why = _unsaveable(block)
        if why:
            raise _problem(plan, text, f"the block '{plan.title}' could not be saved with the model: {why[0]}", why[1])
    try:
        if isinstance(block, keras.layers.Layer):
            block = copies[id(block)] if id(block) in copies else copies.setdefault(id(block), _copy(block, x))
        made = block(x)
    except Exception as error:
        said = first_line(error)
        raise _problem(
            plan, text, f"the block '{plan.title}' fails on its sources, a tensor of shape {tuple(x.shape)}: {said}", ""
        ) from error
    if not isinstance(made, keras.KerasTensor):
        raise _problem(
            plan,
            text,
            f"the block '{plan.title}' gives a {type(made).__name__}",
            "build it of Keras layers and keras.ops",
        )
    if len(made.shape) != 2 or made.shape[-1] is None:
        raise _problem(
            plan, text, f"the block '{plan.title}' gives the shape {tuple(made.shape)}", "a block gives (rows, width)"
        )
    return made


def _copy(layer: keras.layers.Layer, x: Any) -> keras.layers.Layer:
    """A layer of the same configuration and, where it is built, the same weights; built on the Keras tensor x."""
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer), safe_mode=True)
    copy(x)
    if layer.built:
        copy.set_weights(layer.get_weights())
    return copy


def _unsaveable(layer: keras.layers.Layer) -> tuple[str, str] | None:
    """Why a layer cannot be loaded back by Keras in safe mode, and the mend; None where it can."""
    for part in layer._flatten_layers(recursive=True):  # noqa: SLF001 - Keras has no public walk over nested layers
        cls = type(part)
        if isinstance(part, keras.layers.Lambda):
            return "a Lambda layer holds code, which loading refuses", "write the function itself: {function}"
        own = not cls.__module__.startswith(("keras.", "keras_rs.", "mtl_magic."))
        if own and keras.saving.get_registered_name(cls) == cls.__name__:
            return (
                f"Keras does not know the class {cls.__name__}",
                f"write @keras.saving.register_keras_serializable() above class {cls.__name__}",
            )
    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer), safe_mode=True)
    except Exception as error:  # noqa: BLE001 - whatever the user's get_config or __init__ raises is the answer
        return first_line(error), "give it a get_config that returns the arguments of its __init__"
    return None


def _problem(plan: BlockPlan, text: str, message: str, hint: str) -> MtlError:
    return MtlError(Problem("MTL302", message, plan.span, hint), text)
