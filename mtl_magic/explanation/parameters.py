"""How many numbers the network learns, and which of them several tasks share.

A weight is shared where more than one task reads it, and private where one does. Of an embedding table each feature's
rows are counted for the tasks that read that feature. A tower belongs to its task even where a dependency hands its
logits on to a child.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

from mtl_magic.explanation.outline import HEAD, TOWER
from mtl_magic.model.graph import pieces_behind
from mtl_magic.settings.train import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtl_magic.data.schema import EncodedFeature, Schema
    from mtl_magic.explanation.outline import Outline
    from mtl_magic.model.net import Net
    from mtl_magic.program import Program
    from mtl_magic.settings.train import Train

FLOAT = 4  # bytes


@dataclasses.dataclass(frozen=True)
class Holding:
    """The parameters that the same tasks read."""

    tasks: tuple[str, ...]  # none: no task reads them
    tables: int = 0  # in embedding tables
    dense: int = 0  # in layers
    rows: int = 0  # of the embedding tables

    @property
    def total(self) -> int:
        return self.tables + self.dense


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Counts of a network.

    Attributes:
        holdings: by the tasks that read them: most tasks first, then in the order of the cell.
        nodes: of each node of the outline that has weights of its own.
        frames: of each block, by its name.
        features: rows × width of each feature's embedding, all its copies together.
        rows: rows of each feature's embedding, of one copy.
        slots: moments that the optimizer keeps of each parameter of a table, of a layer, and of each row of a table.
        averaged: training also keeps a running mean of the layers' parameters.
    """

    holdings: tuple[Holding, ...]
    nodes: Mapping[str, int]
    frames: Mapping[str, int]
    features: Mapping[str, int]
    rows: Mapping[str, int]
    slots: tuple[int, int, int] = (2, 2, 0)
    averaged: bool = False

    @property
    def total(self) -> int:
        return sum(h.total for h in self.holdings)

    @property
    def shared(self) -> int:
        """Parameters that more than one task reads."""
        return sum(h.total for h in self.holdings if len(h.tasks) > 1)

    def private(self, task: str) -> int:
        """Parameters that this task alone reads."""
        return sum(h.total for h in self.holdings if h.tasks == (task,))

    def bytes(self, holding: Holding | None = None, *, training: bool = False) -> int:
        """Bytes of the parameters (float32); `training`: with the optimizer's moments and the averaged copy."""
        chosen = self.holdings if holding is None else (holding,)
        tables, dense, rows = (sum(getattr(h, what) for h in chosen) for what in ("tables", "dense", "rows"))
        if training:
            of_tables, of_layers, of_rows = self.slots
            return FLOAT * (tables * (1 + of_tables) + rows * of_rows + dense * (1 + of_layers + self.averaged))
        return FLOAT * (tables + dense)


def parameters(net: Net, program: Program, schema: Schema, outline: Outline) -> Parameters:
    """The counts of a network that `build` made of the program and schema."""
    found: dict[tuple[str, ...], list[int]] = {}
    features = dict.fromkeys((f.name for f in schema.features), 0)
    rows = dict.fromkeys(features, 0)
    for feature, count, size, tasks in _tables(net, schema, outline):
        held = found.setdefault(tasks, [0, 0, 0])
        held[0] += size
        held[2] += count
        features[feature.name] += size
        rows[feature.name] = count
    for size, tasks in _dense(net, program, schema):
        found.setdefault(tasks, [0, 0, 0])[1] += size
    order = {name: i for i, name in enumerate(outline.tasks)}
    holdings = sorted((Holding(t, *n) for t, n in found.items() if sum(n)), key=lambda h: _place(h, order))
    frames = {name: sum(size_of(layer) for layer in layers) for name, layers in net.blocks.items()}
    return Parameters(
        tuple(holdings),
        _nodes(net, schema, outline),
        frames,
        features,
        rows,
        slots(program.train),
        program.train.average is not None,
    )


def slots(train: Train) -> tuple[int, int, int]:
    """Moments that training keeps: of tables, layers and rows. An optimizer of the user's own is taken for Adam."""
    word = train.optimizer if isinstance(train.optimizer, str) else "adam"
    of_tables, of_rows = TABLES[train.tables or word]
    return of_tables, TABLES[word][0], of_rows


