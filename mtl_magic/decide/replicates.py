"""A metric on a thousand resamples at once, exact where it can be.

Most metrics are functions of a few sums over rows, and a resample weighs the rows by whole numbers: the sums of all
resamples are one product of matrices. The AUC is computed by sorting once; above `MOST` rows by its placement values
(DeLong, DeLong & Clarke-Pearson 1988), which is the same to first order. Metrics of lists are means over lists, which are
what is resampled. Any other metric is computed on each resample's rows, on fewer of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.bootstrap import MOST, RESAMPLES, Replicates, numbered, resamples, units_of

if TYPE_CHECKING:
    from mtl_magic.tasks._base import Metric

SLOW = 200  # resamples of a metric that is computed one resample at a time


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A metric of one run.

    Attributes:
        under: how often each unit stands in a resample (r, units) -> the metric (r,).
        influence: of each unit (units,), see `Replicates`; None: not known, and each resample takes as long as the metric.
    """

    under: Callable[[np.ndarray], np.ndarray]
    influence: np.ndarray | None


def replicates(
    metric: Metric,
    labels: np.ndarray,
    predictions: Sequence[np.ndarray],
    extras: Mapping[str, np.ndarray],
    groups: np.ndarray | None = None,
    *,
    count: int = RESAMPLES,
    seed: int = 0,
) -> Replicates:
    """The metric of each run on all rows, and on resamples that the runs have in common.

    Args:
        metric: which.
        labels: (n,), NaN where there is none: such rows do not count.
        predictions: of each run, (n,) or (n, classes).
        extras: columns that the metric reads, (n,) each.
        groups: of each row (n,): they are resampled whole; None: rows. A metric of lists resamples its own lists.
        count: resamples, fewer of a metric that is slow.
        seed: of the draws.
    """
    known = np.isfinite(labels)
    true = labels[known].astype("float64")
    made = [p[known].astype("float64") for p in predictions]
    beside = {name: values[known] for name, values in extras.items()}
    values = np.array([float(metric.value(true, p, beside)) for p in made])
    if not len(true):
        return Replicates(values, np.full((len(made), 1), math.nan), np.zeros((len(made), 1)), 0)
    lists = beside.get(getattr(metric, "group", None) or "") if metric.word in LISTS else None
    if lists is not None:
        codes = units_of(lists, len(true), seed)
        found = [_of_lists(codes, lists, *LISTS[metric.word](metric, true, p, lists)) for p in made]
    else:
        codes = units_of(None if groups is None else groups[known], len(true), seed)
        build = BUILDERS.get(metric.word, _each)
        found = [build(metric, true, p, codes, beside) for p in made]
    units = int(codes.max()) + 1
    moved = [one.influence for one in found if one.influence is not None]
    count = count if moved else min(count, SLOW)
    chunks = [np.stack([one.under(c) for one in found]) for c in resamples(units, count, seed, wide=len(true))]
    drawn = np.concatenate(chunks, axis=1)
    return Replicates(values, drawn, np.stack(moved) if moved else None, units, events_of(true, codes))


def events_of(true: np.ndarray, codes: np.ndarray) -> int:
    """Units with a row of the rarer class of a binary label; all of another."""
    units = int(codes.max()) + 1
    if not set(np.unique(true)) <= {0.0, 1.0}:
        return units
    rare = true > 0.5 if true.mean() < 0.5 else true < 0.5
    return int((np.bincount(codes, rare, units) > 0).sum())


# -- functions of sums ------------------------------------------------------------------------------------------------


