"""Rows a second from encoded Parquet, and their share of a step; and how fast raw Parquet is counted and encoded.

    python benchmarks/streaming.py [--rows 1000000] [--batch 4096 512] [--rounds 12]

The table of `feeding.py`, 20 ids, 10 numbers and 4 labels a row, spooled as `--stream` does and read in a new order each
epoch. Batches alone, batches made ahead in a thread as training has them, and whole steps of the network of `common.Ours`
take turns in one process (A B C A B C …). The requirement is 300k rows a second and less than a tenth of the step: the
share is the time that a step waits for its batch. Prints medians of rounds with their bootstrap 95% intervals; then the
seconds of both passes over a raw file with 4 text columns and 10 numbers.
"""

from __future__ import annotations

import argparse
import itertools
import pathlib
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import Ours, interval
from feeding import IDS, LABELS, NUMBERS, VALUES, table

from mtl_magic.data.streaming.scratch import Scratch
from mtl_magic.data.streaming.spool import Spool, StoredPart
from mtl_magic.train.stored import StoredBatches

RATE, SHARE = 300_000, 0.1
TEXTS = (10, 1000, 100_000, 1_000_000)  # values of the raw file's text columns


def spooled(arrays: tuple[np.ndarray, ...]) -> StoredPart:
    spool = Spool(Scratch(), "train", (IDS, NUMBERS, LABELS), mixes=True)
    for start in range(0, len(arrays[2]), 65_536):
        ids, floats, labels = (side[start : start + 65_536] for side in arrays)
        spool.add((ids, floats, labels))
    part = spool.close()
    assert part is not None
    return part


class Feed:
    """Batches, epoch after epoch: made when they are asked for, or ahead."""

    def __init__(self, part: StoredPart, batch: int) -> None:
        self.batches = StoredBatches(part, batch, seed=0)
        self.ahead = itertools.chain.from_iterable(self.batches.epoch(k) for k in itertools.count())

    def alone(self, epoch: int) -> float:
        """Seconds of an epoch in which nothing is done with the batches."""
        began = time.perf_counter()
        for _ in self.batches.epoch(epoch):
            pass
        return time.perf_counter() - began

    def steps(self, ours: Ours, steps: int) -> tuple[float, float]:
        """Mean seconds that a step waits for its batch, and that the step takes."""
        waited = worked = 0.0
        for _ in range(steps):
            began = time.perf_counter()
            batch = next(self.ahead)
            there = time.perf_counter()
            ours.step.run(*batch)
            ours.step.sums.numpy()
            waited += there - began
            worked += time.perf_counter() - there
        return waited / steps, worked / steps


def raw(path: pathlib.Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    texts = {f"s{k}": pa.array([f"value {i}" for i in rng.integers(0, n, rows)]) for k, n in enumerate(TEXTS)}
    numbers = {f"x{k}": rng.standard_normal(rows) for k in range(NUMBERS)}
    pq.write_table(pa.table({**texts, **numbers, "y": rng.integers(0, 2, rows)}), path)


def passes(path: pathlib.Path) -> dict[str, float]:
    """Seconds of each kind of work on a raw file."""
    from mtl_magic.data.prepare import prepare
    from mtl_magic.language import parse, resolve
    from mtl_magic.vocabulary import vocabulary

    words = vocabulary()
    program = resolve(parse("task y: binary\nfeature s*: category\nfeature x*: number", words), words, {})
    began, kinds = time.perf_counter(), {}

    def tell(what: str, *_: object) -> None:
        kinds[what] = time.perf_counter()

    prepare(program, [str(path)], stream=True, tell=tell).close()
    return {"counting": kinds["counting"] - began, "encoding": kinds["encoding"] - kinds["counting"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, nargs="+", default=[4096, 512])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=12, help="timed steps a round")
    a = parser.parse_args()
    arrays = table(a.rows)
    part = spooled(arrays)
    for batch in a.batch:
        feed, ours = Feed(part, batch), Ours([VALUES] * IDS, arrays, batch)
        feed.steps(ours, 3)
        taken = np.array([(feed.alone(k), *feed.steps(ours, a.steps)) for k in range(a.rounds)])
        rate, slow, fast = interval(a.rows / taken[:, 0])
        share, low, high = interval(taken[:, 1] / taken[:, 1:].sum(axis=1))
        print(
            f"batch {batch}: {rate:,.0f} rows/s [{slow:,.0f}, {fast:,.0f}], at least {RATE:,}: "
            f"{'holds' if rate >= RATE else 'MISSED'}; waited {share:.1%} [{low:.1%}, {high:.1%}] of a step of "
            f"{np.median(taken[:, 2]) * 1e3:.1f} ms, below {SHARE:.0%}: {'holds' if share < SHARE else 'MISSED'}"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "raw.parquet"
        raw(path, a.rows)
        found = passes(path)
        said = ", ".join(f"{what} {a.rows / seconds:,.0f} rows/s" for what, seconds in found.items())
        print(f"raw Parquet of 4 text columns and {NUMBERS} numbers: {said}; a vocabulary of {TEXTS[-1]:,}")


if __name__ == "__main__":
    main()
