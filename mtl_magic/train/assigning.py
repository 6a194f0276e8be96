"""The numbers of a step that its traced graphs read from variables: rates of dropout, what gates are told, options of its
balancing method.

Those of the network are of the layers of `NUMBERS`, and in the layers' config as long as nothing else is put in their place. What
these numbers decide of the graph is in `topology`, where a network of one topology can have the numbers of another.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.assigned import Assigned
from mtl_magic.layers.choice import GateWeights, SelectWeights
from mtl_magic.train.dropout import assign_rate

if TYPE_CHECKING:
    from mtl_magic.balance._base import Balance
    from mtl_magic.model.net import Net
    from mtl_magic.train.step import Step

NUMBERS: dict[type, tuple[str, ...]] = {
    keras.layers.Dropout: ("rate",),
    GateWeights: ("temperature", "importance", "entropy"),
    SelectWeights: ("gamma", "importance", "entropy"),
}
PASSED_ON = ("dropout",)  # what a layer's config says of layers inside it


def topology(net: Net) -> Hashable:
    """All that a network's configs say, but for the values of its numbers (not which of them are 0), and for what its
    weights begin at.
    """
    models = (net.trunk, net.heads, net.model)
    return tuple(_said(o) for m in models for o in m.operations if not isinstance(o, keras.Model))


def _said(operation: Any) -> Hashable:
    numbers = (*NUMBERS.get(type(operation), ()), *PASSED_ON)
    told = {k: v for k, v in operation.get_config().items() if k not in ("name", "seed") and "initializer" not in k}
    config = {k: bool(v) if k in numbers else v for k, v in told.items()}
    # Keras counts what nobody names through the life of a process.
    return type(operation).__name__, re.sub(r"_[0-9]+$", "", operation.name), repr(config)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What a step reads from variables."""

    of_layers: tuple[tuple[Assigned, ...], ...]  # in the order of `_layers`
    of_method: dict[str, Assigned]

    @classmethod
    def of(cls, step: Step) -> Numbers:
        """From now on the step and its network read their numbers from variables; nothing has traced them yet."""
        options = {p.name for p in step.method.options() if p.assigned}
        method = {name: Assigned(getattr(step.method, name)) for name in options}
        replaced: Any = method
        step.method = dataclasses.replace(step.method, **replaced)
        return cls(tuple(tuple(_replaced(layer, names)) for layer, names in _layers(step.net)), method)

    def assign(self, net: Net, method: Balance) -> None:
        """The numbers of another network of the same topology and of its method, which are in no variables."""
        for name, number in self.of_method.items():
            number.assign(getattr(method, name))
        for numbers, (layer, names) in zip(self.of_layers, _layers(net), strict=True):
            for number, name in zip(numbers, names, strict=True):
                number.assign(getattr(layer, name))


def _layers(net: Net) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """The layers that have such numbers, and which of them are not 0."""
    for layer in net.model._flatten_layers():  # noqa: SLF001 - Keras has no public walk over nested layers
        if type(layer) in NUMBERS:
            yield layer, tuple(name for name in NUMBERS[type(layer)] if getattr(layer, name))


def _replaced(layer: Any, names: tuple[str, ...]) -> Iterator[Assigned]:
    for name in names:
        number = Assigned(getattr(layer, name))
        if isinstance(layer, keras.layers.Dropout):
            assign_rate(layer, number)
        else:
            setattr(layer, name, number)
        yield number
