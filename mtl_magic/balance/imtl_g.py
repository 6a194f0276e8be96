"""Impartial gradients."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare

NOUGHT = 1e-12  # a sum of weights below this part of their absolute sum is none


@declare(
    "balance",
    "imtl_g",
    paper="Liu, Li, Kuang, Xue, Chen, Yang, Liao & Zhang 2021, Towards Impartial Multi-task Learning, eq. 6",
    example="balance imtl_g",
)
class ImtlG(GramianBalance):
    """The direction whose projections on all gradients are equal: w = G⁺n / 1ᵀG⁺n, with n the gradients' norms.

    Jᵀw · gₖ/‖gₖ‖ is the same for all k where the gradients are independent; else in the sense of least squares.

    When: tasks whose gradients differ in size and do not conflict much. Weights sum to 1 and may be negative: with
    nearly opposite gradients they explode, and where the sum itself turns negative the direction climbs. Cost: a
    decomposition of a K×K matrix.

    The paper inverts a matrix of differences; the pseudo-inverse is the same where that exists, and defined elsewhere.
    Where the sum of the weights is 0 there is no such direction: all weights 0.
    """

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        found = problem.pseudo_inverse_times(problem.norms * problem.active)
        total = tf.reduce_sum(found)
        good = tf.abs(total) > NOUGHT * tf.reduce_sum(tf.abs(found))
        return tf.where(good, found / tf.where(good, total, 1.0), 0.0), tf.zeros((), tf.float64)
