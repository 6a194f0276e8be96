"""Independent component alignment."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.parameters import Choice
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "aligned_mtl",
    paper="Senushkin, Patakin, Kuznetsov & Konushin 2023, Independent Component Alignment for Multi-Task Learning, algorithm 1",
    example="balance aligned_mtl(scale=min)",
)
class AlignedMtl(GramianBalance):
    """Makes the gradients' system orthogonal with equal singular values: w = σ V Λ^(−½) Vᵀ (1/K), G = V Λ Vᵀ.

    The condition number of the mixed gradients becomes 1: nothing dominates, nothing cancels. σ² is the least eigenvalue,
    their median or their mean, over those that are not nought; it changes the length of the direction alone.

    When: many tasks whose gradients dominate one another. Weights may be negative. Cost: a decomposition of a K×K matrix.

    The authors' code weighs with 1, the paper with a preference that sums to 1: 1/K here.
    """

    scale: str = option(Choice(("min", "median", "rmse")), "min", "which eigenvalue is the common one")

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        values, vectors, kept = problem.factors()  # largest first
        rank = tf.reduce_sum(tf.cast(kept, tf.int32))
        if self.scale == "rmse":
            common = tf.math.divide_no_nan(tf.reduce_sum(tf.where(kept, values, 0.0)), tf.cast(rank, tf.float64))
        else:
            place = rank - 1 if self.scale == "min" else rank // 2  # of an even number the lower, as the authors do
            common = tf.gather(values, tf.maximum(place, 0))
        root = tf.where(kept, tf.sqrt(common / tf.where(kept, values, 1.0)), 0.0)
        mean = problem.active / problem.count
        return tf.linalg.matvec(vectors, root * tf.linalg.matvec(vectors, mean, transpose_a=True)), tf.zeros(
            (), tf.float64
        )