def size_of(layer: Any) -> int:
    """Numbers in a layer's weights."""
    return sum(math.prod(w.shape) for w in getattr(layer, "weights", ()))


def _named(layer: Any) -> dict[str, int]:
    """The parts of a layer, or itself, by name, and their sizes."""
    return layer.parts() if hasattr(layer, "parts") else {layer.name: size_of(layer)}


def _place(holding: Holding, order: Mapping[str, int]) -> tuple[int, list[int]]:
    """Shared before private, the unread last."""
    return (-len(holding.tasks), [order[t] for t in holding.tasks])


def _tables(net: Net, schema: Schema, outline: Outline) -> Iterator[tuple[EncodedFeature, int, int, tuple[str, ...]]]:
    """Of each feature in each table: its rows, its parameters, the tasks that read it."""
    by_column = {column: f for f in schema.features for column in range(*f.ids)}
    for layer, scope in zip(net.embeddings, net.scopes, strict=True):
        starts: dict[str, set[int]] = {}
        for column, offset in zip(layer.columns, layer.offsets, strict=True):
            starts.setdefault(by_column[column].name, set()).add(offset)
        for name, offsets in starts.items():
            feature = schema.feature(name)
            rows = len(offsets) * feature.encoder.rows
            tasks = outline.owners[scope] if scope else outline.readers[name]
            yield feature, rows, rows * layer.dim, tasks


def _dense(net: Net, program: Program, schema: Schema) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Sizes of each layer that is no table, or of each part of one of separate parts, and the tasks that read it."""
    readers: dict[tuple[int, str], tuple[int, set[str]]] = {}
    for cut, takers in zip(net.trunk.outputs, net.takers, strict=True):
        for key, size in _sizes(cut):
            readers.setdefault(key, (size, set()))[1].update(schema.tasks[i].name for i in takers)
    for task, own in zip(schema.tasks, net.own, strict=True):
        for key, size in _sizes(own):
            readers.setdefault(key, (size, set()))[1].add(task.name)
    known, places = set(readers), {task.name: k for k, task in enumerate(schema.tasks)}
    for name in _parents_first(program, schema):  # what is left belongs to a dependency: to its child
        further = net.further[places[name]] if net.further else ()
        for tensor in (net.heads.output[schema.task(name).key], *further):
            for key, size in _sizes(tensor):
                if key not in known:
                    readers.setdefault(key, (size, {name}))
    order = [t.name for t in schema.tasks]
    for size, tasks in readers.values():
        yield size, tuple(t for t in order if t in tasks)


def _sizes(tensor: Any) -> Iterator[tuple[tuple[int, str], int]]:
    """What a tensor is made of, layers or parts of them: a key of each, and its size."""
    for layer, part in pieces_behind([tensor]):
        yield (id(layer), part), layer.parts()[part] if part else size_of(layer)


def _parents_first(program: Program, schema: Schema) -> list[str]:
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for given in program.task(name).givens:
            visit(given.parent)
        found.setdefault(name)

    for task in schema.tasks:
        visit(task.name)
    return list(found)


def _nodes(net: Net, schema: Schema, outline: Outline) -> dict[str, int]:
    """Parameters of the outline's nodes (features have theirs by name)."""
    heads: dict[str, int] = {}
    for layer in net.heads.layers:
        heads |= _named(layer)
    counts = {}
    for node in outline.nodes:
        if node.kind in (TOWER, HEAD):
            key = schema.task(node.tasks[0]).key
            apart = itertools.takewhile(heads.__contains__, (f"{key}_tower_dense_{i}" for i in itertools.count()))
            tower = [f"{key}_tower"] if f"{key}_tower" in heads else apart
            counts[node.id] = sum(heads[n] for n in (tower if node.kind == TOWER else [f"{key}_logits"]))
        elif node.block is not None:
            layers: dict[str, int] = {}
            for layer in net.blocks.get(node.block, ()):
                layers |= _named(layer)
            named = {n.layer for n in outline.parts(node.block)}
            if node.layer:
                counts[node.id] = layers.get(node.layer, 0) * node.count // node.of
            else:
                counts[node.id] = sum(size for name, size in layers.items() if name not in named)
    return counts
