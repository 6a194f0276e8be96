"""How a network is trained where `compile` alone does not say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


class Constant(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first steps and then stays."""

    def __init__(self, peak: float, rise: int) -> None:
        self.peak, self.rise = peak, rise

    def __call__(self, step: Any) -> Any:
        return self.peak * ops.minimum(1.0, (ops.cast(step, "float32") + 1) / self.rise)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "rise": self.rise}


class Linear(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first steps and then falls in a line to 0."""

    def __init__(self, peak: float, rise: int, steps: int) -> None:
        self.peak, self.rise, self.steps = peak, rise, steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32") + 1
        done = (step - self.rise) / (self.steps + 1 - self.rise)
        rising = ops.minimum(1.0, step / self.rise)
        return self.peak * rising * (1 - ops.clip(done, 0.0, 1.0))

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "rise": self.rise, "steps": self.steps}


class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first steps and then falls as half a cosine to 0."""

    def __init__(self, peak: float, rise: int, steps: int) -> None:
        self.peak, self.rise, self.steps = peak, rise, steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32") + 1
        done = (step - self.rise) / (self.steps + 1 - self.rise)
        rising = ops.minimum(1.0, step / self.rise)
        return (
            self.peak * rising * 0.5 * (1 + ops.cos(np.pi * ops.clip(done, 0.0, 1.0)))
        )

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "rise": self.rise, "steps": self.steps}


class LearntWeights(keras.Model):
    """A network whose tasks' weights are learnt: Σ a exp(-s) L + s / 2 is minimised.

    Kendall, Gal & Cipolla 2018, eq. 7 and 10: s is the log of a task's noise, a is 1 for a
    class and 1/2 for a number. Validation is the mean of the losses themselves.
    """

    def __init__(
        self,
        network: keras.Model,
        losses: dict[str, Callable],
        weights: dict[str, float],
        factors: dict[str, float],
        rate: float,
    ) -> None:
        super().__init__()
        self.network, self.losses_of, self.factors = network, losses, factors
        self.weights_of, self.rate = weights, rate
        self.raw = self.add_weight((len(losses),), initializer="zeros", name="raw")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.network(inputs, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch; s is `rate` times what the optimizer moves."""
        total = 0.0
        for k, (task, loss) in enumerate(self.losses_of.items()):
            found = self.weights_of[task] * loss(y[task], y_pred[task])
            if training:
                s = self.rate * self.raw[k]
                known = ops.cast(ops.any(ops.isfinite(y[task][:, :1])), "float32")
                found = self.factors[task] * ops.exp(-s) * found + known * s / 2
            total = total + found
        return total


class Watch(keras.callbacks.Callback):
    """After an epoch, what early stopping watches: `val_score`, of what was logged."""

    def __init__(self, score: Callable[[dict[str, float]], float]) -> None:
        super().__init__()
        self.score = score

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs["val_score"] = self.score(logs)
