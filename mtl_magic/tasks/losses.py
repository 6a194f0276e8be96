"""Losses of classes, and of numbers as they are; from logits. Those of numbers are in units of the label's standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option
from mtl_magic.tasks import _weighted as weighted
from mtl_magic.tasks._base import Loss

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema


def _entropy(p: float) -> float:
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


SMOOTHING = "ε: a label is taken for (1 − ε) of itself and ε spread evenly over all classes"


@declare(
    "loss",
    "bce",
    paper="label smoothing: Szegedy et al. 2016, Rethinking the Inception Architecture for Computer Vision, sec. 7",
    example="task click: binary(loss=bce(label_smoothing=0.05))",
)
class BinaryCrossentropy(Loss):
    """Binary cross-entropy (log loss): −y log p − (1−y) log(1−p).

    With `label_smoothing` ε, y is (1 − ε) y + ε/2, so that no row asks for certainty; probabilities are then drawn to one half.
    """

    label_smoothing: float = option(Float(minimum=0, below=1), 0.0, SMOOTHING)

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multilabel")

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        z = logits[:, 0]
        if self.label_smoothing:
            labels = labels * (1.0 - self.label_smoothing) + self.label_smoothing / 2
        return ops.softplus(z) - labels * z

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        return _entropy(self._rate(labels, weights))

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        if weights is None and not self.label_smoothing:
            return None
        rate = min(max(self._rate(labels, weights), 1e-6), 1 - 1e-6)
        return [math.log(rate / (1 - rate))]

    def _rate(self, labels: np.ndarray, weights: np.ndarray | None) -> float:
        return weighted.mean(labels, weights) * (1 - self.label_smoothing) + self.label_smoothing / 2


@declare(
    "loss",
    "focal",
    paper="Lin et al. 2017, Focal Loss for Dense Object Detection, eq. 4",
    example="task like: binary(loss=focal(gamma=2))",
)
class Focal(Loss):
    """Focal loss: −(1−p_t)^γ log p_t, with p_t the probability of the true label; rows that are already easy count less.

    The weight of the positive class, α in the paper, is the task's `pos_weight`. Its probabilities are not calibrated.
    """

    gamma: float = option(Float(minimum=0), 2.0, "focusing parameter γ; 0 is the binary cross-entropy")

    tasks: ClassVar[tuple[str, ...]] = ("binary", "multilabel")

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        signed = logits[:, 0] * (2.0 * labels - 1.0)  # logit of p_t
        return ops.exp(-self.gamma * ops.softplus(signed)) * ops.softplus(-signed)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        rate = weighted.mean(labels, weights)

        def loss(p: float) -> float:
            return -rate * (1 - p) ** self.gamma * math.log(p) - (1 - rate) * p**self.gamma * math.log(1 - p)

        return min(loss(i / 1000) for i in range(1, 1000))

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        if weights is None:
            return None
        rate = min(max(weighted.mean(labels, weights), 1e-6), 1 - 1e-6)
        return [math.log(rate / (1 - rate))]


@declare("loss", "crossentropy", example="task digit: multiclass(10, loss=crossentropy)")
class Crossentropy(Loss):
    """Categorical cross-entropy: −log of the true class's probability.

    With `label_smoothing` ε, −(1 − ε) log p of the true class − ε/n Σ log p of all n classes.
    """

    label_smoothing: float = option(Float(minimum=0, below=1), 0.0, SMOOTHING)

    tasks: ClassVar[tuple[str, ...]] = ("multiclass",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        chosen = ops.one_hot(ops.cast(labels, "int32"), logits.shape[-1], dtype=logits.dtype)
        if self.label_smoothing:
            chosen = chosen * (1.0 - self.label_smoothing) + self.label_smoothing / logits.shape[-1]
        return ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        found = self._shares(labels, frequencies, weights)
        return -sum(f * math.log(f) for f in found if f > 0)

    def _shares(
        self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None
    ) -> tuple[float, ...]:
        n = max(len(frequencies), 1)
        if weights is not None:
            frequencies = tuple(weighted.mean(labels == c, weights) for c in range(n))
        return tuple(f * (1 - self.label_smoothing) + self.label_smoothing / n for f in frequencies)


VALUE = "the value itself"


def error(labels: Any, logits: Any, task: TaskSchema) -> Any:
    """y − prediction, in deviations of the label: (B,)."""
    return (labels - task.mean) / task.std - logits[:, 0]


def standard(labels: np.ndarray) -> np.ndarray:
    """Labels in their own deviations from their mean, without weights, as the head reads them."""
    values = labels.astype("float64")
    return (values - values.mean()) / (values.std() or 1.0)


@declare("loss", "mse", example="task watch: regression(loss=mse)")
class SquaredError(Loss):
    """Squared error, in squared standard deviations of the label."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = VALUE

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        return error(labels, logits, task) ** 2

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        values = standard(labels)
        return weighted.mean((values - weighted.mean(values, weights)) ** 2, weights)

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        return None if weights is None else [weighted.mean(standard(labels), weights)]


@declare("loss", "mae", example="task watch: regression(loss=mae)")
class AbsoluteError(Loss):
    """Absolute error, in standard deviations of the label."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = VALUE

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.abs(error(labels, logits, task))

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        values = standard(labels)
        return weighted.mean(abs(values - weighted.quantile(values, 0.5, weights)), weights)


@declare(
    "loss",
    "huber",
    paper="Huber 1964, Robust Estimation of a Location Parameter",
    example="task watch: regression(loss=huber(delta=1))",
)
class Huber(Loss):
    """Huber loss: ½e² up to δ, then δ(|e| − ½δ); e is in standard deviations of the label."""

    delta: float = option(Float(above=0), 1.0, "where squared becomes linear, in standard deviations of the label")

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reads: ClassVar[str] = VALUE

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        size = ops.abs(error(labels, logits, task))
        inside = ops.minimum(size, self.delta)
        return inside * (size - 0.5 * inside)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        import numpy as np

        values = standard(labels)
        centre = weighted.quantile(values, 0.5, weights)
        for _ in range(50):  # the minimum is where the clipped errors' mean is 0: a contraction
            centre += weighted.mean(np.clip(values - centre, -self.delta, self.delta), weights)
        inside = np.minimum(np.abs(values - centre), self.delta)
        return weighted.mean(inside * (np.abs(values - centre) - 0.5 * inside), weights)
