"""A series that never grows past a bound: when it is full, every second row goes; the best and the last stay."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mtl_magic.dashboard.rows import Row


class Ring:
    """Rows of one series, thinned as they come.

    Which rows stay depends on their number alone, so that two listeners of one training keep the same.

    Args:
        keeps: rows at most, the best and the last one besides; 1: these alone.

    Example:
        >>> ring = Ring(4)
        >>> for step in range(1, 11):
        ...     ring.append(Row(step, [0.5]))
        >>> ring.rows()[:, 0].tolist()
        [1.0, 5.0, 9.0, 10.0]
    """

    def __init__(self, keeps: int) -> None:
        self._keeps = keeps
        self.clear()

    def clear(self) -> None:
        self._every = 1  # one row in so many is kept
        self._seen = self._n = 0
        self._kept = np.empty((0, 0), np.float32)  # (room, 1 + values), of which the first `_n` hold
        self._best: Row | None = None
        self._last: Row | None = None

    def append(self, row: Row) -> None:
        """Take a row; one of an earlier step than the last is left out, one of the same step takes its place."""
        last = self._last
        if last is not None and len(row.values) != len(last.values):  # of another network: a new series begins
            self.clear()
            last = None
        if last is not None and row.step < last.step:
            return
        self._last = row
        if row.best:
            self._best = row
        if last is not None and row.step == last.step:
            if self._n and self._kept[self._n - 1, 0] == np.float32(row.step):
                self._kept[self._n - 1] = _line(row)
            return
        if self._seen % self._every == 0 and self._keeps > 1:
            self._store(row)
        self._seen += 1

    def rows(self, limit: int | None = None) -> np.ndarray:
        """(n, 1 + values) float32, by step; `limit`: about so many at most."""
        kept = self._kept[: self._n]
        if limit is not None and len(kept) > limit:
            kept = kept[:: -(-len(kept) // limit)]
        return merged(kept, (row for row in (self._best, self._last) if row is not None))

    def _store(self, row: Row) -> None:
        if self._n == self._keeps:
            half = self._kept[: self._n : 2].copy()
            self._n, self._every = len(half), self._every * 2
            self._kept[: self._n] = half
            if self._seen % self._every:
                return
        if self._n == len(self._kept):
            room = np.empty((min(max(2 * self._n, 64), self._keeps), 1 + len(row.values)), np.float32)
            if self._n:
                room[: self._n] = self._kept
            self._kept = room
        self._kept[self._n] = _line(row)
        self._n += 1


def merged(kept: np.ndarray, rows: Iterable[Row]) -> np.ndarray:
    """Rows (n, columns) float32 and others, by step; where two have a step the later one counts."""
    lines = np.array([_line(row) for row in rows], np.float32)
    if not len(lines):
        return kept if kept.size else np.empty((0, 1), np.float32)
    whole = np.concatenate([kept, lines]) if kept.size else lines
    _, at = np.unique(whole[::-1, 0], return_index=True)
    return whole[::-1][at]


def _line(row: Row) -> list[float]:
    return [row.step, *row.values]
