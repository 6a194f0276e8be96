"""What methods have in common that are functions of the Gramian: the problem scaled, and trouble counted."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from mtl_magic.balance._base import TROUBLE, Balance, BalanceTask, Evidence, State
from mtl_magic.balance.solve.scaled import Scaled, scaled
from mtl_magic.parameters import Choice, Float, Int
from mtl_magic.registry import option


@dataclasses.dataclass(frozen=True, kw_only=True)
class GramianBalance(Balance):
    """Base of methods that weigh tasks by the Gramian of their gradients; where those are taken is `train/balanced.py`."""

    uses: ClassVar[str] = "gramian"
    rescaled: ClassVar[bool] = True

    over: str = option(
        Choice(("features", "subbatch", "parameters")),
        "features",
        "where gradients are compared: at the shared representation; at the shared dense weights, of a part of the batch, or of all of it",
        by_name=True,
    )
    part: float = option(
        Float(above=0, maximum=1), 0.125, "of over=subbatch: share of a batch's rows, the first ones", by_name=True
    )
    every: int = option(Int(minimum=1), 1, "solve every so many steps, with the last weights in between", by_name=True)
    heads: str = option(
        Choice(("own", "weighted")),
        "own",
        "what teaches what is one task's own (towers, heads, gates): its loss, or its weighted loss",
        by_name=True,
    )

    @property
    def reads_losses(self) -> bool:
        """Whether the answer depends on the losses too."""
        return False

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {TROUBLE: np.zeros((), "float32")}

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        """Weights (K,) float64, and how far they are from a solution (), 0 for a closed form: above `FAILED` is trouble."""
        raise NotImplementedError(type(self).__name__)  # abstract: stateless methods say their own

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        problem = scaled(evidence.gramian, evidence.active)
        found, wrong = self.solve(problem, evidence)
        return settled(found, wrong, problem, evidence, state)


FAILED = 1e-6  # relative violation of the optimality conditions above which an answer is none


def settled(found: Any, wrong: Any, problem: Scaled, evidence: Evidence, state: State) -> tuple[Any, State]:
    """The weights in the evidence's own type, 0 where inactive; equal ones, and one more trouble, where there are none."""
    import tensorflow as tf

    found = found * problem.active
    failed = tf.logical_not(tf.logical_and(tf.reduce_all(tf.math.is_finite(found)), wrong <= FAILED))
    found = tf.where(failed, problem.active / problem.count, found)
    trouble = state[TROUBLE] + tf.cast(failed, state[TROUBLE].dtype)
    return tf.cast(found, evidence.gramian.dtype), {**state, TROUBLE: trouble}
