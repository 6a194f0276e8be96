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
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Units(NamedTuple):
    """What is resampled: the unit of each labelled row (n,), and how many there are, with those of rows without a label."""

    of: np.ndarray
    number: int


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

    Of two heads of the same rows the resamples are the same, so that sums over heads are right too.

    Args:
        metric: which.
        labels: (n,), NaN where there is none: such rows do not count. (n, classes) of several labels, of whose metrics the
            mean is taken, as in an evaluation.
        predictions: of each run, (n,) or (n, classes).
        extras: columns that the metric reads, (n,) each.
        groups: of each row (n,): they are resampled whole; None: rows. A metric of lists resamples its own lists.
        count: resamples, fewer of a metric that is slow.
        seed: of the draws.
    """
    if labels.ndim == 2:
        each = [
            replicates(metric, labels[:, c], [p[:, c] for p in predictions], extras, groups, count=count, seed=seed)
            for c in range(labels.shape[1])
        ]
        return _mean_of([one for one in each if np.isfinite(one.values).all()] or each[:1])
    known = np.isfinite(labels)
    true = labels[known].astype("float64")
    made = [p[known].astype("float64") for p in predictions]
    beside = {name: values[known] for name, values in extras.items()}
    values = np.array([float(metric.value(true, p, beside)) for p in made])
    if not len(true):
        return Replicates(values, np.full((len(made), 1), math.nan), np.zeros((len(made), 1)), 0)
    column = getattr(metric, "group", None) or ""
    if metric.word in LISTS and column in extras:
        codes = units_of(extras[column], len(labels), seed)
        units = Units(codes[known], int(codes.max()) + 1)
        found = [_of_lists(units, beside[column], *LISTS[metric.word](metric, true, p, beside[column])) for p in made]
    else:
        codes = units_of(groups, len(labels), seed)
        units = Units(codes[known], int(codes.max()) + 1)
        build = BUILDERS.get(metric.word, _each)
        found = [build(metric, true, p, units, beside) for p in made]
    moved = [one.influence for one in found if one.influence is not None]
    count = count if moved else min(count, SLOW)
    chunks = [np.stack([one.under(c) for one in found]) for c in resamples(units.number, count, seed, wide=len(true))]
    drawn = np.concatenate(chunks, axis=1)
    return Replicates(values, drawn, np.stack(moved) if moved else None, units.number, events_of(true, units))


def events_of(true: np.ndarray, units: Units) -> int:
    """Units with a row of the rarer class of a binary label; of another label all that have a row."""
    rare = np.ones(len(true), bool)
    if set(np.unique(true)) <= {0.0, 1.0}:
        rare = true > 0.5 if true.mean() < 0.5 else true < 0.5
    return int((np.bincount(units.of, rare, units.number) > 0).sum())


def _mean_of(each: Sequence[Replicates]) -> Replicates:
    """The mean over classes."""
    moved = [one.influence for one in each if one.influence is not None]
    return Replicates(
        np.mean([one.values for one in each], axis=0),
        np.mean([one.drawn for one in each], axis=0),
        np.mean(moved, axis=0) if len(moved) == len(each) else None,
        each[0].units,
        min(one.events for one in each),
    )


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


def _terms(units: Units, *terms: np.ndarray) -> np.ndarray:
    """Of each unit the sums of some terms of its rows: (units, terms)."""
    return np.stack([np.bincount(units.of, term, units.number) for term in terms], axis=1)


def _mean(of_rows: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., Statistic]:
    """A metric that is the mean of something over rows."""

    def build(_: Any, true: np.ndarray, made: np.ndarray, units: Units, *_beside: Any) -> Statistic:
        return of_sums(_terms(units, of_rows(true, made), np.ones(len(true))), lambda total, rows: total / rows)

    return build


def _log_loss(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    p = np.where(true > 0.5, made, 1 - made) if made.ndim == 1 else made[np.arange(len(made)), true.astype(int)]
    found: np.ndarray = -np.log(np.clip(p, 1e-7, 1))
    return found


def _hits(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    found: np.ndarray = ((made > 0.5 if made.ndim == 1 else made.argmax(-1)) == true).astype("float64")
    return found


def _distance(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Of ordinal tasks from the most probable rank."""
    found: np.ndarray = abs(true - (made if made.ndim == 1 else made.argmax(-1)))
    return found


