"""Metrics: exact, on whole columns, in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from mtl_magic.parameters import Float, Name
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Metric
from mtl_magic.tasks.ordinal import expected, kappa

if TYPE_CHECKING:
    import numpy as np


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve by ranks, ties counted half (Mann-Whitney U); NaN where one class is missing.

    Example:
        >>> import numpy as np
        >>> roc_auc(np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.4, 0.4]))
        0.875
    """
    positive = labels > 0.5
    n1 = int(positive.sum())
    n0 = len(labels) - n1
    if not n1 or not n0:
        return float("nan")
    return float((ranks(scores)[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def ranks(values: np.ndarray) -> np.ndarray:
    """Places from 1 in ascending order, (n,) float64; equal values share the mean of theirs.

    Example:
        >>> import numpy as np
        >>> ranks(np.array([7, 5, 7])).tolist()
        [2.5, 1.0, 2.5]
    """
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return found


@declare("metric", "auc", example="task click: binary(metrics=[auc])")
class Auc(Metric):
    """Area under the ROC curve: the chance that a random positive is ranked above a random negative."""

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multilabel")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        return roc_auc(labels, predictions)


@declare(
    "metric",
    "gauc",
    paper="Zhu et al. 2017, Optimized Cost per Click in Taobao Display Advertising",
    example="task click: binary(metrics=[auc, gauc(user_id)])",
)
class GroupAuc(Metric):
    """Mean AUC within each group (a user, say), weighted by the group's rows; groups of one class are left out.

    Where no group has both classes it is NaN. The group may be a column that is ignored as a feature. A task reports one
    gauc; elsewhere it is named without its group, as in `early_stop=click.gauc`.
    """

    group: str = option(Name("column"), doc="column whose equal values are a group")

    tasks: ClassVar[tuple[str, ...]] = ("binary", "ranking")

    def columns(self) -> tuple[str, ...]:
        return (self.group,)

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np
        import pandas as pd

        if not len(labels):
            return float("nan")
        groups = pd.factorize(extras[self.group], use_na_sentinel=False)[0]
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        total = weight = 0.0
        for rows in np.split(order, starts[1:]):
            auc = roc_auc(labels[rows], predictions[rows])
            if not math.isnan(auc):
                total, weight = total + auc * len(rows), weight + len(rows)
        return total / weight if weight else float("nan")


@declare("metric", "logloss", example="task click: binary(metrics=[logloss])")
class LogLoss(Metric):
    """Mean negative log-likelihood of the true class, in nats."""

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass", "multilabel", "ordinal")
    higher_is_better: ClassVar[bool | None] = False

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        p = predictions.astype("float64")
        p = np.where(labels > 0.5, p, 1 - p) if p.ndim == 1 else p[np.arange(len(p)), labels.astype(int)]
        return float(-np.log(np.clip(p, 1e-7, 1)).mean()) if len(p) else float("nan")


@declare("metric", "accuracy", example="task digit: multiclass(10, metrics=[accuracy])")
class Accuracy(Metric):
    """Share of rows whose most probable class (or side of one half) is the true one."""

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass", "multilabel", "ordinal")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        guess = predictions > 0.5 if predictions.ndim == 1 else predictions.argmax(-1)
        return float((guess == labels).mean()) if len(labels) else float("nan")


@declare("metric", "pr_auc", example="task buy: binary(metrics=[pr_auc, auc])")
class PrAuc(Metric):
    """Area under the precision-recall curve, as average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores.

    A random ranking has the share of positives, so it says more than the AUC of rare labels. NaN without a positive.
    """

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multilabel")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        positive = labels > 0.5
        if not positive.any():
            return float("nan")
        scores, place = np.unique(-predictions, return_inverse=True)
        hits = np.bincount(place, positive, len(scores))
        rows = np.bincount(place, minlength=len(scores))
        return float((hits * hits.cumsum() / rows.cumsum()).sum() / positive.sum())


@declare("metric", "f1", example="task buy: binary(metrics=[f1(threshold=0.2)])")
class F1(Metric):
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); of several classes the mean over them (macro).

    A binary row is taken for positive where its probability is above the threshold. Classes that neither stand in a
    label nor are guessed do not count.
    """

    threshold: float = option(Float(minimum=0, below=1), 0.5, "probability above which a binary row counts as positive")

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass", "multilabel", "ordinal")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        several = predictions.ndim > 1
        guess = predictions.argmax(-1) if several else predictions > self.threshold
        true = labels.astype("int64")
        size = predictions.shape[1] if several else 2
        hits = np.bincount(true[guess == true], minlength=size)
        both = np.bincount(true, minlength=size) + np.bincount(guess.astype("int64"), minlength=size)
        used = both > 0
        used[0] &= several
        return float((2 * hits[used] / both[used]).mean()) if used.any() else float("nan")


@declare("metric", "rmse", example="task watch: regression(metrics=[rmse])")
class Rmse(Metric):
    """Root mean squared error, in the label's unit."""

    tasks: ClassVar[tuple[str, ...]] = ("regression", "count")
    higher_is_better: ClassVar[bool | None] = False

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        error = labels.astype("float64") - predictions.astype("float64")
        return float((error**2).mean() ** 0.5) if len(error) else float("nan")


@declare("metric", "mae", example="task watch: regression(metrics=[mae])")
class Mae(Metric):
    """Mean absolute error, in the label's unit; of an ordinal task in ranks, from the most probable one."""

    tasks: ClassVar[tuple[str, ...]] = ("regression", "count", "ordinal")
    higher_is_better: ClassVar[bool | None] = False

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        predictions = predictions.argmax(-1) if predictions.ndim > 1 else predictions
        error = labels.astype("float64") - predictions.astype("float64")
        return float(abs(error).mean()) if len(error) else float("nan")


@declare("metric", "spearman", paper="Spearman 1904", example="task watch: regression(metrics=[spearman])")
class Spearman(Metric):
    """Rank correlation: Pearson's correlation of the ranks, ties sharing the mean of theirs.

    1 where predictions order the rows as labels do, 0 where they say nothing. NaN where either is constant. Of an ordinal
    task the prediction is the mean rank.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression", "count", "ordinal")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        predictions = expected(predictions) if predictions.ndim > 1 else predictions
        if len(labels) < 2:
            return float("nan")
        a, b = ranks(labels) - (len(labels) + 1) / 2, ranks(predictions) - (len(labels) + 1) / 2
        size = float(np.sqrt((a @ a) * (b @ b)))
        return float(a @ b) / size if size else float("nan")


@declare(
    "metric",
    "kappa",
    paper="Cohen 1968, Weighted Kappa",
    example="task stars: ordinal(5, metrics=[kappa, mae])",
)
class Kappa(Metric):
    """Quadratic weighted kappa of the label and the most probable rank: 1 − Σ (y − ŷ)² over what chance would give.

    1 where they agree, 0 where they agree as two independent ratings of these shares would. NaN where all are one rank.
    """

    tasks: ClassVar[tuple[str, ...]] = ("ordinal",)

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        return kappa(labels, predictions.argmax(-1), predictions.shape[1]) if len(labels) else float("nan")
