"""Rows a second against the network that a user writes by hand in Keras, on the same network and arrays.

    python benchmarks/speed.py [HAND_WRITTEN_FOLDER] [--batch 512 4096] [--tasks 4] [--rounds 20] [--rows 1000000]

HAND_WRITTEN_FOLDER (default: `bench` beside the folder of MTL_MAGIC_DATA) holds `hand_written_keras.py` and
`recsys_data.py`. The two take turns in one process (A B A B …):
theirs is `fit` over a slice of the rows, timed by step; ours is our loop's own batches and compiled step over the same
slice, with the default averaging of weights. Prints the median ratio of rows a second, round by round, with its
bootstrap 95% interval.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from common import Ours, baselines, interval, peak


class Theirs:
    """`compile(loss=dict)` and `fit`."""

    def __init__(self, hand: object, vocabs: list[int], arrays: tuple[np.ndarray, ...], batch: int) -> None:
        self.hand, self.arrays, self.batch, self.at = hand, arrays, batch, 0
        self.model = hand.build(vocabs, arrays[2].shape[1])
        self.model.compile("adam", loss={f"t{t}": "binary_crossentropy" for t in range(arrays[2].shape[1])})

    def run(self, steps: int) -> float:
        """Median seconds a step, the first of a `fit` left out."""
        rows = slice(self.at, self.at + (steps + 1) * self.batch)
        self.at = rows.stop
        times = self.hand.StepTimes()
        x, y = self.hand.feed(*(a[rows] for a in self.arrays))
        self.model.fit(x, y, batch_size=self.batch, epochs=1, verbose=0, callbacks=[times])
        return float(np.median(np.diff(times.at)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", help="folder of hand_written_keras.py and recsys_data.py")
    parser.add_argument("--batch", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=6, help="timed steps a round")
    parser.add_argument("--rows", type=int, default=1_000_000)
    a = parser.parse_args()
    a.folder = baselines(a.folder)
    sys.path.insert(0, a.folder)
    import hand_written_keras
    import recsys_data

    arrays = recsys_data.load(a.rows, a.tasks)
    for batch in a.batch:
        theirs = Theirs(hand_written_keras, recsys_data.VOCABS, arrays, batch)
        ours = Ours(recsys_data.VOCABS, arrays, batch)
        theirs.run(3), ours.run(3)
        pairs = np.array([(theirs.run(a.steps), ours.run(a.steps)) for _ in range(a.rounds)])
        median, low, high = interval(pairs[:, 0] / pairs[:, 1])
        rates = batch / np.median(pairs, axis=0)
        print(
            f"batch {batch}: ours {rates[1]:,.0f} rows/s, hand-written Keras {rates[0]:,.0f}; "
            f"ratio {median:.2f} (95% {low:.2f} to {high:.2f}), {a.rounds} rounds; "
            f"our matrix products make {100 * rates[1] * ours.products() / peak():.0f}% of the machine's peak",
            flush=True,
        )


if __name__ == "__main__":
    main()
