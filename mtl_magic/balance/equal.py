"""Equal weights."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.registry import declare


@declare("balance", "equal", example="balance equal")
class Equal(Balance):
    """Each loss over that of the best constant predictor, all alike: Σ Wₖ Lₖ / Cₖ.

    A loss of 1 is a head that has learnt nothing, whatever its unit; a task's own `weight` W multiplies it.

    When: always first; what any other method has to beat. Cost: none, it is what the others are measured against.

    No paper's: Cₖ is the least mean loss that one number for all training rows can have.
    """

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        return tf.ones_like(evidence.losses), state
