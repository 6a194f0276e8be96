"""Metrics of calibration: whether predicted probabilities are as high as labels are frequent. Exact, in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from mtl_magic.parameters import Choice, Int
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Metric
from mtl_magic.tasks.metrics import LogLoss, ranks

if TYPE_CHECKING:
    import numpy as np


@declare(
    "metric",
    "ne",
    paper="He et al. 2014, Practical Lessons from Predicting Clicks on Ads at Facebook, eq. 3",
    example="task click: binary(metrics=[auc, ne])",
)
class NormalizedEntropy(Metric):
    """Normalised entropy: the log loss over that of always predicting the rows' own rate of positives.

    1 is no better than the rate, 0 is perfect; unlike the log loss it compares heads of different rates. NaN where one
    class is missing.
    """

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multilabel")
    higher_is_better: ClassVar[bool | None] = False

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        rate = float(labels.mean()) if len(labels) else 0.0
        if not 0 < rate < 1:
            return float("nan")
        entropy = -rate * math.log(rate) - (1 - rate) * math.log(1 - rate)
        return LogLoss().value(labels, predictions, extras) / entropy


@declare(
    "metric",
    "pcoc",
    paper="Graepel et al. 2010, Web-Scale Bayesian Click-Through Rate Prediction for Sponsored Search",
    example="task click: binary(metrics=[auc, pcoc])",
)
class PredictedOverObserved(Metric):
    """Predicted over observed: Σ predictions / Σ labels (PCOC: predicted clicks over clicks).

    1 is calibrated on the whole; above 1 predictions are too high. Best in the middle, so `early_stop` cannot watch it.
    NaN where the labels' sum is not above 0.
    """

    tasks: ClassVar[tuple[str, ...]] = ("binary", "regression", "count", "multilabel")
    higher_is_better: ClassVar[bool | None] = None

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        observed = float(labels.sum())
        return float(predictions.sum(dtype="float64")) / observed if observed > 0 else float("nan")


@declare(
    "metric",
    "ece",
    paper="Guo et al. 2017, On Calibration of Modern Neural Networks, eq. 3",
    example="task click: binary(metrics=[ece(bins=20, spaced=count)])",
)
class CalibrationError(Metric):
    """Expected calibration error: Σ_b n_b/n |mean label − mean probability| over bins b of the probability.

    Of a multiclass task the probability is that of the most probable class, and the label whether that is the true one.
    Where positives are rare, bins of equal width hold nearly all rows in the first: take `spaced=count`.
    """

    bins: int = option(Int(minimum=1), 15, "number of bins")
    spaced: str = option(
        Choice(("width", "count")), "width", "width: bins of equal width from 0 to 1; count: of equally many rows"
    )

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass", "multilabel", "ordinal")
    higher_is_better: ClassVar[bool | None] = False

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        if not len(labels):
            return float("nan")
        p = predictions.astype("float64")
        if p.ndim > 1:
            labels, p = p.argmax(-1) == labels, p.max(-1)
        at = p if self.spaced == "width" else (ranks(p) - 0.5) / len(p)  # rows of equal probability stay together
        bins = np.clip(np.ceil(at * self.bins) - 1, 0, self.bins - 1).astype("int64")
        gaps = np.bincount(bins, labels - p, self.bins)
        return float(np.abs(gaps).sum() / len(p))
