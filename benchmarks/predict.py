"""Rows a second that a trained network scores, against Keras' own `predict`.

    python benchmarks/predict.py [--rows 200000] [--rounds 12]

The network of `common.Ours`; both take encoded rows, and take turns in one process (A B A B …). Keras gets the faster of
the two batches that are named. Prints the median of the ratios, round by round, with its bootstrap 95% interval, and how
often our function was traced for frames of several lengths: once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from common import Ours, interval
from feeding import IDS, VALUES, table

from mtl_magic.data.schema import Part
from mtl_magic.train.evaluate import Predictor

BATCHES = (1024, 8192)


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=12)
    a = parser.parse_args()
    ids, floats, labels = table(a.rows)
    model = Ours([VALUES] * IDS, (ids, floats, labels), 1024).step.net.model
    part, columns = Part(ids, floats, labels, None), {"ids": ids, "floats": floats}
    predictor = Predictor(model)
    for rows in (1, 1000, a.rows):
        predictor(Part(ids[:rows], floats[:rows], labels[:rows], None))

    def ours() -> object:
        return predictor(part)

    def keras(batch: int) -> Callable[[], object]:
        return lambda: model.predict(columns, batch_size=batch, verbose=0)

    fastest = min(BATCHES, key=lambda batch: min(seconds(keras(batch)) for _ in range(3)))
    taken = np.array([(seconds(ours), seconds(keras(fastest))) for _ in range(a.rounds)])
    ratio, low, high = interval(taken[:, 1] / taken[:, 0])
    rates = a.rows / np.median(taken, axis=0)
    print(
        f"ours {rates[0]:,.0f} rows/s, Keras predict at batch {fastest} {rates[1]:,.0f}; ratio {ratio:.2f} "
        f"(95% {low:.2f} to {high:.2f}), {a.rounds} rounds; traced {predictor.tracings} time(s)"
    )


if __name__ == "__main__":
    main()
