"""Fair resource allocation."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.fair import fair
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "fairgrad",
    paper="Ban & Ji 2024, Fair Resource Allocation in Multi-Task Learning, eq. 4",
    example="balance fairgrad(alpha=2)",
)
class FairGrad(GramianBalance):
    """α-fair improvements: w > 0 with Gw = w^(−1/α), which maximises Σ (gₖ·d)^(1−α) / (1−α) in a ball.

    α = 1 is `nash_mtl`; α → 0 approaches the plain sum, α → ∞ the best worst improvement.

    When: as `nash_mtl`, with a say in how much the worst task counts. Cost: some Newton steps in K unknowns.

    Solved as the minimum of a strictly convex function; the authors call a non-linear least-squares solver. The ridge
    is that of `nash_mtl`.
    """

    alpha: float = option(Float(minimum=0.1, maximum=100), 2.0, "how much the worst task counts", assigned=True)

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        return fair(problem, 1 / number(self.alpha, "float64"))
