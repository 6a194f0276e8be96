"""Batches of training rows that are on disk, in an order that is a pure function of seed and epoch.

An epoch visits the file's blocks in a random order. Some blocks at a time are read into a pool, whose rows are cut into
batches in a random order of theirs. Blocks hold mixed rows already (`Spool`), so that a pool is a sample of the file, up
to what is sorted over more than its size; a batch is one of the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.streaming.spool import StoredPart, joined, sizes
from mtl_magic.train.mix import MixedBatches
from mtl_magic.train.order import Batches
from mtl_magic.train.prefetch import prefetched

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from mtl_magic.data.streaming.spool import Arrays

AHEAD = 2  # batches that are read before they are asked for


class StoredBatches(Batches):
    """What `Batches` gives, from files, read ahead in a thread.

    Args:
        part: the training rows.
        batch: rows a step; the last step of an epoch has what is left.
        seed: of the order.
        pool: rows that are in memory at once, about; None: a quarter of a million, or 32 MB.
        stream: of several tables with one seed, which.
    """

    def __init__(self, part: StoredPart, batch: int, seed: int, pool: int | None = None, stream: int = 0) -> None:
        self.batch, self.seed, self.part, self.stream, self.ahead = batch, seed, part, stream, AHEAD
        rows = pool or sizes(4 * sum(part.widths))[1]
        self.blocks = max(rows // max(part.blocks), 1)  # of a pool

    @property
    def rows(self) -> int:
        return len(self.part)

    def epoch(self, epoch: int, step: int = 0) -> Generator[Arrays, None, None]:
        """Yields (ids, floats, labels) from that step of the epoch on (both count from 0)."""
        return prefetched(self._epoch(epoch, step), self.ahead)

    def _epoch(self, epoch: int, step: int) -> Generator[Arrays, None, None]:
        rest: list[Arrays] = []  # rows that no batch has had yet
        for (ids, floats, labels), order in self.pieces(epoch, step * self.batch):
            place = 0
            while place < len(order):
                wanted = self.batch - sum(len(part[2]) for part in rest)
                chosen = order[place : place + wanted]
                rest.append((ids[chosen], floats[chosen], labels[chosen]))
                place += len(chosen)
                if len(chosen) == wanted:
                    yield joined(rest)
                    rest = []
        if rest:
            yield joined(rest)

    def pieces(self, epoch: int, start: int = 0) -> Generator[tuple[Arrays, np.ndarray], None, None]:
        """A pool at a time."""
        order = self._random(epoch, 0).permutation(len(self.part.blocks))
        pools = [order[k : k + self.blocks].tolist() for k in range(0, len(order), self.blocks)]
        stops = np.cumsum([sum(self.part.blocks[block] for block in pool) for pool in pools])
        for number, pool in enumerate(pools):
            if stops[number] <= start:
                continue
            arrays = self._pool(pool)
            rows = len(arrays[2])
            mixed = self._random(epoch, number + 1).permutation(rows)
            yield arrays, mixed[max(start - (int(stops[number]) - rows), 0) :]

    def _random(self, epoch: int, number: int) -> np.random.Generator:
        """Of an epoch's pool, from 1, or of the order of its blocks, 0."""
        return np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, self.stream, 0, number]))

    def _pool(self, blocks: Sequence[int]) -> Arrays:
        """The rows of these blocks, in one piece."""
        rows = sum(self.part.blocks[block] for block in blocks)
        ids, floats, labels = self.part.widths
        made = (
            np.empty((rows, ids), "int32"),
            np.empty((rows, floats), "float32"),
            np.empty((rows, labels), "float32"),
        )
        start = 0
        for block in self.part.read(blocks):
            for whole, side in zip(made, block, strict=True):
                whole[start : start + len(side)] = side
            start += len(block[2])
        return made


def batches_of(parts: Sequence[Any], batch: int, seed: int, shares: Sequence[float] | None = None) -> Batches:
    """The batches of training tables, in memory or on disk.

    Args:
        parts: one a table.
        batch: rows a step.
        seed: of the order.
        shares: of several tables, see `MixedBatches`.
    """
    made = [
        StoredBatches(part, batch, seed, stream=k)
        if isinstance(part, StoredPart)
        else Batches([part], batch, seed, stream=k)
        for k, part in enumerate(parts)
    ]
    return made[0] if len(made) == 1 else MixedBatches(made, batch, seed, shares)
