"""The order of rows: a pure function of seed, epoch and step."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

import numpy as np

from mtl_magic.layers.machine import accelerated
from mtl_magic.train.prefetch import prefetched

Arrays: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, floats, labels


def epoch_order(rows: int, seed: int, epoch: int, stream: int = 0) -> np.ndarray:
    """A permutation of `rows`, (rows,) int64, the same on every machine for the same seed and epoch; `stream`: another.

    Example:
        >>> bool((epoch_order(5, seed=0, epoch=1) == epoch_order(5, seed=0, epoch=1)).all())
        True
    """
    return np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, stream, 0, 0])).permutation(rows)


def steps_per_epoch(rows: int, batch: int) -> int:
    return -(-rows // batch)


class Batches:
    """Packed rows in the order of an epoch, from any step on.

    Args:
        parts: encoded tables of one schema; their rows are one pool.
        batch: rows a step; the last step of an epoch has what is left.
        seed: of the order.
        ahead: batches that a thread gathers before they are asked for; None: two with an accelerator, none on a CPU,
            whose cores are the step's own (gathering is a hundredth of it).
        stream: of several tables with one seed, which.
    """

    def __init__(self, parts: list[Any], batch: int, seed: int, ahead: int | None = None, stream: int = 0) -> None:
        self.batch, self.seed, self.stream = batch, seed, stream
        self.ahead = 2 * accelerated() if ahead is None else ahead
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

    def epoch(self, epoch: int, step: int = 0) -> Generator[Any, None, None]:
        """Yields (ids, floats, labels) from that step of the epoch on (both count from 0)."""
        batches = self._gathered(epoch, step)
        return prefetched(batches, self.ahead) if self.ahead else batches

    def pieces(self, epoch: int, start: int = 0) -> Generator[tuple[Arrays, np.ndarray], None, None]:
        """Rows in the order of the epoch, from place `start` on: some that are in memory, and which of them are next."""
        yield (self.ids, self.floats, self.labels), epoch_order(self.rows, self.seed, epoch, self.stream)[start:]

    def _gathered(self, epoch: int, step: int) -> Generator[Any, None, None]:
        order = epoch_order(self.rows, self.seed, epoch, self.stream)
        for i in range(step, self.steps):
            chosen = order[i * self.batch : (i + 1) * self.batch]
            yield self.ids[chosen], self.floats[chosen], self.labels[chosen]
