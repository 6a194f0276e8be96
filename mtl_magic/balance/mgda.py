"""Multiple-gradient descent."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance._losses import positive
from mtl_magic.balance.solve.quadratic import nonnegative
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.parameters import Choice, maybe
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "mgda",
    paper="Désidéri 2012, Multiple-gradient descent algorithm (MGDA) for multiobjective optimization; Sener & Koltun 2018, Multi-Task Learning as Multi-Objective Optimization, eq. 3 (and over features, their upper bound, eq. 5)",
    example="balance mgda(norm=l2)",
)
class Mgda(GramianBalance):
    """The shortest convex combination of the gradients: w = argmin over the simplex of wᵀGw.

    No task's loss rises: Jᵀw · gₖ ≥ ‖Jᵀw‖² for all of them; it is 0 where the point is Pareto stationary. With a `norm`
    that is so of the divided gradients, so that still no loss rises.

    `norm` divides each gradient first: `l2` by its norm, `loss` by its loss, `loss_plus` by both; `none` is the bare
    method, which follows the smallest gradient, of a task that has nearly learnt or is weighted down.

    When: a guarantee for each task is wanted more than speed. Cost: a quadratic program in K unknowns.

    Solved exactly, where the authors stop a Frank-Wolfe method early: min ‖Jᵀx‖² + (1 − 1ᵀx)² over x ≥ 0 has its solution on the same ray.
    """

    norm: str | None = option(maybe(Choice(("l2", "loss", "loss_plus"))), "l2", "what gradients are divided by first")

    @property
    def reads_losses(self) -> bool:
        return self.norm in ("loss", "loss_plus")

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        divisor = tf.ones_like(problem.norms)
        if self.reads_losses:
            divisor *= tf.cast(positive(evidence.losses, evidence.active), tf.float64)
        if self.norm in ("l2", "loss_plus"):
            divisor *= problem.norms
        # Of the gradients over their divisors the norms; u = w times those.
        norms = tf.where(problem.active > 0, problem.norms / divisor, 1.0)
        least = tf.reduce_min(tf.where(problem.active > 0, norms, float("inf")))
        a = problem.active * tf.where(tf.math.is_finite(least), least, 1.0) / norms
        u, wrong = nonnegative(problem.cosines + a[:, None] * a[None, :], -a[None])
        simplex = tf.math.divide_no_nan(u[0] / norms, tf.reduce_sum(u[0] / norms * problem.active))
        return simplex / divisor, wrong[0]
