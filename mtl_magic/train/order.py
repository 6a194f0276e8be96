"""The order of rows: a pure function of seed, epoch and step."""

from __future__ import annotations

from typing import Any

import numpy as np


def epoch_order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of `rows`, (rows,) int64, the same on every machine for the same seed and epoch.

    Example:
        >>> bool((epoch_order(5, seed=0, epoch=1) == epoch_order(5, seed=0, epoch=1)).all())
        True
    """
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(rows)


def steps_per_epoch(rows: int, batch: int) -> int:
    return -(-rows // batch)


class Batches:
    """Packed rows in the order of an epoch, from any step on.

    Args:
        parts: encoded tables of one schema; their rows are one pool.
        batch: rows a step; the last step of an epoch has what is left.
        seed: of the order.
    """

    def __init__(self, parts: list[Any], batch: int, seed: int) -> None:
        self.batch, self.seed = batch, seed
        first = parts[0]
        several = len(parts) > 1
        self.ids = np.concatenate([p.ids for p in parts]) if several else first.ids
        self.floats = np.concatenate([p.floats for p in parts]) if several else first.floats
        self.labels = np.concatenate([p.labels for p in parts]) if several else first.labels

    @property
    def rows(self) -> int:
        return len(self.labels)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return steps_per_epoch(self.rows, self.batch)

    def epoch(self, epoch: int, step: int = 0) -> Any:
        """Yields (ids, floats, labels) from that step of the epoch on (both count from 0)."""
        order = epoch_order(self.rows, self.seed, epoch)
        for i in range(step, self.steps):
            chosen = order[i * self.batch : (i + 1) * self.batch]
            yield self.ids[chosen], self.floats[chosen], self.labels[chosen]
