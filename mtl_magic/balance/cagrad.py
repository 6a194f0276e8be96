"""Conflict-averse gradient descent."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.ball import in_ball
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "cagrad",
    paper="Liu, Liu, Jin, Stone & Liu 2021, Conflict-Averse Gradient Descent for Multi-task Learning, algorithm 1",
    example="balance cagrad(c=0.4)",
)
class CaGrad(GramianBalance):
    """The direction near the mean gradient g₀ that serves the worst task best: max over d of minₖ gₖ·d, ‖d − g₀‖ ≤ c ‖g₀‖.

    By the dual, w = argmin over the simplex of g_w·g₀ + c ‖g₀‖ ‖g_w‖ with g_w = Jᵀw, and d = g₀ + c ‖g₀‖ g_w / ‖g_w‖: the
    weights are 1/K + c ‖g₀‖ / ‖g_w‖ · w. With c = 0 it is the mean; for c < 1 it converges to an optimum of the mean loss.

    When: the mean loss is the aim, and conflict should not leave one task behind. Cost: a problem in K unknowns.

    Where ‖g_w‖ is 0 the point is Pareto stationary, and so is the answer: all weights 0. Solved exactly, where the authors use a
    general-purpose solver. Their factor 1 / (1 + c²) is left out, since training has a scale of its own.
    """

    c: float = option(Float(minimum=0, below=1), 0.4, "radius of the ball, over ‖g₀‖", assigned=True)

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        mean, c = problem.active / problem.count, number(self.c, tf.float64)
        active = problem.active > 0
        largest = tf.reduce_max(problem.norms * problem.active)
        largest = tf.where(largest > 0, largest, 1.0)
        unit = mean * problem.norms / largest  # g₀ of the unit gradients
        products = tf.linalg.matvec(problem.cosines, unit)
        length = tf.sqrt(tf.reduce_sum(unit * products))
        safe = tf.where(length > 0, length, 1.0)
        a = problem.active * tf.reduce_min(tf.where(active, problem.norms, float("inf"))) / problem.norms
        x, wrong = in_ball(problem.cosines, problem.active * products / safe, a, c)
        shortest = tf.math.divide_no_nan(c, tf.reduce_sum(a * x))  # ‖g_w‖ / min ‖gₖ‖
        moving = shortest >= problem.nought
        found = mean + largest * length * x / problem.norms
        found = tf.where(c > 0, tf.where(moving, found, tf.zeros_like(found)), mean)  # without a ball there is g₀ alone
        return found, tf.where((c > 0) & moving, wrong, tf.zeros_like(wrong))
