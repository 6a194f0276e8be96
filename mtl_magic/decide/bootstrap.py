"""The paired bootstrap: resamples of rows (or of groups of them), intervals, p-values, and verdicts of several heads.

A resample is drawn once and all runs are scored on it, so that what makes a row hard for both of two runs cancels in their
difference (Efron & Tibshirani 1993, An Introduction to the Bootstrap, §6 and §8). The interval is the difference ± t times its
bootstrap standard error, with Student's t of as many degrees of freedom as that standard error is worth: where a few rows
make most of it, as positives of a rare label do, percentiles of the resamples are too narrow (`experiments/coverage.py`).

It says how the *trained models* would differ on other rows like these. Of initial weights it knows nothing: another seed
gives other models, and what differs between seeds is added where there are several.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from mtl_magic.decide.student import cumulative, quantile

RESAMPLES = 1000  # the standard error of a standard error of so many is 2% of it
LEVEL = 0.95
MOST = 20_000  # units that are resampled one by one; more are put at random into so many blocks
CHUNK = 4_000_000  # numbers of a chunk of resamples
DEFINED = 0.9  # share of resamples in which a metric must be defined (an AUC needs a positive and a negative)


@dataclasses.dataclass(frozen=True)
class Interval:
    """An estimate with its interval; `p` is the chance of a value so far from 0, or farther, where the truth is 0."""

    value: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan

    @property
    def known(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    def times(self, factor: float) -> Interval:
        """On another scale, in the other direction where the factor is negative."""
        low, high = (self.low, self.high) if factor >= 0 else (self.high, self.low)
        return Interval(self.value * factor, low * factor, high * factor, self.p)


@dataclasses.dataclass(frozen=True)
class Replicates:
    """A metric of several runs on the same rows, and on the same resamples of them.

    Attributes:
        values: of each run (runs,).
        drawn: on resamples (runs, R).
        influence: what each unit adds to the deviation of each run's value (runs, units), to first order; None: not known.
        units: that were resampled.
        events: units that matter where influence is not known, those with a row of the rarer class.
    """

    values: np.ndarray
    drawn: np.ndarray
    influence: np.ndarray | None
    units: int
    events: int = 0

    def contrast(self, weights: Sequence[float] | np.ndarray, level: float = LEVEL) -> Interval:
        """Σ weight · value over the runs: (−1, 1) is the second less the first, (0, 1) the second's own value.

        Where there are more runs than two, for each of S seeds a pair, see `over_seeds`.
        """
        value = float(np.dot(weights, self.values))
        error, freedom = self.error(weights)
        return interval(value, error, freedom, level)

    def over_seeds(self, pairs: Sequence[tuple[int, int]], level: float = LEVEL) -> Interval:
        """The mean over seeds of run b less run a, with an interval that knows of rows and of seeds.

        The variance is v = v_rows + s² / S: of the bootstrap that of the mean (all runs are scored on the same rows, so that it
        does not fall with S), and s², the differences' variance between the S seeds. Degrees of freedom are Satterthwaite's
        (1946). With one seed it is `contrast`.

        Args:
            pairs: of each seed, the places of a and b.
            level: of confidence.
        """
        weights = np.zeros(len(self.values))
        for a, b in pairs:
            weights[a] -= 1 / len(pairs)
            weights[b] += 1 / len(pairs)
        if len(pairs) < 2:
            return self.contrast(weights, level)
        error, freedom = self.error(weights)
        each = np.array([self.values[b] - self.values[a] for a, b in pairs])
        between = float(each.var(ddof=1)) / len(pairs)
        return joined(float(each.mean()), [(error**2, freedom), (between, len(pairs) - 1)], level)

    def error(self, weights: Sequence[float] | np.ndarray) -> tuple[float, float]:
        """The bootstrap standard error of Σ weight · value, and its degrees of freedom; NaN where it has none.

        The variance of a sum of n terms of kurtosis κ is estimated as well as that of 2n / (κ − 1) normal ones + 1.
        """
        with np.errstate(invalid="ignore"):
            drawn = np.asarray(weights) @ self.drawn
        finite = drawn[np.isfinite(drawn)]
        if self.units < 2 or len(finite) < max(DEFINED * len(drawn), 2):
            return math.nan, math.nan
        error = float(finite.std(ddof=1))
        if self.influence is None:
            return error, max(self.events - 1.0, 1.0)
        moved = np.asarray(weights) @ self.influence
        square = float((moved**2).mean())
        kurtosis = float((moved**4).mean()) / square**2 if square > 0 else 1.0
        return error, max(min(self.units - 1, 2 * self.units / max(kurtosis - 1, 1e-9)), 1.0)


def interval(value: float, error: float, freedom: float, level: float = LEVEL) -> Interval:
    """value ± t · error, and the p-value of 0."""
    if not math.isfinite(value) or not math.isfinite(error):
        return Interval(value)
    if error == 0:
        return Interval(value, value, value, 1.0 if value == 0 else 0.0)
    half = quantile(0.5 + level / 2, freedom) * error
    return Interval(value, value - half, value + half, 2 * cumulative(-abs(value) / error, freedom))


def joined(value: float, parts: Sequence[tuple[float, float]], level: float = LEVEL) -> Interval:
    """The interval of a value whose variance is a sum: of each part its variance and its degrees of freedom."""
    whole = sum(v for v, _ in parts)
    below = sum(v**2 / f for v, f in parts)
    return interval(
        value, math.sqrt(whole) if math.isfinite(whole) else math.nan, whole**2 / below if below else 1.0, level
    )


# -- resamples --------------------------------------------------------------------------------------------------------


def numbered(groups: np.ndarray) -> np.ndarray:
    """The number of each row's group, in the order in which groups come first: (n,) int64. Missing is a group, too."""
    import pandas as pd

    found: np.ndarray = pd.factorize(groups, use_na_sentinel=False)[0].astype("int64")
    return found


