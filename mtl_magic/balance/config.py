"""Conflict-free gradients."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare


@declare(
    "balance",
    "config",
    paper="Liu, Chu & Thuerey 2024, ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks, eq. 2",
    example="balance config",
)
class ConFig(GramianBalance):
    """The direction with equal cosines to all gradients: d = (Σ gₖ·u) u, u the unit vector along U⁺1, U the unit gradients.

    With C the matrix of cosines, U⁺1 = Uᵀ C⁺1, so the Gramian is enough.

    When: losses of very different scale that must all fall. The length shrinks with conflict. Cost: a decomposition of a K×K matrix.

    Where gradients depend on one another cosines are equal in the sense of least squares.
    """

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        largest = tf.reduce_max(problem.values)
        kept = problem.values > problem.tolerance * largest
        inverse = tf.where(kept, 1 / tf.where(kept, problem.values, 1.0), 0.0)
        along = tf.linalg.matvec(problem.vectors, problem.active, transpose_a=True)
        x = problem.active * tf.linalg.matvec(problem.vectors, inverse * along)
        square = tf.reduce_sum(inverse * along**2)  # ‖Uᵀx‖²: inactive tasks are orthogonal to all
        products = tf.linalg.matvec(problem.cosines, x)
        length = tf.reduce_sum(problem.active * problem.norms * products)
        return tf.math.divide_no_nan(length, square) * x / problem.norms, tf.zeros((), tf.float64)