def of_sums(table: np.ndarray, function: Callable[..., np.ndarray]) -> Statistic:
    """A function of sums over units; `table` (units, terms). A unit's influence is the function's derivative in its weight."""

    def under(counts: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return function(*(counts @ table).T)

    total, units = table.sum(axis=0), len(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 1e-4
        moved = function(*(total + step * table).T) - function(*(total - step * table).T)
        return Statistic(under, np.nan_to_num(moved / (2 * step) * units))


def _terms(codes: np.ndarray, *terms: np.ndarray) -> np.ndarray:
    """Of each unit the sums of some terms of its rows: (units, terms)."""
    size = int(codes.max()) + 1
    return np.stack([np.bincount(codes, term, size) for term in terms], axis=1)


def _mean(of_rows: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., Statistic]:
    """A metric that is the mean of something over rows."""

    def build(_: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, *_beside: Any) -> Statistic:
        return of_sums(_terms(codes, of_rows(true, made), np.ones(len(true))), lambda total, rows: total / rows)

    return build


def _log_loss(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    p = np.where(true > 0.5, made, 1 - made) if made.ndim == 1 else made[np.arange(len(made)), true.astype(int)]
    found: np.ndarray = -np.log(np.clip(p, 1e-7, 1))
    return found


def _hits(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    found: np.ndarray = ((made > 0.5 if made.ndim == 1 else made.argmax(-1)) == true).astype("float64")
    return found


def _rmse(_: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, *_beside: Any) -> Statistic:
    table = _terms(codes, (true - made) ** 2, np.ones(len(true)))
    return of_sums(table, lambda total, rows: np.sqrt(total / rows))


def _entropy(_: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, *_beside: Any) -> Statistic:
    def function(total: np.ndarray, positives: np.ndarray, rows: np.ndarray) -> np.ndarray:
        rate = positives / rows
        found: np.ndarray = total / rows / (-rate * np.log(rate) - (1 - rate) * np.log(1 - rate))
        return found

    return of_sums(_terms(codes, _log_loss(true, made), true, np.ones(len(true))), function)


def _calibration(_: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, *_beside: Any) -> Statistic:
    return of_sums(_terms(codes, made, true), lambda predicted, observed: predicted / observed)


# -- the area under the ROC curve -------------------------------------------------------------------------------------


def _auc(_: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, *_beside: Any) -> Statistic:
    linear = placements(true, made, codes)
    return linear if len(true) > MOST else dataclasses.replace(linear, under=sorting(true, made, codes))


def sorting(true: np.ndarray, made: np.ndarray, codes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """`Statistic.under` of the AUC: Σ positives · (negatives below + half of those that tie), over all pairs."""
    order = np.argsort(made, kind="stable")
    units, positive, score = codes[order], true[order] > 0.5, made[order]
    ties = np.flatnonzero(np.diff(score, prepend=-np.inf) != 0)

    def under(counts: np.ndarray) -> np.ndarray:
        weights = counts[:, units]
        ones = np.where(positive, weights, 0.0)
        zeros = weights - ones
        if len(ties) < len(score):
            ones, zeros = np.add.reduceat(ones, ties, axis=1), np.add.reduceat(zeros, ties, axis=1)
        below = np.cumsum(zeros, axis=1)
        pairs = below[:, -1] * ones.sum(axis=1)
        below -= zeros / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            found: np.ndarray = np.einsum("rn,rn->r", ones, below) / pairs
        return found

    return under


def placements(true: np.ndarray, made: np.ndarray, codes: np.ndarray) -> Statistic:
    """The AUC as two means less their expectation: of positives the share of negatives below, of negatives that of
    positives above.
    """
    from mtl_magic.tasks.metrics import ranks

    positive = true > 0.5
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return Statistic(lambda counts: np.full(len(counts), math.nan), np.zeros(int(codes.max()) + 1))
    everywhere, place = ranks(made), np.zeros(len(true))
    place[positive] = (everywhere[positive] - ranks(made[positive])) / n0
    place[~positive] = 1 - (everywhere[~positive] - ranks(made[~positive])) / n1
    area = float(place[positive].mean())
    table = _terms(codes, place * positive, positive * 1.0, place * ~positive, ~positive * 1.0)
    return of_sums(table, lambda above, ones, below, zeros: above / ones + below / zeros - area)


# -- lists ------------------------------------------------------------------------------------------------------------


def _of_lists(codes: np.ndarray, lists: np.ndarray, values: np.ndarray, weights: np.ndarray) -> Statistic:
    """The weighted mean of the lists' values; a value that is NaN does not count.

    Args:
        codes: of each row, the unit of its list.
        lists: of each row, its list.
        values, weights: of each list, in the order in which lists come first.
    """
    own = numbered(lists)
    unit_of = np.zeros(int(own.max()) + 1, "int64")
    unit_of[own] = codes
    weights = np.where(np.isfinite(values), weights, 0.0)
    return of_sums(_terms(unit_of, np.nan_to_num(values) * weights, weights), lambda total, weight: total / weight)


def _by_rows(metric: Any, true: np.ndarray, made: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each list the metric and the number of its rows."""
    own = numbered(lists)
    order = np.argsort(own, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(own[order])) + 1)
    values = np.array([metric.value(true[r], made[r], {metric.group: lists[r]}) for r in rows])
    return values, np.array([float(len(r)) for r in rows])


def _evenly(metric: Any, true: np.ndarray, made: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, _ = _by_rows(metric, true, made, lists)
    return values, np.ones(len(values))


# -- any other metric -------------------------------------------------------------------------------------------------


def _each(metric: Any, true: np.ndarray, made: np.ndarray, codes: np.ndarray, beside: Any) -> Statistic:
    """Resample by resample."""

    def under(counts: np.ndarray) -> np.ndarray:
        found = []
        for count in counts:
            rows = np.repeat(np.arange(len(true)), count[codes].astype("int64"))
            found.append(float(metric.value(true[rows], made[rows], {k: v[rows] for k, v in beside.items()})))
        return np.array(found)

    return Statistic(under, None)


BUILDERS: dict[str, Callable[..., Statistic]] = {
    "auc": _auc,
    "logloss": _mean(_log_loss),
    "accuracy": _mean(_hits),
    "rmse": _rmse,
    "mae": _mean(lambda true, made: abs(true - made)),
    "ne": _entropy,
    "pcoc": _calibration,
}
LISTS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"gauc": _by_rows, "ndcg": _evenly, "mrr": _evenly}
