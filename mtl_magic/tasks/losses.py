"""Losses, from logits. Regression losses are in units of the label's standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Loss

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema


def _entropy(p: float) -> float:
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


@declare("loss", "bce", example="task click: binary(loss=bce)")
class BinaryCrossentropy(Loss):
    """Binary cross-entropy (log loss): −y log p − (1−y) log(1−p)."""

    tasks: ClassVar[tuple[str, ...]] = ("binary",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        z = logits[:, 0]
        return ops.softplus(z) - labels * z

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        return _entropy(float(labels.mean(dtype="float64")))


@declare(
    "loss",
    "focal",
    paper="Lin et al. 2017, Focal Loss for Dense Object Detection, eq. 4",
    example="task like: binary(loss=focal(gamma=2))",
)
class Focal(Loss):
    """Focal loss: −(1−p_t)^γ log p_t, with p_t the probability of the true label; rows that are already easy count less.

    It has no weight of the positive class: a task's own `weight` counts all of its rows. Its probabilities are not
    calibrated.
    """

    gamma: float = option(Float(minimum=0), 2.0, "focusing parameter γ; 0 is the binary cross-entropy")

    tasks: ClassVar[tuple[str, ...]] = ("binary",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        signed = logits[:, 0] * (2.0 * labels - 1.0)  # logit of p_t
        return ops.exp(-self.gamma * ops.softplus(signed)) * ops.softplus(-signed)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        rate = float(labels.mean(dtype="float64"))

        def loss(p: float) -> float:
            return -rate * (1 - p) ** self.gamma * math.log(p) - (1 - rate) * p**self.gamma * math.log(1 - p)

        return min(loss(i / 1000) for i in range(1, 1000))


@declare("loss", "crossentropy", example="task digit: multiclass(10, loss=crossentropy)")
class Crossentropy(Loss):
    """Categorical cross-entropy: −log of the true class's probability."""

    tasks: ClassVar[tuple[str, ...]] = ("multiclass",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        chosen = ops.one_hot(ops.cast(labels, "int32"), logits.shape[-1], dtype=logits.dtype)
        return ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        return -sum(f * math.log(f) for f in frequencies if f > 0)


def _error(labels: Any, logits: Any, task: TaskSchema) -> Any:
    return (labels - task.mean) / task.std - logits[:, 0]


def _standard(labels: np.ndarray) -> np.ndarray:
    values = labels.astype("float64")
    return (values - values.mean()) / (values.std() or 1.0)


@declare("loss", "mse", example="task watch: regression(loss=mse)")
class SquaredError(Loss):
    """Squared error, in squared standard deviations of the label."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        return _error(labels, logits, task) ** 2

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        return float((_standard(labels) ** 2).mean())


@declare("loss", "mae", example="task watch: regression(loss=mae)")
class AbsoluteError(Loss):
    """Absolute error, in standard deviations of the label."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.abs(_error(labels, logits, task))

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        import numpy as np

        values = _standard(labels)
        return float(np.abs(values - np.median(values)).mean())


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

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        size = ops.abs(_error(labels, logits, task))
        inside = ops.minimum(size, self.delta)
        return inside * (size - 0.5 * inside)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        import numpy as np

        values = _standard(labels)
        centre = float(np.median(values))
        for _ in range(50):  # the minimum is where the clipped errors' mean is 0: a contraction
            centre += float(np.clip(values - centre, -self.delta, self.delta).mean())
        inside = np.minimum(np.abs(values - centre), self.delta)
        return float((inside * (np.abs(values - centre) - 0.5 * inside)).mean())
