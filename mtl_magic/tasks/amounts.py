"""Losses of amounts and counts: numbers of at least 0, with a long tail or many zeros. From logits; exponents are kept finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option
from mtl_magic.tasks import _weighted as weighted
from mtl_magic.tasks._base import Loss
from mtl_magic.tasks.losses import VALUE, error, standard

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema

TOP = 30.0  # an exponent above it goes on in a line: e³⁰ is past what any label is
LARGEST = 80.0  # of a predicted log: float32 ends at e⁸⁸
ALMOST = 1e-6  # a rate is at least so far from 0 and 1
LEAST_SIGMA = 0.1  # of the lognormal, in deviations of the log of the positive labels


def grown(z: Any) -> Any:
    """exp(z), beyond `TOP` its tangent: finite for all z, and its derivative nowhere 0."""
    from keras import ops

    return ops.exp(ops.minimum(z, TOP)) * (1.0 + ops.maximum(z - TOP, 0.0))


@declare(
    "loss",
    "quantile",
    paper="Koenker & Bassett 1978, Regression Quantiles",
    example="task watch: regression(loss=quantile(0.9))",
)
class Quantile(Loss):
    """Quantile (pinball) loss: q e where e = y − prediction is above 0, (q − 1) e below; in deviations of the label.

    The prediction is the q-quantile: a share q of labels lies below it. Two of them as two tasks of one column
    (`label=`) make an interval; nothing keeps them from crossing.
    """

    q: float = option(Float(above=0, below=1), 0.5, "share of labels that lie below the prediction")

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = VALUE

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        e = error(labels, logits, task)
        return ops.maximum(self.q * e, (self.q - 1.0) * e)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        import numpy as np

        values = standard(labels)
        e = values - weighted.quantile(values, self.q, weights)
        return weighted.mean(np.maximum(self.q * e, (self.q - 1) * e), weights)

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        return [weighted.quantile(standard(labels), self.q, weights)]


@declare("loss", "log", example="task price: regression(loss=log)")
class SquaredLog(Loss):
    """Squared error of log(1 + y) (mean squared logarithmic error), in squared deviations of it; labels are at least 0.

    A relative error counts alike at 10 and at 10,000. The prediction is exp(·) − 1 of the mean log, at least 0: nearer to the
    median than to the mean. `tweedie` and `ziln` predict the mean of such a label.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = "the log of the value"
    least: ClassVar[float | None] = 0.0

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        mean, std = task.learnt or (0.0, 1.0)
        return ((ops.log1p(labels) - mean) / std - logits[:, 0]) ** 2

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        return 1.0 if self._logs(labels).std() else 0.0

    def learnt(self, labels: np.ndarray, weights: np.ndarray | None) -> tuple[float, ...]:
        found = self._logs(labels)
        return weighted.mean(found, weights), weighted.deviation(found, weights)

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        return [0.0]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        mean, std = task.learnt or (0.0, 1.0)
        return ops.expm1(ops.clip(logits * std + mean, 0.0, LARGEST))

    @staticmethod
    def _logs(labels: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.log1p(labels.astype("float64"))


def mean_of(task: TaskSchema) -> float:
    """The training labels' mean, as a loss of the mean keeps it."""
    return task.learnt[0] if task.learnt else 1.0


class _OfTheMean(Loss):
    """Of a mean μ = m exp(z), m that of the training labels: μ is above 0, and z = 0 the best constant."""

    reads: ClassVar[str] = "the log of the mean"
    likelihood: ClassVar[bool] = True
    least: ClassVar[float | None] = 0.0

    def learnt(self, labels: np.ndarray, weights: np.ndarray | None) -> tuple[float, ...]:
        return (weighted.mean(labels, weights) or 1.0,)

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        return [0.0]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.exp(ops.minimum(logits + math.log(mean_of(task)), LARGEST))


@declare(
    "loss",
    "poisson",
    paper="McCullagh & Nelder 1989, Generalized Linear Models, ch. 6",
    example="task clicks: count(loss=poisson)",
)
class Poisson(_OfTheMean):
    """Poisson loss: μ − y + y log(y / μ), half the deviance: minus the log likelihood over that of a perfect fit.

    It is taken of y and μ over the labels' mean, so that it does not depend on their unit. The prediction is the mean μ > 0.
    Labels are at least 0, and of a regression need not be whole.
    """

    tasks: ClassVar[tuple[str, ...]] = ("count", "regression")

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        z, y = logits[:, 0], labels / mean_of(task)
        return grown(z) - y * z + y * ops.log(ops.maximum(y, 1e-30)) - y  # y log y is 0 where y is 0

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        import numpy as np

        y = labels.astype("float64") / (weighted.mean(labels, weights) or 1.0)
        return weighted.mean(1 - y + y * np.log(np.maximum(y, 1e-30)), weights)


@declare(
    "loss",
    "tweedie",
    paper="Jørgensen 1987, Exponential Dispersion Models; Yang et al. 2018, Insurance Premium Prediction via Gradient Tree-Boosted Tweedie Compound Poisson Models",
    example="task spend: regression(loss=tweedie(1.5))",
)
class Tweedie(_OfTheMean):
    """Tweedie deviance of power p between 1 and 2, a compound of Poisson and gamma: many zeros, and amounts with a tail.

    2 [y^(2−p) / ((1−p)(2−p)) − y μ^(1−p) / (1−p) + μ^(2−p) / (2−p)], of y and μ over the labels' mean, so that it does not depend
    on their unit. The prediction is the mean μ > 0. Near 1 it is Poisson's, near 2 that of a gamma.
    """

    p: float = option(Float(above=1, below=2), 1.5, "power of the mean to which the variance is in proportion")

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        z, p = logits[:, 0], self.p
        y = labels / mean_of(task)
        own = ops.power(y, 2 - p) / ((1 - p) * (2 - p))
        return 2.0 * (own + y * grown((1 - p) * z) / (p - 1) + grown((2 - p) * z) / (2 - p))

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        p = self.p
        y = labels.astype("float64") / (weighted.mean(labels, weights) or 1.0)
        return weighted.mean(2 * (y ** (2 - p) / ((1 - p) * (2 - p)) + y / (p - 1) + 1 / (2 - p)), weights)


@declare(
    "loss",
    "ziln",
    paper="Wang et al. 2019, A Deep Probabilistic Model for Customer Lifetime Value Prediction, eq. 4",
    example="task spend: regression(loss=ziln)",
)
class ZeroInflatedLognormal(Loss):
    """Zero-inflated lognormal (ZILN): whether the amount is above 0, and its log normal where it is.

    The head gives three numbers: p = σ(z₁), and μ and σ of log y. The loss is −[y = 0] log(1 − p) − [y > 0] (log p + log N(log y; μ, σ)),
    the latter in deviations of the positive labels' log, with σ at least a tenth of one, up to a constant that keeps it at least 0.
    The prediction is the mean p exp(μ + σ²/2).
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = "the three numbers of a lognormal"
    width: ClassVar[int] = 3
    likelihood: ClassVar[bool] = True
    least: ClassVar[float | None] = 0.0

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        _, mean, std = task.learnt or (0.5, 0.0, 1.0)
        paid = ops.cast(labels > 0, logits.dtype)
        sigma = self._sigma(logits[:, 2])
        e = ((ops.log(ops.where(labels > 0, labels, 1.0)) - mean) / std - logits[:, 1]) / sigma
        amount = ops.log(sigma / LEAST_SIGMA) + 0.5 * e**2
        return ops.softplus(logits[:, 0]) - paid * logits[:, 0] + paid * amount

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        rate = self.learnt(labels, weights)[0]
        entropy = -sum(q * math.log(q) for q in (rate, 1 - rate) if q > 0)
        varies = self._logs(labels, weights)[2]  # all positive labels may be one
        return entropy + rate * (-math.log(LEAST_SIGMA) + 0.5 if varies else 0.0)

    def learnt(self, labels: np.ndarray, weights: np.ndarray | None) -> tuple[float, ...]:
        found, its, _ = self._logs(labels, weights)
        rate = weighted.mean(labels > 0, weights)
        if not len(found):
            return rate, 0.0, 1.0
        return rate, weighted.mean(found, its), weighted.deviation(found, its)

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        rate = min(max(weighted.mean(labels > 0, weights), ALMOST), 1 - ALMOST)
        return [math.log(rate / (1 - rate)), 0.0, 0.0]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        _, mean, std = task.learnt or (0.5, 0.0, 1.0)
        log = mean + std * logits[:, 1:2] + 0.5 * (std * self._sigma(logits[:, 2:3])) ** 2
        return ops.sigmoid(logits[:, 0:1]) * ops.exp(ops.minimum(log, LARGEST))

    @staticmethod
    def _sigma(z: Any) -> Any:
        """σ in deviations of the positive labels' log: 1 at z = 0."""
        from keras import ops

        return LEAST_SIGMA + ops.softplus(z + math.log(math.expm1(1 - LEAST_SIGMA)))

    @staticmethod
    def _logs(labels: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None, bool]:
        """Logs of the positive labels, their weights, and whether they vary."""
        import numpy as np

        paid = labels > 0
        found = np.log(labels[paid].astype("float64"))
        return found, None if weights is None else weights[paid], bool(len(found) and found.std() > 0)
