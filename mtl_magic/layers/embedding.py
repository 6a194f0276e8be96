"""Embedding tables, fused: one variable for all categorical columns of one width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class FusedEmbedding(keras.layers.Layer):
    """One table for several id columns, each with its own rows.

    The table is not `trainable` for Keras: a dense optimizer would sweep all its rows at every step. Training looks up
    rows itself and updates only those (`mtl_magic.train.tables`); as a weight of the layer the table is saved, loaded
    and exported like any other.

    Args:
        rows: int. Rows of the whole table.
        dim: int. Width of a row.
        columns: list of int. Which columns of the packed ids this layer reads.
        offsets: list of int. Row of the table that id 0 of each of these columns has; equal ones share rows.
        stddev: float. Standard deviation of the initial rows (normal).
        seed: int or None. Seed of the initial rows.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, width) int32, the packed ids. Output: (B, len(columns), dim) float32.

    Example:
        >>> import numpy as np
        >>> layer = FusedEmbedding(rows=15, dim=4, columns=[0, 2], offsets=[0, 10])
        >>> layer(np.array([[9, 0, 4]], "int32")).shape
        TensorShape([1, 2, 4])
    """

    def __init__(
        self,
        rows: int,
        dim: int,
        columns: Sequence[int],
        offsets: Sequence[int],
        *,
        stddev: float = 0.01,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(offsets) != len(columns):
            raise ValueError(f"offsets and columns must be of one length, not {len(offsets)} and {len(columns)}")
        self.rows, self.dim = int(rows), int(dim)
        self.columns, self.offsets = [int(c) for c in columns], [int(o) for o in offsets]
        self.stddev, self.seed = float(stddev), seed

    def build(self, input_shape: Any) -> None:
        self.table = self.add_weight(
            shape=(self.rows, self.dim),
            initializer=keras.initializers.RandomNormal(stddev=self.stddev, seed=self.seed),
            trainable=False,
            dtype="float32",
            name="table",
        )

    def rows_of(self, ids: Any) -> Any:
        """Packed ids (B, width) -> rows of the table (B, len(columns)), int32."""
        return ops.take(ids, self.columns, axis=1) + ops.convert_to_tensor(self.offsets, dtype="int32")

    def call(self, ids: Any) -> Any:
        return ops.take(self.table, self.rows_of(ids), axis=0)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int]:
        return (input_shape[0], len(self.columns), self.dim)

    def get_config(self) -> dict[str, Any]:
        own = ("rows", "dim", "columns", "offsets", "stddev", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable("mtl_magic")
class MaskedPool(keras.layers.Layer):
    """Sum or mean of a list's embeddings; id 0 is padding and does not count. An empty list gives zeros.

    Args:
        start: int. First id column of the list in the packed ids.
        stop: int. One past its last id column.
        pool: 'mean' or 'sum'.
        **kwargs: of `keras.layers.Layer`.

    Input: embeddings (B, stop - start, dim) and the packed ids (B, width). Output: (B, dim).
    """

    def __init__(self, start: int, stop: int, pool: str = "mean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pool not in ("mean", "sum"):
            raise ValueError(f"pool must be 'mean' or 'sum', not {pool!r}")
        self.start, self.stop, self.pool = int(start), int(stop), pool

    def call(self, inputs: list[Any]) -> Any:
        embedded, ids = inputs
        present = ops.cast(ids[:, self.start : self.stop] > 0, embedded.dtype)[:, :, None]
        total = ops.sum(embedded * present, axis=1)
        if self.pool == "sum":
            return total
        return total / ops.maximum(ops.sum(present, axis=1), 1.0)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int]:
        return (input_shape[0][0], input_shape[0][2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start, "stop": self.stop, "pool": self.pool}
