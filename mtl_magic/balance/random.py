"""Random loss weighting."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import softmax
from mtl_magic.balance._random import stream
from mtl_magic.parameters import SEED, Int
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "random",
    paper="Lin, Ye, Zhang & Tsang 2022, Reasonable Effectiveness of Random Weighting: A Litmus Test for Multi-Task Learning, algorithm 2",
    example="balance random",
)
class RandomWeights(Balance):
    """Random loss weighting (RLW): at each step w = softmax(z), z ~ N(0, I).

    When: as a baseline that a cleverer method has to beat; the paper found many do not. Cost: none.

    Differs from the authors' code, whose weights sum to 1 and so divide the learning rate by K: in training they sum to
    the number of active tasks.
    """

    rescaled: ClassVar[bool] = True
    seed: int = option(Int(0, SEED), 0, "which weights: a function of the seed and the step", assigned=True)

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        scores = tf.random.stateless_normal(
            (len(tasks),), stream(self.seed, evidence.step), dtype=evidence.losses.dtype
        )
        return softmax(scores, evidence.active), state
