"""From packed rows to encoded features: embedding tables, pooling, one Keras tensor a feature.

A *scope* is a set of embeddings: the shared one (''), or a task's own (`from none`), named by the task's key.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from mtl_magic.layers.embedding import FusedEmbedding, MaskedPool

if TYPE_CHECKING:
    from mtl_magic.data.schema import EncodedFeature, Schema

ID_INPUT, FLOAT_INPUT = "ids", "floats"


@dataclasses.dataclass(frozen=True)
class Lookup:
    """An embedding layer, and the trunk's input that stands for what it gives, (B, columns, dim)."""

    layer: FusedEmbedding
    tensor: Any
    scope: str = ""


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The features of one table, or the floats: some stand side by side in one tensor, lists are pooled on their own."""

    widths: dict[str, int]  # of the features side by side, in their order
    block: Any  # Keras tensor (B, sum of widths); None where there are only lists
    pooled: dict[str, Any]  # feature -> Keras tensor (B, dim)

    def chosen(self, names: tuple[str, ...]) -> list[Any]:
        """The named features. All of them are the block itself: splitting it would cost a copy each way."""
        wanted = [name for name in self.widths if name in names]
        parts: list[Any] = []
        if wanted and len(wanted) == len(self.widths):
            parts.append(self.block)
        elif wanted:
            pieces = ops.split(self.block, list(itertools.accumulate(self.widths.values()))[:-1], axis=1)
            parts += [piece for name, piece in zip(self.widths, pieces, strict=True) if name in wanted]
        return parts + [tensor for name, tensor in self.pooled.items() if name in names]


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
        """All features of a scope: one table for each width of embedding, and the floats."""
        by_dim: dict[int, list[EncodedFeature]] = {}
        for feature in self.schema.features:
            if feature.encoder.id_width:
                by_dim.setdefault(int(feature.encoder.dim or 1), []).append(feature)
        encoded = [self._table(features, dim, scope) for dim, features in sorted(by_dim.items())]
        if self.floats is not None:
            ordered = sorted(self.schema.features, key=lambda f: f.floats)
            widths = {f.name: f.floats[1] - f.floats[0] for f in ordered if f.floats[1] > f.floats[0]}
            encoded.append(Encoded(widths, self.floats, {}))
        return encoded

    def _table(self, features: list[EncodedFeature], dim: int, scope: str) -> Encoded:
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
        layer = FusedEmbedding(
            rows, dim, columns, offsets, seed=self.seed + len(self.lookups), name=_name("embedding", scope, str(dim))
        )
        tensor = keras.Input((len(columns), dim), name=f"{layer.name}_rows")
        self.lookups.append(Lookup(layer, tensor, scope))
        widths = {f.name: (f.ids[1] - f.ids[0]) * dim for f in plain}
        ends = itertools.accumulate((f.ids[1] - f.ids[0] for f in lists), initial=sum(widths.values()) // dim)
        starts = [end for end in ends if 0 < end < len(columns)]
        pieces = list(ops.split(tensor, starts, axis=1)) if starts else [tensor]
        block = ops.reshape(pieces.pop(0), (-1, sum(widths.values()))) if plain else None
        pooled = {
            f.name: MaskedPool(*f.ids, f.encoder.pool or "mean", name=_name("pool", scope, f.key))([piece, self.ids])
            for f, piece in zip(lists, pieces, strict=True)
        }
        return Encoded(widths, block, pooled)


def _name(*parts: str) -> str:
    return "_".join(part for part in parts if part)
