"""Do the intervals of `%mtl compare` and `baseline` cover? Samples whose truth is known, drawn again and again; NumPy alone.

    python experiments/coverage.py [--samples 1000]

Two scores of the same rows that agree in part, as two models do. The truth is the difference on a million rows. Of each sample
`replicates` gives a 95% interval, and what is counted is how often the truth lies in it. For seeds, each of three pairs of scores has
a chance of its own, and the truth is the mean over many. Percentiles of the same resamples stand beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from mtl_magic.decide.replicates import replicates
from mtl_magic.tasks.metrics import Auc, GroupAuc, LogLoss, Rmse

COUNT, WHOLE = 300, 1_000_000
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray]]]


def binary(rate: float) -> Draw:
    """Clicks of a rate, and two probabilities that see them in different ways."""
    bias = np.log(rate / (1 - rate)) - 0.6

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray]]:
        x = rng.normal(size=(n, 3))
        y = (rng.random(n) < 1 / (1 + np.exp(-(x @ [1.0, 0.7, 0.0] + bias)))) * 1.0
        scores = [1 / (1 + np.exp(-(x @ w + bias))) for w in ([1.0, 0.2, 0.3], [0.6, 0.7, -0.3])]
        return y, scores, {"user": rng.integers(0, max(n // 20, 2), n)}

    return draw


def real(rng: np.random.Generator, n: int) -> tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray]]:
    """A number with heavy tails, and two predictions of it."""
    x = rng.normal(size=(n, 2))
    y = x @ [1.0, 0.5] + rng.standard_t(4, n)
    return y, [x @ [1.0, 0.2], x @ [0.7, 0.5]], {}


CASES: dict[str, tuple[Any, Draw, int]] = {
    "auc, 200 rows, 30% positive": (Auc(), binary(0.3), 200),
    "auc, 1,000 rows, 3% positive": (Auc(), binary(0.03), 1000),
    "logloss, 200 rows, 30% positive": (LogLoss(), binary(0.3), 200),
    "logloss, 1,000 rows, 3% positive": (LogLoss(), binary(0.03), 1000),
    "gauc, 50 lists of about 20": (GroupAuc("user"), binary(0.3), 1000),
    "rmse, 300 rows, heavy tails": (Rmse(), real, 300),
}


def coverage(metric: Any, draw: Draw, rows: int, samples: int, seed: int = 0) -> tuple[float, float]:
    """The share of samples whose interval holds the truth; the same of percentiles of the resamples."""
    y, made, extras = draw(np.random.default_rng(seed), WHOLE)
    if metric.word == "gauc":  # lists of the size of the sample's, many of them
        parts = [draw(np.random.default_rng([seed, k]), rows) for k in range(1000)]
        truth = float(np.mean([metric.value(y, p[1], e) - metric.value(y, p[0], e) for y, p, e in parts]))
    else:
        truth = metric.value(y, made[1], extras) - metric.value(y, made[0], extras)
    hits = np.zeros(2)
    for k in range(samples):
        y, made, extras = draw(np.random.default_rng([seed + 1, k]), rows)
        found = replicates(metric, y, made, extras, count=COUNT, seed=k)
        one = found.contrast([-1, 1])
        low, high = np.nanquantile(found.drawn[1] - found.drawn[0], [0.025, 0.975])
        hits += [one.low <= truth <= one.high, low <= truth <= high]
    return hits[0] / samples, hits[1] / samples


def over_seeds(samples: int, seeds: int, chance: float, seed: int = 0) -> tuple[float, float]:
    """The same of the mean over seeds, each of which moves both models by chance; beside it an interval of rows alone."""

    def draw(rng: np.random.Generator, n: int, some: int) -> tuple[np.ndarray, list[np.ndarray]]:
        x = rng.normal(size=(n, 3))
        y = x @ [1.0, 0.7, 0.3] + rng.normal(size=n)
        weights = np.array([[1.0, 0.2, 0.3], [0.7, 0.7, 0.0]])
        moved = weights[:, None] + chance * rng.normal(size=(2, some, 3))
        return y, [x @ w for side in moved for w in side]

    y, made = draw(np.random.default_rng(seed), 20_000, 2000)
    error = np.array([np.mean((y - p) ** 2) ** 0.5 for p in made])
    truth, hits = error[2000:].mean() - error[:2000].mean(), np.zeros(2)
    for k in range(samples):
        y, made = draw(np.random.default_rng([seed + 1, k]), 500, seeds)
        found = replicates(Rmse(), y, made, {}, count=COUNT, seed=k)
        both = found.over_seeds([(s, seeds + s) for s in range(seeds)])
        rows = found.contrast(np.repeat([-1.0, 1.0], seeds) / seeds)
        hits += [both.low <= truth <= both.high, rows.low <= truth <= rows.high]
    return hits[0] / samples, hits[1] / samples


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=1000)
    samples = parser.parse_args().samples
    print("| metric | 95% interval covers | percentiles cover |\n|---|---|---|")
    for name, (metric, draw, rows) in CASES.items():
        ours, percentiles = coverage(metric, draw, rows, samples)
        print(f"| {name} | {100 * ours:.1f}% | {100 * percentiles:.1f}% |", flush=True)
    print("\n| mean over seeds | of rows and seeds covers | of rows alone covers |\n|---|---|---|")
    for seeds, chance in ((3, 0.02), (3, 0.1), (5, 0.1)):
        ours, alone = over_seeds(samples, seeds, chance)
        print(f"| {seeds} seeds, each {chance:g} away | {100 * ours:.1f}% | {100 * alone:.1f}% |", flush=True)


if __name__ == "__main__":
    main()
