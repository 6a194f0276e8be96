"""Homoscedastic uncertainty."""

from __future__ import annotations

from mtl_magic.balance._adam import moments, moved
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.parameters import Choice, Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "uncertainty",
    paper="Kendall, Gal & Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh Losses, eq. 7 and 10; form=liebel: Liebel & Körner 2018, Auxiliary Tasks in Multi-task Learning, eq. 3",
    example="balance uncertainty",
)
class Uncertainty(Balance):
    """Learned noise of each task: minimises Σ aₖ e^(−sₖ) Lₖ + sₖ/2 over the network and s = log σ².

    L is the loss over that of the best constant predictor, times the task's own `weight`; s makes up for a constant
    factor, so that in the long run such a weight changes little.

    a is 1 for classification and ½ for regression (the paper's equations 10 and 7); a number whose loss is a likelihood too
    (`poisson`, `tweedie`, `ziln`) has 1. s starts at 0, is never clamped, so a task can be weighted up, and has an Adam of
    its own, free of weight decay and clipping; its gradient, ½ − aₖ e^(−sₖ) Lₖ, needs no tape. At the optimum for given losses e^(−sₖ) = 1 / (2 aₖ Lₖ).

    `form=liebel` has the penalty log(1 + e^sₖ) in place of sₖ/2, which stays positive as the total does. Its optimum is
    another: aₖ e^(−sₖ) Lₖ = 1 / (1 + e^(−sₖ)), so that a task of small loss is weighted up less, as 1/√L.

    When: tasks of different noise or unit. It knows nothing of conflict. Cost: none.
    """

    lr: float = option(Float(above=0), 0.01, "learning rate of s", assigned=True)
    form: str = option(Choice(("kendall", "liebel")), "kendall", "the penalty of noise", by_name=True)

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {"s": np.zeros(len(tasks), "float32"), **moments(len(tasks))}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        scale = tf.constant([1.0 if t.classification else 0.5 for t in tasks], evidence.losses.dtype)
        weights = scale * tf.exp(-state["s"])
        penalty = 0.5 if self.form == "kendall" else tf.sigmoid(state["s"])
        s, rest = moved(state["s"], penalty - weights * evidence.losses, state, self.lr, evidence.active)
        return weights, {"s": s, **rest}
