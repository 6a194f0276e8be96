"""Smooth Tchebycheff scalarization."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import softmax
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "stch",
    paper="Lin, Zhang, Yang, Liu, Wang & Zhang 2024, Smooth Tchebycheff Scalarization for Multi-Objective Optimization, eq. 8",
    example="task  like: binary weight 0.7\ntask  buy:  binary weight 0.3\nbalance stch(mu=0.5)",
)
class Stch(Balance):
    """Smooth maximum of the losses with a preference: minimises μ log Σ exp(λₖ Lₖ / μ), so w = λ ⊙ softmax(λ ⊙ L / μ).

    λ is the preference vector: the tasks' own `weight`. Each λ has its own Pareto optimum, those on concave parts of the
    front too, which no weighted sum reaches: training with several λ draws the front. μ → 0 is the maximum of the losses.

    When: a chosen trade-off between tasks, or the front itself. Cost: none.

    L is the loss over the best constant's, so the ideal point is 0 and the nadir 1. The authors' multi-task code takes
    log(L / nadir) instead, with a nadir from warm-up epochs: there a preference would turn round where the log is negative.
    """

    rescaled: ClassVar[bool] = True
    mu: float = option(Float(above=0), 0.5, "smoothing: a small one heeds the worst task alone", assigned=True)

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        return softmax(evidence.losses / number(self.mu, evidence.losses.dtype), evidence.active), state
