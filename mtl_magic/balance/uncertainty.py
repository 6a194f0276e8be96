"""Homoscedastic uncertainty."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@declare(
    "balance",
    "uncertainty",
    paper="Kendall, Gal & Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh Losses, eq. 7 and 10",
    example="balance uncertainty",
)
class Uncertainty(Balance):
    """Learned noise of each task: minimises Σ aₖ e^(−sₖ) Lₖ + sₖ/2 over the network and s = log σ².

    L is the loss over that of the best constant predictor, times the task's own `weight`; s makes up for a constant
    factor, so that in the long run such a weight changes little.

    a is 1 for classification and ½ for regression (the paper's equations 10 and 5). s starts at 0, is never clamped, so
    a task can be weighted up, and has an Adam of its own, free of weight decay and clipping; its gradient,
    ½ − aₖ e^(−sₖ) Lₖ, needs no tape. At the optimum for given losses e^(−sₖ) = 1 / (2 aₖ Lₖ).
    """

    lr: float = option(Float(above=0), 0.01, "learning rate of s")

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        zeros = np.zeros(len(tasks), "float32")
        return {"s": zeros, "m": zeros, "v": zeros, "t": zeros}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        scale = tf.constant([1.0 if t.classification else 0.5 for t in tasks])
        weights = scale * tf.exp(-state["s"])
        gradient = 0.5 - weights * evidence.losses
        t = state["t"] + 1.0
        m = BETA1 * state["m"] + (1 - BETA1) * gradient
        v = BETA2 * state["v"] + (1 - BETA2) * gradient**2
        step = self.lr * (m / (1 - BETA1**t)) / (tf.sqrt(v / (1 - BETA2**t)) + EPSILON)
        moved = {"s": state["s"] - step, "m": m, "v": v, "t": t}
        return weights, {k: tf.where(evidence.active, moved[k], state[k]) for k in moved}
