"""The heads cut once more, above what each task reads, so that one backward pass gives all tasks' gradients there.

Towers that are one layer are given an input a task. Then each loss reaches its own input alone, and the gradient of the
sum of the losses at input k is that of loss k. Where a loss reaches another task's input (a dependency between tasks),
or a task reads something other than one tensor of the trunk or a mixture of experts, there are no such tops: training
then takes a backward pass a task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from mtl_magic.blocks._base import Reading


@dataclasses.dataclass(frozen=True)
class Tops:
    """What each task reads of the cut tensors, and the heads above that."""

    reads: tuple[tuple[int, ...], ...]  # of each task: its cut tensors; of a mixture groups of experts, then the gate
    mixture: tuple[bool, ...]  # of each task: whether it reads a mixture, else its one cut tensor as it is
    values: keras.Model  # cut tensors -> [what each task reads (B, width)], K of them
    logits: keras.Model  # [what each task reads], one input a task -> [its logits (B, units)]


def tops_of(
    readings: Sequence[Reading],
    cut: Sequence[Any],
    below: Sequence[Any],
    read: Sequence[Any],
    own: Sequence[Any],
    *,
    keys: Sequence[str],
) -> Tops | None:
    """The tops of heads without dependencies; None: a task reads several things side by side.

    Args:
        readings: of each task.
        cut: the trunk's tensors.
        below: the inputs of the heads that stand for them.
        read: of each task, what it reads, made of `below`.
        own: of each task, its logits, made of `read`.
        keys: of each task, the name with which its layers begin.
    """
    if not all(reading.mixture or len(reading.cut) == 1 for reading in readings):
        return None
    ways: dict[int, set[tuple[bool, bool, int]]] = {}
    for k, reading in enumerate(readings):
        for tensor in reading.cut:
            gate = reading.mixture and tensor is reading.cut[-1]
            ways.setdefault(id(tensor), set()).add((reading.mixture, gate, k if gate else 0))
    if any(len(found) > 1 for found in ways.values()):  # as experts here and as they are there, or a gate of several
        return None
    places = {id(tensor): i for i, tensor in enumerate(cut)}
    inputs = [keras.Input(x.shape[1:], dtype=x.dtype, name=f"read_{key}") for x, key in zip(read, keys, strict=True)]
    again = _Again(read, inputs, keys)
    return Tops(
        reads=tuple(tuple(places[id(tensor)] for tensor in reading.cut) for reading in readings),
        mixture=tuple(reading.mixture for reading in readings),
        values=keras.Model(list(below), list(read)),
        logits=keras.Model(inputs, [again.of(logits, k) for k, logits in enumerate(own)]),
    )


class _Again:
    """Calls the layers between what tasks read and their logits once more, on an input a task."""

    def __init__(self, read: Sequence[Any], inputs: Sequence[Any], keys: Sequence[str]) -> None:
        self.read, self.inputs = read, inputs
        self.task: Mapping[str, int] = {
            f"{key}_{part}": k for k, key in enumerate(keys) for part in ("tower", "logits")
        }
        self.made: dict[int, Any] = {}  # what a layer of several tasks gives, by its node

    def of(self, tensor: Any, k: int) -> Any:
        """The tensor of task k, of task k's input."""
        if tensor is self.read[k]:
            return self.inputs[k]
        layer, node, index = tensor._keras_history  # noqa: SLF001 - see `graph.behind`
        made_of = layer._inbound_nodes[node].input_tensors  # noqa: SLF001
        if not hasattr(layer, "parts"):
            return layer(*(self.of(x, k) for x in made_of))
        node_id = id(layer._inbound_nodes[node])  # noqa: SLF001
        if node_id not in self.made:
            tasks = [self.task[name] for name in layer.parts()]
            each = made_of if len(made_of) == len(tasks) else [made_of[0]] * len(tasks)
            self.made[node_id] = layer([self.of(x, t) for x, t in zip(each, tasks, strict=True)])
        return self.made[node_id][index]
