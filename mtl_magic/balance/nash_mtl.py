"""The Nash bargaining solution."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.fair import fair
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare


@declare(
    "balance",
    "nash_mtl",
    paper="Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik & Fetaya 2022, Multi-Task Learning as a Bargaining Game, claim 3.1 and algorithm 1",
    example="balance nash_mtl",
)
class NashMtl(GramianBalance):
    """The bargain between tasks that is fair by Nash's axioms: w > 0 with Gw = 1/w, which maximises Σ log(gₖ·d) in a ball.

    It does not change when a loss is multiplied by a constant.

    When: losses of incomparable scale, no task to be left behind. Cost: some Newton steps in K unknowns.

    Solved as the minimum of the strictly convex ½ wᵀGw − Σ log wₖ, to the last digit; the authors linearise and call a
    solver, and where it fails keep the last weights. The paper's ‖Jᵀw‖² = K always, so that its learning rate means
    another thing, and the authors' code cuts the norm at 1: training here has a scale of its own. Near a Pareto
    stationary point there is no solution; a ridge of 1e-11 on the cosines keeps one, which is nearly stationary.
    """

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        return fair(problem, 1.0)
