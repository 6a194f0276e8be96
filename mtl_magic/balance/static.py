"""Weights of one's own."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.registry import declare


@declare("balance", "static", example="balance static")
class Static(Balance):
    """The raw losses times the tasks' own weights and nothing else: Σ Wₖ Lₖ.

    When: weights that were found on raw losses, in a paper or another program. Else `equal` is the choice: there a weight
    means the same whatever a loss's scale. Cost: none.
    """

    normalised: ClassVar[bool] = False

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        return tf.ones_like(evidence.losses), state
