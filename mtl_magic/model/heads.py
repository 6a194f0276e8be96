"""What is a task's own: its tower and its head. Towers of equal shape are one layer, and so are heads of equal width,
where their tasks are trained alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.dependencies._base import by_method
from mtl_magic.layers.stack import dense_stack
from mtl_magic.layers.towers import Towers
from mtl_magic.model.relations import Reads, representations
from mtl_magic.model.sharing import reads_a_block
from mtl_magic.parts import Training

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema, TaskSchema
    from mtl_magic.program import Program, TaskPlan

TOWER = (32,)
OWN_LAYERS = (128, 64)  # of a task that shares no layer, before its tower: what `share mlp` has
OWN_DROPOUT = 0.1  # of such a task: as in `share mlp`, so that comparing the two is fair


def own_logits(program: Program, schema: Schema, read: Sequence[Any]) -> tuple[list[Any], Reads]:
    """Of each task the logits of its head (B, units), float32, before dependencies on logits; and what heads read.

    Args:
        program: what the cell says of the towers.
        schema: the tasks.
        read: of each task what it reads, a Keras tensor (B, width).
    """
    made = list(read)
    shapes = [_shape(program, task) for task in schema.tasks]
    ways = [Training.of(task.kind) for task in schema.tasks]
    for i, members in enumerate(_alike([(x.shape[-1], *shape) for x, *shape in zip(read, shapes, ways, strict=True)])):
        keys = [schema.tasks[k].key for k in members]
        found = _towers([made[k] for k in members], keys, *shapes[members[0]], _numbered("towers", i))
        for k, x in zip(members, found, strict=True):
            made[k] = x
    reads = representations(program, schema, made, [dropout for _, dropout in shapes])
    made = list(reads.tensors)
    starts = [_bias(program.task(task.name), schema, task) for task in schema.tasks]
    widths = [(x.shape[-1], len(start), way) for x, start, way in zip(made, starts, ways, strict=True)]
    for i, members in enumerate(_alike(widths)):
        keys = [schema.tasks[k].key for k in members]
        found = _logits([made[k] for k in members], keys, [starts[k] for k in members], _numbered("logits", i))
        for k, x in zip(members, found, strict=True):
            made[k] = x
    return made, reads


def _alike(shapes: Sequence[Hashable]) -> list[list[int]]:
    """The places of equal shapes, together."""
    found: dict[Hashable, list[int]] = {}
    for k, shape in enumerate(shapes):
        found.setdefault(shape, []).append(k)
    return list(found.values())


def _numbered(name: str, i: int) -> str:
    """What the i-th layer of several tasks is called: after none of them, for it is of all."""
    return f"{name}_{i}" if i else name


def _towers(read: list[Any], keys: list[str], units: tuple[int, ...], dropout: float, name: str) -> list[Any]:
    """Of each of some tasks, towers of one shape over what it reads (B, width); `name` is that of one layer for all."""
    if len(keys) == 1 or not units:
        return [dense_stack(x, units, f"{key}_tower", dropout) for x, key in zip(read, keys, strict=True)]
    names = [f"{key}_tower" for key in keys]
    return list(Towers(units, names, dropout=dropout, name=name)(_once(read)))


def _logits(read: list[Any], keys: list[str], starts: list[list[float]], name: str) -> list[Any]:
    """Of each of some tasks, a head of one width, which starts at its bias; `name` is that of one layer for all."""
    names = [f"{key}_logits" for key in keys]
    # The biases are not set by an initializer of ours: the file must load where only Keras and our layers are known.
    if len(keys) == 1:
        head = keras.layers.Dense(len(starts[0]), dtype="float32", name=names[0])
        made = [head(read[0])]
        head.bias.assign(starts[0])
        return made
    heads = Towers([len(starts[0])], names, activation="linear", dtype="float32", name=name)
    made = list(heads(_once(read)))
    heads.biases[0].assign(starts)
    return made


def _once(read: list[Any]) -> Any:
    """A tensor that all read, once."""
    return read[0] if all(x is read[0] for x in read) else read


def _shape(program: Program, task: TaskSchema) -> tuple[tuple[int, ...], float]:
    """Widths and dropout of a task's tower."""
    units = tower_units(program, task)
    if task.kind.dropout is not None:
        return units, task.kind.dropout
    alone = task.kind.tower is None and len(units) > len(TOWER)
    return units, OWN_DROPOUT if alone else 0.0


def tower_units(program: Program, task: TaskSchema) -> tuple[int, ...]:
    """Widths of the layers of a task's tower: as written, else by whether it reads a block with layers."""
    if task.kind.tower is not None:
        return tuple(task.kind.tower)
    return TOWER if reads_a_block(program.task(task.name).sources, program) else (*OWN_LAYERS, *TOWER)


def _bias(plan: TaskPlan, schema: Schema, task: TaskSchema) -> list[float]:
    """Logits at which the head starts: those of the best constant predictor."""
    for method, parents in by_method(plan.givens):
        found = method.bias(task, *(schema.task(parent) for parent in parents))
        if found is not None:
            return list(found)
    return list(task.kind.bias(task))
