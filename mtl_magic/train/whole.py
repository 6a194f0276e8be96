"""Batches that hold lists whole, for losses that compare the rows of a list (`tasks/within.py`).

The order of an epoch is a random one of the rows, in which the others of a list follow where its first stands. A batch ends where
the list ends that is nearest to its size, less than half a batch away; a list that reaches farther is cut. So an
epoch has as many steps as any other, and what it holds is a function of seed and epoch. Rows on disk lie in buckets, each list in
one (`Spool`): an epoch visits the buckets in a random order, and each is ordered as rows in memory are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.beside import list_codes
from mtl_magic.data.streaming.spool import StoredPart, joined
from mtl_magic.train.order import Arrays, Batches, steps_per_epoch
from mtl_magic.train.prefetch import prefetched

if TYPE_CHECKING:
    from typing import TypeAlias

    Piece: TypeAlias = tuple[Arrays, np.ndarray, np.ndarray]  # rows, their order, and where in it lists end

AHEAD = 2  # batches that are read before they are asked for


def together(codes: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An order of rows with these lists, (n,), and the places in it behind the last row of each, (lists,); n > 0.

    Example:
        >>> order, ends = together(np.array([7, 5, 7, 5, 9]), np.random.default_rng(0))
        >>> np.array([7, 5, 7, 5, 9])[order].tolist(), ends.tolist()
        ([7, 7, 9, 5, 5], [2, 3, 5])
    """
    _, place = np.unique(codes, return_inverse=True)
    mixed = generator.permutation(len(codes))
    first = np.empty(int(place.max()) + 1, "int64")  # of each list, where its first row stands
    first[place[mixed[::-1]]] = np.arange(len(codes))[::-1]
    order = mixed[np.argsort(first[place[mixed]], kind="stable")]
    ends = np.flatnonzero(np.append(np.diff(place[order]) != 0, True)) + 1
    return order, ends


def end_near(target: int, ends: np.ndarray, reach: float, total: int) -> int:
    """The end of a list (ascending `ends`) that is nearest to `target`, nearer than `reach`, and before `total`; else `target`."""
    at = int(np.searchsorted(ends, target))
    near = [int(end) for end in ends[max(at - 1, 0) : at + 1] if abs(int(end) - target) < reach and int(end) < total]
    return min(near, key=lambda end: abs(end - target), default=target)


def stops_of(ends: np.ndarray, size: int, count: int) -> list[int]:
    """Where each of `count` pieces of about `size` rows ends, the last at the end of all."""
    total = int(ends[-1]) if len(ends) else 0
    return [*(end_near(k * size, ends, size / 2, total) for k in range(1, count)), total]


def in_batches(pieces: Iterable[Piece], batch: int, rows: int, step: int = 0) -> Generator[Arrays, None, None]:
    """Batches of whole lists, from a step on, of the `rows` rows of some pieces."""
    steps = steps_per_epoch(rows, batch)
    waiting: list[tuple[Arrays, np.ndarray]] = []
    held = given = 0  # rows so far, and those of them that a batch has had
    ends = np.empty(0, "int64")
    k = 1

    def take(count: int, wanted: bool) -> Arrays | None:
        found: list[Arrays] = []
        while count:
            arrays, order = waiting[0]
            chosen, rest = order[:count], order[count:]
            if wanted:
                found.append((arrays[0][chosen], arrays[1][chosen], arrays[2][chosen]))
            count -= len(chosen)
            waiting[0] = arrays, rest
            if not len(rest):
                waiting.pop(0)
        return joined(found) if found else None

    for arrays, order, stops in pieces:
        waiting.append((arrays, order))
        ends = np.append(ends[ends > given], held + stops)
        held += len(order)
        while k < steps and (held >= rows or held > k * batch + batch // 2):
            stop = end_near(k * batch, ends, batch / 2, rows)
            made = take(stop - given, k > step)
            given, k = stop, k + 1
            if made is not None:
                yield made
    if rows > given:
        made = take(rows - given, wanted=True)
        assert made is not None
        yield made


class ListBatches(Batches):
    """What `Batches` gives, with lists whole.

    Args:
        parts: encoded tables of one schema, in memory; a list may have rows in several.
        batch: rows a step, about.
        seed: of the order.
        at: where in a row's labels its list stands (`schema.Beside.lists`).
    """

    def __init__(self, parts: list[Any], batch: int, seed: int, at: int) -> None:
        super().__init__(parts, batch, seed)
        self.codes = list_codes(self.labels, at)

    def pieces_of(self, epoch: int) -> Generator[Piece, None, None]:
        generator = np.random.Generator(np.random.Philox(key=[self.seed, epoch]))
        yield (self.ids, self.floats, self.labels), *together(self.codes, generator)

    def _gathered(self, epoch: int, step: int) -> Generator[Any, None, None]:
        return in_batches(self.pieces_of(epoch), self.batch, self.rows, step)


class StoredLists(Batches):
    """The same of rows on disk, read ahead in a thread; a bucket of each part at a time is in memory.

    Args:
        parts: training rows in buckets, a list in the same of each.
        batch: rows a step, about.
        seed: of the order.
        at: as for `ListBatches`.
    """

    def __init__(self, parts: Sequence[StoredPart], batch: int, seed: int, at: int) -> None:
        self.parts, self.batch, self.seed, self.at, self.ahead = list(parts), batch, seed, at, AHEAD

    @property
    def rows(self) -> int:
        return sum(map(len, self.parts))

    def epoch(self, epoch: int, step: int = 0) -> Generator[Any, None, None]:
        return prefetched(in_batches(self.pieces_of(epoch), self.batch, self.rows, step), self.ahead)

    def pieces_of(self, epoch: int) -> Generator[Piece, None, None]:
        buckets = sorted({bucket for part in self.parts for bucket in part.buckets})
        random = np.random.Generator(np.random.Philox(key=[self.seed, epoch]))
        for bucket in random.permutation(len(buckets)).tolist():
            own = buckets[bucket]
            blocks = [
                block for part in self.parts for block in part.read([i for i, b in enumerate(part.buckets) if b == own])
            ]
            arrays = joined(blocks)
            generator = np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, 0, 0, own + 1]))
            yield arrays, *together(list_codes(arrays[2], self.at), generator)


def list_batches(parts: Sequence[Any], batch: int, seed: int, at: int) -> Batches:
    """The batches of training tables whose losses compare rows, in memory or on disk."""
    if isinstance(parts[0], StoredPart):
        return StoredLists(parts, batch, seed, at)
    return ListBatches(list(parts), batch, seed, at)


def shares(labels: np.ndarray, at: int, count: int) -> list[int]:
    """Where each of `count` shares of a batch ends, lists kept whole so far as they are no longer than half a share."""
    codes = list_codes(labels, at)
    ends = np.flatnonzero(np.append(np.diff(codes) != 0, True)) + 1 if len(codes) else codes
    stops = [end_near(len(codes) * r // count, ends, len(codes) / count / 2, len(codes)) for r in range(1, count)]
    return [*stops, len(codes)]


def sorted_lists(labels: np.ndarray, at: int, size: int) -> Generator[np.ndarray, None, None]:
    """The rows list by list, in pieces of about `size` rows that hold lists whole: places (m,) each."""
    codes = list_codes(labels, at)
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    ends = np.flatnonzero(np.append(np.diff(codes) != 0, True)) + 1 if len(codes) else codes
    start = 0
    for stop in stops_of(ends, size, steps_per_epoch(len(order), size)) if len(order) else ():
        yield order[start:stop]
        start = stop