def units_of(groups: np.ndarray | None, rows: int, seed: int = 0) -> np.ndarray:
    """What is resampled together: the number of each row's unit, (rows,) int64, from 0 without gaps.

    A unit is a row, or a group of them. Of more than `MOST` units random blocks are made, of as many units each: the
    variance of a sum of blocks is that of the sum of units, and its estimate is good to √(2 / MOST) = 1%.

    Args:
        groups: of each row, (rows,): rows of one group are one unit; None: each row is one.
        rows: how many there are.
        seed: of the blocks.

    Example:
        >>> units_of(np.array(["u", "v", "u"]), 3).tolist()
        [0, 1, 0]
    """
    codes = np.arange(rows) if groups is None else numbered(groups)
    count = int(codes.max()) + 1 if rows else 0
    if count <= MOST:
        return codes
    blocks = np.random.default_rng(seed).permutation(count) % MOST
    found: np.ndarray = blocks[codes]
    return found


def resamples(units: int, count: int = RESAMPLES, seed: int = 0, *, wide: int = 0) -> Iterator[np.ndarray]:
    """How often each unit stands in each resample: chunks (r, units) float64, `count` resamples in all.

    Args:
        units: how many there are; each resample has as many.
        count: of resamples.
        seed: of the draws; equal ones give equal resamples, whatever the chunks.
        wide: numbers that a resample will be spread over, for the size of the chunks; 0: `units`.
    """
    rng = np.random.default_rng(seed)
    each = max(1, min(count, CHUNK // max(units, wide, 1)))
    for start in range(0, count, each):
        many = min(each, count - start)
        drawn = rng.integers(0, units, (many, units)) + np.arange(many)[:, None] * units
        yield np.bincount(drawn.ravel(), minlength=many * units).reshape(many, units).astype("float64")


# -- several heads ----------------------------------------------------------------------------------------------------


def holm(chances: Sequence[float]) -> list[float]:
    """p-values of several heads, adjusted so that any false "better" is as rare as the level says (Holm 1979).

    Those that are not known stay so, and do not count.

    Example:
        >>> holm([0.01, 0.04, float("nan")])
        [0.02, 0.04, nan]
    """
    known = sorted((p, i) for i, p in enumerate(chances) if math.isfinite(p))
    found, highest = [math.nan] * len(chances), 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[i] = highest
    return found
