"""Rows a second that our batches feed, and their share of a step.

    python benchmarks/feeding.py [--rows 1000000] [--batch 4096 512] [--rounds 20]

A table of 20 ids, 10 numbers and 4 labels a row, in a new order each epoch. Batches alone and whole steps of the network
of `common.Ours` take turns in one process (A B A B …). The requirement is 1M rows a second, and less than a tenth of the
step. Prints medians of rounds with their bootstrap 95% intervals.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from common import Ours, interval

from mtl_magic.data.schema import Part
from mtl_magic.train.order import Batches

IDS, NUMBERS, LABELS = 20, 10, 4
VALUES = 10_000  # of each column of ids
RATE, SHARE = 1_000_000, 0.1


def table(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, VALUES, (rows, IDS), dtype="int32"),
        rng.normal(size=(rows, NUMBERS)).astype("float32"),
        rng.integers(0, 2, (rows, LABELS)).astype("float32"),
    )


class Feed:
    """Batches, epoch after epoch."""

    def __init__(self, arrays: tuple[np.ndarray, ...], batch: int) -> None:
        self.batches = Batches([Part(*arrays, None)], batch, seed=0)
        self.stream = itertools.chain.from_iterable(self.batches.epoch(k) for k in itertools.count())

    def run(self, steps: int) -> float:
        """Mean seconds a batch, an epoch's new order among them where `steps` are an epoch."""
        began = time.perf_counter()
        for _ in range(steps):
            next(self.stream)
        return (time.perf_counter() - began) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, nargs="+", default=[4096, 512])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3, help="timed steps a round")
    a = parser.parse_args()
    arrays = table(a.rows)
    for batch in a.batch:
        feed, step = Feed(arrays, batch), Ours([VALUES] * IDS, arrays, batch)
        if a.rounds * a.steps + 3 > feed.batches.steps:
            parser.error("more steps than an epoch has: give more rows or fewer rounds")
        step.run(3)
        taken = np.array([(feed.run(feed.batches.steps), step.run(a.steps)) for _ in range(a.rounds)])
        rate, slow, fast = interval(a.rows / (taken[:, 0] * feed.batches.steps))
        share, low, high = interval(taken[:, 0] / taken[:, 1])
        print(
            f"batch {batch}: {rate:,.0f} rows/s [{slow:,.0f}, {fast:,.0f}], at least {RATE:,}: "
            f"{'holds' if rate >= RATE else 'MISSED'}; {share:.1%} [{low:.1%}, {high:.1%}] of a step of "
            f"{np.median(taken[:, 1]) * 1e3:.1f} ms, below {SHARE:.0%}: {'holds' if share < SHARE else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
