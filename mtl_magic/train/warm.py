"""A warm start: what a network has in common with that of an earlier run begins with the run's weights.

Embedding rows are taken by value: the row of a value that both vocabularies know, wherever it stands in either. Layers
are taken by the name of their part and their shape; the rows of a kernel over features are taken feature by feature, for
another order of features, or one that is new, moves them. A head is taken where it means the same: the same kind of task
with the same classes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.blocks._base import Block
from mtl_magic.data.match import same_rows
from mtl_magic.layers.embedding import FusedEmbedding
from mtl_magic.model.inputs import layout
from mtl_magic.model.pieces import Piece, pieces
from mtl_magic.model.sharing import shares, source_features
from mtl_magic.program import INPUTS, NONE

if TYPE_CHECKING:
    import keras

    from mtl_magic.data.schema import EncodedFeature, Schema, TaskSchema
    from mtl_magic.model.net import Net
    from mtl_magic.program import Program

SHOWN = 4  # things of one kind that were not taken


@dataclasses.dataclass(frozen=True)
class Source:
    """The run to start from."""

    title: str  # as it is called in notes
    model: keras.Model
    schema: Schema


def warm(net: Net, program: Program, schema: Schema, source: Source) -> tuple[str, ...]:
    """Copies what fits; what was taken and what not, in one or two sentences."""
    return _Copy(net, program, schema, source).notes()


class _Copy:
    def __init__(self, net: Net, program: Program, schema: Schema, source: Source) -> None:
        self.net, self.program, self.schema, self.source = net, program, schema, source
        self.old_features = {f.name: f for f in source.schema.features}
        self.old_tasks = {t.name: t for t in source.schema.tasks}
        own = (b.name for b in program.blocks if not isinstance(b.block, Block))
        self.python = {p.part for name in own for p in pieces(net.blocks.get(name, ())).values()}
        self.left: dict[str, str] = {}  # what was not taken, or not all of it -> why

    def notes(self) -> tuple[str, ...]:
        embeddings = self._tables()
        parts = self._layers()
        title = self.source.title
        first = (
            f"Starts from {title}: {_count(*embeddings, 'embedding')} and {_count(*parts, 'part')} of the layers taken."
        )
        if not self.left:
            return (first,)
        reasons: dict[str, list[str]] = {}
        for what, why in self.left.items():
            reasons.setdefault(why, []).append(what)
        return first, f"Not taken: {'; '.join(f'{_some(whats)} ({why})' for why, whats in reasons.items())}."

    # -- embeddings ---------------------------------------------------------------------------------------------------

    def _tables(self) -> tuple[int, int]:
        """Of how many embeddings rows were taken, and how many there are."""
        taken, places = 0, []
        for layer, scope in zip(self.net.embeddings, self.net.scopes, strict=True):
            whole = np.array(layer.table)
            for feature, starts in _rows(layer, self.schema):
                what = feature.name + (f" of {scope}" if scope else "")
                places.append(what)
                found, why = self._table(feature, scope)
                if found is None:
                    self.left[what] = why
                    continue
                mapped = same_rows(self.old_features[feature.name].encoder, feature.encoder)
                known = mapped >= 0
                for start, rows in zip(starts, found, strict=True):
                    whole[start : start + feature.encoder.rows][known] = rows[mapped[known]]
                taken += 1
                if not known.all():
                    self.left[f"{np.sum(~known):,} values of {what}"] = "new"
            layer.table.assign(whole)
        return taken, len(places)

    def _table(self, feature: EncodedFeature, scope: str) -> tuple[list[np.ndarray] | None, str]:
        """The run's rows for the feature, of each of its columns; None, and why."""
        old = self.old_features.get(feature.name)
        if old is None:
            return None, "new"
        if old.encoder.word != feature.encoder.word:
            return None, f"of kind {old.encoder.word} there"
        for layer in self.source.model.layers:
            if isinstance(layer, FusedEmbedding) and _scope(layer, (scope,)) == scope:
                for other, starts in _rows(layer, self.source.schema):
                    if other.name == feature.name:
                        if layer.dim != feature.encoder.dim:
                            return None, "of another width"
                        if layer.dim == feature.encoder.dim and len(starts) == len(_starts(feature)):
                            table = np.array(layer.table)
                            return [table[s : s + old.encoder.rows] for s in starts], ""
        return None, "of another width" if old.encoder.id_width else "without an embedding there"

    # -- layers -------------------------------------------------------------------------------------------------------

    def _layers(self) -> tuple[int, int]:
        """Of how many parts all was taken, and how many there are."""
        new = pieces([*self.net.trunk.layers, *self.net.heads.layers])
        old = pieces(layer for layer in _layers_of(self.source.model) if not isinstance(layer, FusedEmbedding))
        sources = dict(self._sources(new))
        strangers = self._strangers()
        parts: dict[str, bool] = {}
        for key, piece in new.items():
            why = strangers.get(piece.part) or self._copied(piece, old.get(key), sources.get(piece.part, ()))
            parts[piece.part] = parts.get(piece.part, True) and not why
            if why:
                self.left.setdefault(_called(piece.part), why)
        return sum(parts.values()), len(parts)

    def _copied(self, new: Piece, old: Piece | None, sources: tuple[str, ...]) -> str:
        """Copies a piece; why not, or not all of it."""
        if old is None:
            return "new"
        value, before = new.value, old.value
        here, there = (layout(schema, self._features(sources, schema)) for schema in (self.schema, self.source.schema))
        if new.part in self.python and here != there:
            return "its inputs stand in another order there"
        if new.first and here:
            return self._by_feature(new, value, before, here, there)
        if value.shape != before.shape:
            return "of another shape"
        new.assign(before)
        return ""

    def _by_feature(
        self,
        new: Piece,
        value: np.ndarray,
        before: np.ndarray,
        here: list[tuple[str, int]],
        there: list[tuple[str, int]],
    ) -> str:
        """Rows of a kernel (width, ·) whose input begins with features, and goes on with what blocks give."""
        width, width_there = (sum(w for _, w in found) for found in (here, there))
        rest = value.shape[0] - width
        if value.shape[1] != before.shape[1] or rest < 0 or rest != before.shape[0] - width_there:
            return "of another shape"
        places, at = {}, 0
        for name, size in there:
            places[name] = (at, size)
            at += size
        at, missing = 0, []
        for name, size in here:
            if places.get(name, (0, -1))[1] == size:
                start = places[name][0]
                value[at : at + size] = before[start : start + size]
            else:
                missing.append(name.rpartition(" ")[0])
            at += size
        value[at:] = before[width_there:]
        new.assign(value)
        return f"the rows of {_some(list(dict.fromkeys(missing)))}" if missing else ""

    def _sources(self, new: dict[str, Piece]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Parts that may read features -> the sources that they read."""
        for plan in self.program.blocks:
            for part in {p.part for p in pieces(self.net.blocks.get(plan.name, ())).values()}:
                yield part, plan.sources
        for task in self.schema.tasks:
            tower = f"{task.key}_tower"
            plan_ = self.program.task(task.name)
            yield tower if f"{tower}/0/kernel" in new else f"{task.key}_logits", plan_.sources

    def _features(self, sources: tuple[str, ...], schema: Schema) -> tuple[str, ...]:
        """The features among sources; those of a source that shares nothing are all."""
        alone = {NONE, *(b.name for b in self.program.blocks if not shares(b))}
        every = (INPUTS,) if alone & set(sources) else sources
        return tuple(dict.fromkeys(name for source in every if source for name in source_features(source, schema)))

    def _strangers(self) -> dict[str, str]:
        """Parts of tasks that mean something else there -> why."""
        found = {}
        for task in self.schema.tasks:
            old = self.old_tasks.get(task.name)
            why = _differs(old, task)
            if why:
                found[f"{task.key}_logits"] = why
            if old is None or old.key != task.key:
                found[f"{task.key}_tower"] = "new"
                found |= {
                    p.part: "new"
                    for p in pieces(self.net.trunk.layers).values()
                    if p.part.endswith(f"_gate_{task.key}")
                }
        return found


def _differs(old: TaskSchema | None, new: TaskSchema) -> str:
    """Why the heads of two tasks of one name do not mean the same; '' where they do."""
    if old is None or old.key != new.key:
        return "new"
    if old.kind.word != new.kind.word:
        return f"of kind {old.kind.word} there"
    return "of other classes there" if old.classes != new.classes else ""


def _rows(layer: FusedEmbedding, schema: Schema) -> Iterator[tuple[EncodedFeature, list[int]]]:
    """The features of a table, and where the rows of each begin, column by column; a list's columns share theirs."""
    owner = {column: f for f in schema.features for column in range(*f.ids)}
    found: dict[str, list[int]] = {}
    for column, offset in zip(layer.columns, layer.offsets, strict=True):
        starts = found.setdefault(owner[column].name, [])
        if offset not in starts:
            starts.append(offset)
    return ((schema.feature(name), starts) for name, starts in found.items())


def _starts(feature: EncodedFeature) -> range:
    return range(1 if feature.encoder.pool else feature.ids[1] - feature.ids[0])


def _scope(layer: FusedEmbedding, scopes: tuple[str, ...]) -> str | None:
    """Which of the scopes a table is of, by its name; None: of none."""
    return next(
        (
            s
            for s in scopes
            if re.fullmatch(rf"embedding_{re.escape(s) + '_' if s else ''}{layer.dim}(_.+)?", layer.name)
        ),
        None,
    )


def _layers_of(model: keras.Model) -> Iterator[Any]:
    """The layers of trunk and heads."""
    names = {layer.name: layer for layer in model.layers}
    for name in ("trunk", "heads"):
        if name in names:
            yield from names[name].layers


def _called(part: str) -> str:
    """A part as a note says it."""
    for end, what in (("_tower", "tower"), ("_logits", "head")):
        if part.endswith(end):
            return f"{what} of {part.removesuffix(end)}"
    return part


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _count(taken: int, of: int, thing: str) -> str:
    some = f"{taken} of {of} {thing}{'s' * (of != 1)}"
    return f"all {of} {thing}s" if taken == of > 1 else some
