"""Counting rows batch by batch, for encoders that are fitted on more rows than fit in memory."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from mtl_magic.data.columns import Column, dictionary

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder

MERGE = 1 << 20  # counted values that wait until they are merged, at the least


class Tally(abc.ABC):
    """What one feature's encoder is made from: batches of its column in, the encoder out."""

    @abc.abstractmethod
    def add(self, column: Column) -> None:
        """Count a batch of training rows."""

    @abc.abstractmethod
    def encoder(self) -> Encoder:
        """The encoder that `fit` would make of all rows that were counted."""


class Counts:
    """Distinct values and how often each was seen; its memory is that of the values, not of the rows.

    Example:
        >>> counts = Counts()
        >>> counts.add(pa.array(["a", "b", None]))
        >>> counts.add(pa.array(["b"]))
        >>> values, seen = counts.merged()
        >>> sorted(zip(values.to_pylist(), seen.tolist())), counts.rows
        ([('a', 1), ('b', 2)], 4)
    """

    def __init__(self) -> None:
        self.rows = 0  # nulls too
        self._found: list[tuple[pa.Array, np.ndarray]] = []
        self._merged = 0  # values of the first of `_found`

    def add(self, column: Column, weights: np.ndarray | None = None) -> None:
        """Count a column; `weights` (n,) int: how often each of its rows counts."""
        codes, values = dictionary(column)
        self.rows += len(codes) if weights is None else int(weights.sum())
        kept = codes >= 0
        times = None if weights is None else weights[kept]
        seen = np.bincount(codes[kept], times, len(values)).astype("int64")
        used = np.flatnonzero(seen)
        self._found.append((_plain(values.take(pa.array(used))), seen[used]))
        if sum(len(v) for v, _ in self._found) > max(MERGE, 3 * self._merged):
            self.merged()

    def merged(self) -> tuple[pa.Array, np.ndarray]:
        """The values, none twice, no null among them, and their counts (n,) int64. Their order means nothing."""
        if not self._found:
            return pa.array([], pa.null()), np.empty(0, "int64")
        if len(self._found) > 1:
            given = pa.table(
                {
                    "value": pa.chunked_array([v for v, _ in self._found]),
                    "seen": pa.chunked_array([pa.array(n) for _, n in self._found]),
                }
            )
            summed = given.group_by("value").aggregate([("seen", "sum")]).combine_chunks()
            values = summed["value"].chunk(0) if len(summed) else self._found[0][0]
            self._found = [(values, summed["seen_sum"].to_numpy().astype("int64"))]
            self._merged = len(values)
        return self._found[0]


def _plain(values: pa.Array) -> pa.Array:
    """Texts with 64-bit offsets: many batches' together may pass 2 GiB."""
    return values.cast(pa.large_string()) if pt.is_string(values.type) else values


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean, deviation and range of numbers; those of two sets make that of both (Chan et al. 1983, eq. 2.1).

    Example:
        >>> Spread.of(np.array([1.0, 2.0])) + Spread.of(np.array([6.0]))
        Spread(count=3, mean=3.0, squares=14.0, low=1.0, high=6.0)
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # of the deviations from the mean, summed
    low: float = np.inf
    high: float = -np.inf

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """Of numbers of any shape, float64 without NaN."""
        if not values.size:
            return cls()
        mean = values.mean()
        squares = ((values - mean) ** 2).sum()
        return cls(values.size, float(mean), float(squares), float(values.min()), float(values.max()))

    def __add__(self, other: Spread) -> Spread:
        count = self.count + other.count
        if not self.count or not other.count:
            return self if self.count else other
        step = other.mean - self.mean
        return Spread(
            count,
            self.mean + step * other.count / count,
            self.squares + other.squares + step * step * self.count * other.count / count,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def std(self) -> float:
        return float(np.sqrt(self.squares / self.count)) if self.count else 0.0
