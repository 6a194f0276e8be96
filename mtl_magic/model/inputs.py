"""From packed rows to encoded features: embedding tables, pooling, one Keras tensor a feature.

A *scope* is a set of embeddings: the shared one (''), or a task's own (`from none`), named by the task's key.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from mtl_magic.layers.embedding import FusedEmbedding, MaskedPool
from mtl_magic.parts import PLAIN, Training

if TYPE_CHECKING:
    from mtl_magic.data.schema import EncodedFeature, Schema

ID_INPUT, FLOAT_INPUT = "ids", "floats"


@dataclasses.dataclass(frozen=True)
class Lookup:
    """An embedding layer, and the trunk's input that stands for what it gives, (B, columns, dim)."""

    layer: FusedEmbedding
    tensor: Any
    scope: str = ""
    training: Training = PLAIN


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The features of one table, or the floats: some stand side by side in one tensor, others are on their own."""

    widths: dict[str, int]  # of the features side by side, in their order
    block: Any  # Keras tensor (B, sum of widths); None where there are only lists
    alone: dict[str, Any]  # feature -> Keras tensor (B, its width): a pooled list, numbers with dropout

    def chosen(self, names: tuple[str, ...]) -> list[Any]:
        """The named features. All of them are the block itself: splitting it would cost a copy each way."""
        wanted = [name for name in self.widths if name in names]
        parts: list[Any] = []
        if wanted and len(wanted) == len(self.widths):
            parts.append(self.block)
        elif wanted:
            pieces = ops.split(self.block, list(itertools.accumulate(self.widths.values()))[:-1], axis=1)
            parts += [piece for name, piece in zip(self.widths, pieces, strict=True) if name in wanted]
        return parts + [tensor for name, tensor in self.alone.items() if name in names]


class Inputs:
    """The trunk's inputs and, made on demand, each scope's encoded features."""

    def __init__(self, schema: Schema, seed: int) -> None:
        self.schema, self.seed = schema, seed
        self.ids = keras.Input((schema.id_width,), dtype="int32", name=ID_INPUT) if schema.id_width else None
        self.floats = keras.Input((schema.float_width,), name=FLOAT_INPUT) if schema.float_width else None
        self.lookups: list[Lookup] = []
        self._scopes: dict[str, list[Encoded]] = {}
        self._joined: dict[tuple[str, tuple[str, ...]], Any] = {}

    def tensors(self) -> list[Any]:
        """The inputs that exist."""
        return [t for t in (self.ids, self.floats) if t is not None]

    def joined(self, names: tuple[str, ...], scope: str = "") -> Any:
        """The named features as one tensor (B, width): embeddings by table, then lists, then floats."""
        if scope not in self._scopes:
            self._scopes[scope] = self._encode(scope)
        if (scope, names) not in self._joined:
            parts = [tensor for encoded in self._scopes[scope] for tensor in encoded.chosen(names)]
            name = _name("inputs", scope, str(len(self._joined)) if self._joined else "")
            self._joined[scope, names] = keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]
        return self._joined[scope, names]

    def _encode(self, scope: str) -> list[Encoded]:
        """All features of a scope: one table for each width of embedding and way of its training, and the floats."""
        encoded = [self._table(features, *alike, scope) for alike, features in _groups(self.schema)]
        if self.floats is not None:
            encoded.append(self._numbers(self.floats, scope))
        return encoded

    def _numbers(self, floats: Any, scope: str) -> Encoded:
        ordered = [f for f in sorted(self.schema.features, key=lambda f: f.floats) if f.floats[1] > f.floats[0]]
        widths = {f.name: f.floats[1] - f.floats[0] for f in ordered if not _dropout(f)}
        if len(widths) == len(ordered):
            return Encoded(widths, floats, {})
        alone = {}
        for f in ordered:
            if _dropout(f):
                alone[f.name] = _dropped(floats[:, slice(*f.floats)], f, "floats", scope)
        kept = [column for f in ordered if not _dropout(f) for column in range(*f.floats)]
        return Encoded(widths, ops.take(floats, kept, axis=1) if kept else None, alone)

    def _table(
        self, features: list[EncodedFeature], dim: int, training: Training, dropout: float, scope: str
    ) -> Encoded:
        lists = [f for f in features if f.encoder.pool]
        plain = [f for f in features if not f.encoder.pool]
        columns: list[int] = []
        offsets: list[int] = []
        rows = 0
        for feature in (*plain, *lists):
            width = feature.ids[1] - feature.ids[0]
            columns += range(*feature.ids)
            # The columns of a list share their rows; several columns of anything else have rows of their own.
            shared = feature.encoder.pool is not None
            offsets += [rows + (0 if shared else i * feature.encoder.rows) for i in range(width)]
            rows += feature.encoder.rows * (1 if shared else width)
        own = "" if training.plain and not dropout else features[0].key
        name = _name("embedding", scope, str(dim), own)
        # Tables and pooling are float32 under any precision: casting a table would sweep it.
        seed = self.seed + len(self.lookups)
        layer = FusedEmbedding(rows, dim, columns, offsets, seed=seed, name=name, dtype="float32")
        tensor = keras.Input((len(columns), dim), name=f"{layer.name}_rows")
        self.lookups.append(Lookup(layer, tensor, scope, training))
        widths = {f.name: (f.ids[1] - f.ids[0]) * dim for f in plain}
        ends = itertools.accumulate((f.ids[1] - f.ids[0] for f in lists), initial=sum(widths.values()) // dim)
        starts = [end for end in ends if 0 < end < len(columns)]
        pieces = list(ops.split(tensor, starts, axis=1)) if starts else [tensor]
        block = None
        if plain:
            block = _dropped(ops.reshape(pieces.pop(0), (-1, sum(widths.values()))), plain[0], "rows", scope)
        pooled = {}
        for f, piece in zip(lists, pieces, strict=True):
            pool = MaskedPool(*f.ids, f.encoder.pool or "mean", name=_name("pool", scope, f.key), dtype="float32")
            pooled[f.name] = _dropped(pool([piece, self.ids]), f, "rows", scope)
        return Encoded(widths, block, pooled)


def layout(schema: Schema, names: Collection[str]) -> list[tuple[str, int]]:
    """What stands where in the tensor of the named features that `Inputs.joined` makes: of each piece whose it is and
    what ('user_id rows', 'price numbers'), and its width.
    """
    found = []
    for (dim, *_), features in _groups(schema):
        lists = [f for f in features if f.encoder.pool]
        for f in (*(f for f in features if not f.encoder.pool), *lists):
            columns = 1 if f.encoder.pool else f.ids[1] - f.ids[0]
            found.append((f.name, "rows", columns * dim))
    numbers = [f for f in sorted(schema.features, key=lambda f: f.floats) if f.floats[1] > f.floats[0]]
    numbers.sort(key=lambda f: _dropout(f) > 0)
    found += [(f.name, "numbers", f.floats[1] - f.floats[0]) for f in numbers]
    return [(f"{name} {what}", width) for name, what, width in found if name in names]


def _groups(schema: Schema) -> list[tuple[tuple[int, Training, float], list[EncodedFeature]]]:
    """The features with an embedding that share a table: of one width, trained alike, of one dropout."""
    groups: dict[tuple[int, Training, float], list[EncodedFeature]] = {}
    for feature in schema.features:
        if feature.encoder.id_width:
            alike = (int(feature.encoder.dim or 1), Training.of(feature.kind), _dropout(feature))
            groups.setdefault(alike, []).append(feature)
    return sorted(groups.items(), key=lambda group: (group[0][0], group[0][1:] != (PLAIN, 0.0)))


def _dropout(feature: EncodedFeature) -> float:
    return float(getattr(feature.kind, "dropout", 0.0))


def _dropped(tensor: Any, feature: EncodedFeature, what: str, scope: str) -> Any:
    """The tensor of a feature, or of several of which it is the first, with its dropout."""
    rate = _dropout(feature)
    return keras.layers.Dropout(rate, name=_name("dropout", scope, feature.key, what))(tensor) if rate else tensor


def _name(*parts: str) -> str:
    return "_".join(part for part in parts if part)
