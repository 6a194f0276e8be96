"""Gradient vaccine."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, BalanceTask, Evidence, State
from mtl_magic.balance._gramian import GramianBalance, settled
from mtl_magic.balance._random import orders
from mtl_magic.balance.solve.scaled import scaled
from mtl_magic.parameters import SEED, Float, Int
from mtl_magic.registry import declare, option

PARALLEL = 1 - 1e-9  # a cosine beyond which there is no direction to turn to


@declare(
    "balance",
    "gradvac",
    paper="Wang, Tsvetkov, Firat & Cao 2021, Gradient Vaccine: Investigating and Improving Multi-task Optimization in Massively Multilingual Models, eq. 3-4",
    example="balance gradvac(beta=0.01)",
)
class GradVac(GramianBalance):
    """Turns gradients towards one another until their cosine is what it usually is, φᵢⱼ, not only where they conflict.

    Where cos(gᵢ, gⱼ) = c < φ: gᵢ += ‖gᵢ‖ (φ √(1−c²) − c √(1−φ²)) / (‖gⱼ‖ √(1−φ²)) gⱼ, in a random order of j; then
    φ ← (1−β) φ + β c. The direction is the sum. φ starts at 0, where the method is that of `pcgrad`.

    When: tasks that are related, so that even positive cosines vary. Cost: as `pcgrad`.

    Over all shared parameters at once, where the paper takes each layer apart.
    """

    beta: float = option(Float(minimum=0, maximum=1), 0.01, "pace of the usual cosines", assigned=True)
    seed: int = option(Int(0, SEED), 0, "which orders: a function of the seed and the step", assigned=True)

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {**super().start(tasks), "phi": np.zeros((len(tasks), len(tasks)), "float32")}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        problem = scaled(evidence.gramian, evidence.active)
        k = len(tasks)
        beta = number(self.beta, tf.float64)
        order = orders(self.seed, evidence.step, k)
        mine = tf.eye(k, dtype=tf.float64)
        both = problem.active[:, None] * problem.active[None, :]
        parts = mine  # row i: gᵢ over its first norm, as a combination of all unit gradients
        usual = tf.cast(state["phi"], tf.float64)
        for turn in range(k):
            other = tf.one_hot(order[:, turn], k, dtype=tf.float64) * (1 - mine) * both
            products = tf.matmul(parts, problem.cosines)
            norm = tf.sqrt(tf.maximum(tf.reduce_sum(products * parts, axis=1, keepdims=True), 1e-300))
            cosine = tf.clip_by_value(tf.reduce_sum(products * other, axis=1, keepdims=True) / norm, -1.0, 1.0)
            phi = tf.clip_by_value(tf.reduce_sum(usual * other, axis=1, keepdims=True), -PARALLEL, PARALLEL)
            rest = tf.sqrt(1 - phi**2)
            turned = norm * (phi * tf.sqrt(1 - cosine**2) - cosine * rest) / rest
            parts += other * tf.where(cosine < phi, turned, 0.0)
            usual += other * beta * (cosine - usual)
        total = tf.linalg.matvec(parts, problem.norms * problem.active, transpose_a=True)
        found, kept = settled(total / problem.norms, tf.zeros((), tf.float64), problem, evidence, state)
        return found, {**kept, "phi": tf.cast(usual, state["phi"].dtype)}