def _rmse(_: Any, true: np.ndarray, made: np.ndarray, units: Units, *_beside: Any) -> Statistic:
    table = _terms(units, (true - made) ** 2, np.ones(len(true)))
    return of_sums(table, lambda total, rows: np.sqrt(total / rows))


def _entropy(_: Any, true: np.ndarray, made: np.ndarray, units: Units, *_beside: Any) -> Statistic:
    def function(total: np.ndarray, positives: np.ndarray, rows: np.ndarray) -> np.ndarray:
        rate = positives / rows
        found: np.ndarray = total / rows / (-rate * np.log(rate) - (1 - rate) * np.log(1 - rate))
        return found

    return of_sums(_terms(units, _log_loss(true, made), true, np.ones(len(true))), function)


def _calibration(_: Any, true: np.ndarray, made: np.ndarray, units: Units, *_beside: Any) -> Statistic:
    return of_sums(_terms(units, made, true), lambda predicted, observed: predicted / observed)


# -- the area under the ROC curve -------------------------------------------------------------------------------------


def _auc(_: Any, true: np.ndarray, made: np.ndarray, units: Units, *_beside: Any) -> Statistic:
    linear = placements(true, made, units)
    return linear if len(true) > MOST else dataclasses.replace(linear, under=sorting(true, made, units))


def sorting(true: np.ndarray, made: np.ndarray, units: Units) -> Callable[[np.ndarray], np.ndarray]:
    """`Statistic.under` of the AUC: Σ positives · (negatives below + half of those that tie), over all pairs."""
    order = np.argsort(made, kind="stable")
    place, positive, score = units.of[order], true[order] > 0.5, made[order]
    ties = np.flatnonzero(np.diff(score, prepend=-np.inf) != 0)

    def under(counts: np.ndarray) -> np.ndarray:
        weights = counts[:, place]
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


def placements(true: np.ndarray, made: np.ndarray, units: Units) -> Statistic:
    """The AUC as two means less their expectation: of positives the share of negatives below, of negatives that of
    positives above.
    """
    from mtl_magic.tasks.metrics import ranks

    positive = true > 0.5
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return Statistic(lambda counts: np.full(len(counts), math.nan), np.zeros(units.number))
    everywhere, place = ranks(made), np.zeros(len(true))
    place[positive] = (everywhere[positive] - ranks(made[positive])) / n0
    place[~positive] = 1 - (everywhere[~positive] - ranks(made[~positive])) / n1
    area = float(place[positive].mean())
    table = _terms(units, place * positive, positive * 1.0, place * ~positive, ~positive * 1.0)
    return of_sums(table, lambda above, ones, below, zeros: above / ones + below / zeros - area)


# -- lists ------------------------------------------------------------------------------------------------------------


def _of_lists(units: Units, lists: np.ndarray, values: np.ndarray, weights: np.ndarray) -> Statistic:
    """The weighted mean of the lists' values; a value that is NaN does not count.

    Args:
        units: of each row, that of its list.
        lists: of each row, its list.
        values, weights: of each list, in the order in which lists come first.
    """
    own = numbered(lists)
    unit_of = np.zeros(int(own.max()) + 1, "int64")
    unit_of[own] = units.of
    weights = np.where(np.isfinite(values), weights, 0.0)
    return of_sums(
        _terms(Units(unit_of, units.number), np.nan_to_num(values) * weights, weights),
        lambda total, weight: total / weight,
    )


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


def _each(metric: Any, true: np.ndarray, made: np.ndarray, units: Units, beside: Any) -> Statistic:
    """Resample by resample."""

    def under(counts: np.ndarray) -> np.ndarray:
        found = []
        for count in counts:
            rows = np.repeat(np.arange(len(true)), count[units.of].astype("int64"))
            found.append(float(metric.value(true[rows], made[rows], {k: v[rows] for k, v in beside.items()})))
        return np.array(found)

    return Statistic(under, None)


BUILDERS: dict[str, Callable[..., Statistic]] = {
    "auc": _auc,
    "logloss": _mean(_log_loss),
    "accuracy": _mean(_hits),
    "rmse": _rmse,
    "mae": _mean(_distance),
    "ne": _entropy,
    "pcoc": _calibration,
}
LISTS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"gauc": _by_rows, "ndcg": _evenly, "mrr": _evenly}
