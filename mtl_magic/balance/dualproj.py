"""The mean gradient, projected."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.quadratic import nonnegative
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare


@declare(
    "balance",
    "dualproj",
    paper="Lopez-Paz & Ranzato 2017, Gradient Episodic Memory for Continual Learning, eq. 11",
    example="balance dualproj",
)
class DualProj(GramianBalance):
    """Projects the mean gradient onto the cone where no task's loss rises: w = argmin of vᵀGv over v ≥ 1/K.

    It is the direction nearest to the mean that conflicts with no gradient; where nothing conflicts, the mean itself.

    When: as `upgrad`, at the least cost; large gradients dominate it as they dominate the mean. Cost: one quadratic
    program in K unknowns.

    The paper's constraints are gradients of earlier tasks; here they are those of all tasks, as in TorchJD.
    """

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        size = problem.active * problem.norms / tf.reduce_max(problem.norms * problem.active + 1e-300)
        z, wrong = nonnegative(problem.cosines, tf.linalg.matvec(problem.cosines, size)[None])
        scale = tf.reduce_max(problem.norms * problem.active) / problem.count
        return scale * (size + z[0]) / problem.norms, wrong[0]
