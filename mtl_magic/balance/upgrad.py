"""Unconflicting projection of gradients."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.quadratic import nonnegative
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare


@declare(
    "balance",
    "upgrad",
    paper="Quinton & Rey 2024, Jacobian Descent for Multi-Objective Optimization, eq. 5 and proposition 1",
    example="balance upgrad",
)
class UpGrad(GramianBalance):
    """Projects each gradient onto the cone where no task's loss rises, and takes the mean.

    vᵢ = argmin of vᵀGv over v ≥ eᵢ/K, w = Σ vᵢ. The direction conflicts with no gradient, is linear under scaling of the losses, and
    is a positive combination of the gradients: no other method here is all three.

    When: the first choice among gradient methods. Cost: K quadratic programs in K unknowns with one matrix, solved at once.

    Solved exactly; the authors' library adds 1e-4 of the trace to the diagonal, which a task of small gradients feels.
    """

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        # Of unit gradients the i-th problem is u ≥ eᵢ, whatever the norms: u = eᵢ + z.
        z, wrong = nonnegative(problem.cosines, problem.cosines)
        size = problem.active * problem.norms / problem.count
        total = size + tf.linalg.matvec(z, size, transpose_a=True)
        return total / problem.norms, tf.reduce_max(wrong * problem.active)
