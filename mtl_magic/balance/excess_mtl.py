"""Excess risks."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, BalanceTask, Evidence, State
from mtl_magic.balance._gramian import GramianBalance, settled
from mtl_magic.balance._losses import softmax
from mtl_magic.balance.solve.scaled import scaled
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "excess_mtl",
    paper="He, Zhou, Zhao, Fung, Jha & Zhao 2024, Robust Multi-Task Learning with Excess Risks, eq. 6-9",
    example="balance excess_mtl(lr=0.01)",
)
class ExcessMtl(GramianBalance):
    """More weight to tasks that are far from their own optimum: w ← w exp(η Eₖ / Eₖ(0)), normalised.

    The excess risk Eₖ is estimated from gradients, ‖gₖ‖² / √Sₖ with Sₖ = Σ ‖gₖ‖² over all steps: label noise, which no model
    can learn, adds to a loss and not to this.

    When: tasks with noisy labels, which methods that look at losses would follow. Cost: the K gradients' norms.

    The paper keeps S for each parameter (AdaGrad's diagonal), K times the network as state; here it is one number a
    task (AdaGrad's norm). Eₖ(0) is that of the first step, as in the authors' code; the paper takes the mean of the first
    epochs. That code's weights sum to K, the paper's to 1, as here.
    """

    lr: float = option(Float(above=0), 0.01, "η, the step of the weights", assigned=True)

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        zeros = np.zeros(len(tasks), "float32")
        return {**super().start(tasks), "log": zeros, "sum": zeros, "initial": zeros}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        problem = scaled(evidence.gramian, evidence.active)
        active = problem.active > 0
        squares = tf.cast(problem.norms**2, state["sum"].dtype)
        total = state["sum"] + tf.where(active, squares, 0.0)
        excess = squares / tf.sqrt(tf.maximum(total, 1e-30))
        initial = tf.where(tf.logical_and(active, state["initial"] == 0), excess, state["initial"])
        grown = state["log"] + number(self.lr, excess.dtype) * excess / tf.where(initial > 0, initial, 1.0)
        log = tf.where(active, grown, state["log"])
        found, kept = settled(
            tf.cast(softmax(log, active), tf.float64), tf.zeros((), tf.float64), problem, evidence, state
        )
        return found, {**kept, "log": log, "sum": total, "initial": initial}
