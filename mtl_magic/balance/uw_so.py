"""Analytical uncertainty with a softmax."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import positive, softmax
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "uw_so",
    paper="Kirchdorfer, Elich, Kutsche, Stuckenschmidt, Schott & Köhler 2024, Analytical Uncertainty-Based Loss Weighting in Multi-Task Learning, section 3.3",
    example="balance uw_so(T=0.5)",
)
class UwSo(Balance):
    """Uncertainty weighting, solved and tempered: w = softmax(1 / (L T)).

    The optimal uncertainty weight of a loss L is in proportion to 1/L; the softmax with its temperature T keeps one
    small loss from taking all the weight, and has nothing to learn that lags behind.

    When: as `uncertainty`, where its learnt s is too slow or overfits. Tune T. Cost: none.

    L is the loss over the best constant's, so that T means the same for all data; it must be positive (a loss below 1e-8
    counts as that).
    """

    rescaled: ClassVar[bool] = True
    T: float = option(Float(above=0), 1.0, "temperature: a large one makes the weights equal", assigned=True)

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        losses = positive(evidence.losses, evidence.active)
        return softmax(1 / (losses * number(self.T, losses.dtype)), evidence.active), state
