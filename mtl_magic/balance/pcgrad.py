"""Gradient surgery."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance._random import orders
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.parameters import SEED, Int
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "pcgrad",
    paper="Yu, Kumar, Gupta, Levine, Hausman & Finn 2020, Gradient Surgery for Multi-Task Learning, algorithm 1",
    example="balance pcgrad",
)
class PcGrad(GramianBalance):
    """Projects each gradient off those that it conflicts with, in a random order: gᵢ −= (gᵢ · gⱼ / ‖gⱼ‖²) gⱼ where gᵢ · gⱼ < 0.

    The direction is the sum of what is left. All of it is a function of the Gramian, since each gᵢ stays a combination of the
    original gradients.

    When: a cheap cure of pairwise conflict. With more than two tasks the sum may still conflict with some task, and
    where no pair conflicts it is the plain sum. Cost: K rounds of products of K×K matrices.

    As in the paper the sum is taken, over all shared parameters at once; some codes take the mean, or each layer apart.
    """

    seed: int = option(Int(0, SEED), 0, "which orders: a function of the seed and the step", assigned=True)

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        k = problem.norms.shape[0]
        order = orders(self.seed, evidence.step, k)
        mine = tf.eye(k, dtype=tf.float64)
        parts = mine  # row i: gᵢ over its norm, as a combination of all unit gradients
        for turn in range(k):
            other = tf.one_hot(order[:, turn], k, dtype=tf.float64) * (1 - mine)  # (K, K), 0 where j = i
            product = tf.reduce_sum(tf.matmul(parts, problem.cosines) * other, axis=1, keepdims=True)
            parts -= other * tf.minimum(product, 0.0)
        total = tf.linalg.matvec(parts, problem.norms * problem.active, transpose_a=True)
        return total / problem.norms, tf.zeros((), tf.float64)
