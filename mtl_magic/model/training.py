"""Which weights belong to a part that is trained in a way of its own, and the freezing of those that stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from mtl_magic.blocks._base import Block
from mtl_magic.model.graph import behind
from mtl_magic.parts import Training

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.model.inputs import Lookup
    from mtl_magic.model.sharing import Sharing
    from mtl_magic.program import Program


@dataclasses.dataclass(frozen=True)
class Own:
    """Dense variables that are trained in a way of their own."""

    training: Training
    variables: tuple[Any, ...]  # Keras variables


# Of a task: Keras tensors of its own head, its logits first, and those behind them that are other tasks'.
OwnPart: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...]]


def trained_apart(program: Program, schema: Schema, sharing: Sharing, own: Sequence[OwnPart]) -> tuple[Own, ...]:
    """Of each block and task of which something is said, its dense variables. Those that are frozen no longer train.

    Args:
        program: the blocks.
        schema: the tasks.
        sharing: the blocks, built and read by all takers.
        own: of each task.
    """
    found: dict[Training, dict[int, Any]] = {}
    for training, layer in (*_of_blocks(program, schema, sharing), *_of_tasks(schema, own)):
        if not training.plain and getattr(layer, "weights", None):
            if training.frozen:
                layer.trainable = False
            found.setdefault(training, {})[id(layer)] = layer
    return tuple(Own(t, tuple(w for layer in layers.values() for w in layer.weights)) for t, layers in found.items())


def of_tables(lookups: Sequence[Lookup], program: Program, schema: Schema, sharing: Sharing) -> tuple[Training, ...]:
    """How each table is trained: as its features say; one of a single taker rests with a frozen taker."""
    frozen = {t.key for t in schema.tasks if Training.of(t.kind).frozen}
    frozen |= {sharing.keys[b.name] for b in program.blocks if Training.of(b.block).frozen}
    return tuple(
        Training(frozen=True) if lookup.scope and lookup.scope in frozen else lookup.training for lookup in lookups
    )


def _of_blocks(program: Program, schema: Schema, sharing: Sharing) -> Iterator[tuple[Training, Any]]:
    """Layers of the trunk; a gate belongs to its taker, experts of a taker's own to the block."""
    takers = {t.key: Training.of(t.kind) for t in schema.tasks}
    takers |= {sharing.keys[b.name]: Training.of(b.block) for b in program.blocks}
    layers = sharing.layers()
    for plan in program.blocks:
        gates: dict[str, str] = {}
        if isinstance(plan.block, Block):
            inner = plan.block.inner(sharing.keys[plan.name], sharing.readers[plan.name])
            gates = {
                part.layer: part.taker for part in inner.parts if part.kind == "gate" and part.layer and part.taker
            }
        for layer in layers.get(plan.name, ()):
            names = layer.parts() if hasattr(layer, "parts") else (layer.name,)
            owners = {gates[name] for name in names if name in gates}
            # Takers of which something is said have gates apart, so those of one layer are all trained alike.
            yield takers[owners.pop()] if owners else Training.of(plan.block), layer


def _of_tasks(schema: Schema, own: Sequence[OwnPart]) -> Iterator[tuple[Training, Any]]:
    """Towers and heads: all layers with weights between what a task reads and its logits, its parents' left out."""
    for task, (tensors, borrowed) in zip(schema.tasks, own, strict=True):
        for layer in behind(tensors, stop=borrowed):
            yield Training.of(task.kind), layer
