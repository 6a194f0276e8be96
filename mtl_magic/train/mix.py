"""Batches of several tables: so many rows of each, every table in an order of its own.

An epoch has as many rows as all tables have together. Of these each table gives `planned` rows: all of its own, or its
share by `train mix=`. Each batch takes of each table what its part of the plan is, to within a row, so that none is without a
table because of chance. A table runs through its rows in passes of its own, each in an order that is a function of seed, table and
pass, and where an epoch ends within a pass, the next goes on there: every row is read as often as any other, up to once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.settings.train import planned
from mtl_magic.train.order import Batches, steps_per_epoch
from mtl_magic.train.prefetch import prefetched

if TYPE_CHECKING:
    from mtl_magic.train.order import Arrays

WITHIN = 1 << 32  # in the counter of the order of rows in a batch, where tables have their numbers


def apportioned(plan: Sequence[int], batch: int) -> np.ndarray:
    """Rows of each table in each step of an epoch, (steps, tables) int64.

    Its sum over steps is the plan, over tables the batch. A table with the share s of the plan has ⌊s · batch⌋ or
    ⌈s · batch⌉ rows of each full batch: the rows that are left over go to those that have had the least of what is theirs.

    Example:
        >>> apportioned([6, 3], 4).tolist()
        [[3, 1], [2, 2], [1, 0]]
    """
    total, tables = sum(plan), range(len(plan))
    steps = steps_per_epoch(total, batch)
    made = np.zeros((steps, len(plan)), "int64")
    had, done = [0] * len(plan), 0
    for step in range(steps - 1):
        done += batch
        some = [min(batch * p // total, p - h) for p, h in zip(plan, had, strict=True)]
        rest = batch - sum(some)
        behind = [p * done - (h + s) * total for p, h, s in zip(plan, had, some, strict=True)]
        free = [k for k in tables if had[k] + some[k] < plan[k]]
        for k in sorted(free, key=lambda k: (batch * plan[k] % total == 0, -behind[k]))[:rest]:
            some[k] += 1
            rest -= 1
        for k in free if rest else ():  # near the end of an epoch, where tables have had all of theirs
            more = min(rest, plan[k] - had[k] - some[k])
            some[k] += more
            rest -= more
        had = [h + s for h, s in zip(had, some, strict=True)]
        made[step] = some
    made[-1] = [p - h for p, h in zip(plan, had, strict=True)]
    return made


class _Taker:
    """Rows of one table, one after another, through as many passes as it takes."""

    def __init__(self, table: Batches, at: int) -> None:
        self.table = table
        self._pass, self._start = divmod(at, table.rows)
        self._pieces: Generator[tuple[Arrays, np.ndarray], None, None] | None = None
        self._arrays: Arrays | None = None
        self._order = np.empty(0, "int64")

    def take(self, rows: int) -> list[Arrays]:
        found: list[Arrays] = []
        while rows:
            if not len(self._order):
                self._next()
            assert self._arrays is not None
            chosen, self._order = self._order[:rows], self._order[rows:]
            ids, floats, labels = self._arrays
            found.append((ids[chosen], floats[chosen], labels[chosen]))
            rows -= len(chosen)
        return found

    def _next(self) -> None:
        if self._pieces is None:
            self._pieces = self.table.pieces(self._pass, self._start)
        piece = next(self._pieces, None)
        if piece is None:
            self._pass, self._start, self._pieces = self._pass + 1, 0, None
            return
        self._arrays, self._order = piece

    def close(self) -> None:
        if self._pieces is not None:
            self._pieces.close()


class MixedBatches(Batches):
    """What `Batches` gives, of several tables.

    Args:
        tables: the rows of each, in memory or on disk, each with its number as `stream`.
        batch: rows a step; the last step of an epoch has what is left.
        seed: of the order.
        shares: parts of a batch, of which the ratios count; None: each table has as many rows of an epoch as it holds.
    """

    def __init__(self, tables: Sequence[Batches], batch: int, seed: int, shares: Sequence[float] | None = None) -> None:
        self.tables, self.batch, self.seed = list(tables), batch, seed
        self.plan = planned([table.rows for table in tables], shares)
        self.counts = apportioned(self.plan, batch)
        self.ahead = max(table.ahead for table in tables)

    @property
    def rows(self) -> int:
        return sum(self.plan)

    def _gathered(self, epoch: int, step: int) -> Generator[Arrays, None, None]:
        begun = [epoch * p + int(n) for p, n in zip(self.plan, self.counts[:step].sum(axis=0), strict=True)]
        takers = [_Taker(table, at) for table, at in zip(self.tables, begun, strict=True)]
        try:
            for k in range(step, self.steps):
                parts = [part for taker, n in zip(takers, self.counts[k], strict=True) for part in taker.take(int(n))]
                ids, floats, labels = (np.concatenate(side) for side in zip(*parts, strict=True))
                mixed = _generator(self.seed, epoch, k).permutation(len(labels))  # replicas and slices get some of each
                yield ids[mixed], floats[mixed], labels[mixed]
        finally:
            for taker in takers:
                taker.close()

    def epoch(self, epoch: int, step: int = 0) -> Generator[Any, None, None]:
        batches = self._gathered(epoch, step)
        return prefetched(batches, self.ahead) if self.ahead else batches


def _generator(seed: int, epoch: int, step: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, WITHIN, 0, step]))
