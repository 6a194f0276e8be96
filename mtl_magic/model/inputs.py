"""From packed rows to encoded features: embedding tables, pooling, one Keras tensor a feature.

A *scope* is a set of embeddings: the shared one (''), or a task's own (`from none`), named by the task's key.
"""

from __future__ import annotations

import dataclasses
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


class Inputs:
    """The trunk's inputs and, made on demand, each scope's encoded features."""

    def __init__(self, schema: Schema, seed: int) -> None:
        self.schema, self.seed = schema, seed
        self.ids = keras.Input((schema.id_width,), dtype="int32", name=ID_INPUT) if schema.id_width else None
        self.floats = keras.Input((schema.float_width,), name=FLOAT_INPUT) if schema.float_width else None
        self.lookups: list[Lookup] = []
        self._scopes: dict[str, dict[str, Any]] = {}
        self._joined: dict[tuple[str, tuple[str, ...]], Any] = {}

    def tensors(self) -> list[Any]:
        """The inputs that exist."""
        return [t for t in (self.ids, self.floats) if t is not None]

    def joined(self, names: tuple[str, ...], scope: str = "") -> Any:
        """The named features, in the schema's order, as one tensor (B, width)."""
        if scope not in self._scopes:
            self._scopes[scope] = self._encode(scope)
        if (scope, names) not in self._joined:
            parts = [tensor for name, tensor in self._scopes[scope].items() if name in names]
            name = _name("inputs", scope, str(len(self._joined)) if self._joined else "")
            self._joined[scope, names] = keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]
        return self._joined[scope, names]

    def _encode(self, scope: str) -> dict[str, Any]:
        """All features of a scope: one table for each width of embedding."""
        by_dim: dict[int, list[EncodedFeature]] = {}
        for feature in self.schema.features:
            if feature.encoder.id_width:
                by_dim.setdefault(int(feature.encoder.dim or 1), []).append(feature)
        embedded: dict[str, Any] = {}
        for dim, features in sorted(by_dim.items()):
            embedded |= self._table(features, dim, scope)
        encoded = {}
        for feature in self.schema.features:
            parts = [embedded[feature.name]] if feature.name in embedded else []
            start, stop = feature.floats
            if stop > start and self.floats is not None:
                parts.append(self.floats[:, start:stop])
            encoded[feature.name] = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
        return encoded

    def _table(self, features: list[EncodedFeature], dim: int, scope: str) -> dict[str, Any]:
        columns: list[int] = []
        offsets: list[int] = []
        rows = 0
        for feature in features:
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
        self.lookups.append(Lookup(layer, tensor))
        result, at = {}, 0
        for feature in features:
            width = feature.ids[1] - feature.ids[0]
            part, at = tensor[:, at : at + width], at + width
            if feature.encoder.pool:
                pool = MaskedPool(*feature.ids, feature.encoder.pool, name=_name("pool", scope, feature.key))
                result[feature.name] = pool([part, self.ids])
            else:
                result[feature.name] = ops.reshape(part, (-1, width * dim))
        return result


def _name(*parts: str) -> str:
    return "_".join(part for part in parts if part)
