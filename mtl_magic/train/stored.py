"""Batches of training rows that are on disk, in an order that is a pure function of seed and epoch.

An epoch visits the file's blocks in a random order. Some blocks at a time are read into a pool, whose rows are cut into
batches in a random order of theirs. Blocks hold mixed rows already (`Spool`), so that a pool is a sample of the file, up
to what is sorted over more than its size; a batch is one of the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.streaming.spool import StoredPart, joined, sizes
from mtl_magic.train.order import Batches
from mtl_magic.train.prefetch import prefetched

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from mtl_magic.data.streaming.spool import Arrays


class StoredBatches(Batches):
    """What `Batches` gives, from files, read ahead in a thread.

    Args:
        part: the training rows.
        batch: rows a step; the last step of an epoch has what is left.
        seed: of the order.
        pool: rows that are in memory at once, about; None: a quarter of a million, or 32 MB.
    """

    def __init__(self, part: StoredPart, batch: int, seed: int, pool: int | None = None) -> None:
        self.batch, self.seed, self.part = batch, seed, part
        rows = pool or sizes(4 * sum(part.widths))[1]
        self.blocks = max(rows // max(part.blocks), 1)  # of a pool

    @property
    def rows(self) -> int:
        return len(self.part)

    def epoch(self, epoch: int, step: int = 0) -> Generator[Arrays, None, None]:
        """Yields (ids, floats, labels) from that step of the epoch on (both count from 0)."""
        return prefetched(self._epoch(epoch, step))

    def _epoch(self, epoch: int, step: int) -> Generator[Arrays, None, None]:
        order = np.random.Generator(np.random.Philox(key=[self.seed, epoch])).permutation(len(self.part.blocks))
        pools = [order[k : k + self.blocks].tolist() for k in range(0, len(order), self.blocks)]
        stops = np.cumsum([sum(self.part.blocks[block] for block in pool) for pool in pools])
        at = step * self.batch  # the place in the order of the epoch of the next row that is given
        rest: list[Arrays] = []  # rows before `at` that no batch has had yet
        for number, pool in enumerate(pools):
            if stops[number] <= at:
                continue
            arrays = self._pool(pool)
            rows = len(arrays[2])
            counter = [0, 0, 0, number + 1]  # the epoch's own order has begun at 0
            mixed = np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=counter)).permutation(rows)
            place = at - (int(stops[number]) - rows)
            while place < rows:
                wanted = self.batch - sum(len(part[2]) for part in rest)
                chosen = mixed[place : place + wanted]
                rest.append((arrays[0][chosen], arrays[1][chosen], arrays[2][chosen]))
                place += len(chosen)
                if len(chosen) == wanted:
                    yield joined(rest)
                    rest = []
            at = int(stops[number])
        if rest:
            yield joined(rest)

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


def batches_of(parts: Sequence[Any], batch: int, seed: int) -> Batches:
    """The batches of training parts, in memory or on disk."""
    first = parts[0]
    return StoredBatches(first, batch, seed) if isinstance(first, StoredPart) else Batches(list(parts), batch, seed)
