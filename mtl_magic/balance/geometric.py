"""The geometric mean of the losses."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import mean, positive
from mtl_magic.registry import declare


@declare(
    "balance",
    "geometric",
    paper="Chennupati, Sistu, Yogamani & Rawashdeh 2019, MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task Learning, eq. 3",
    example="balance geometric",
)
class Geometric(Balance):
    """Geometric loss strategy (GLS): minimises (Π Lₖ)^(1/K), so wₖ = (Π Lⱼ)^(1/K) / (K Lₖ).

    Whatever a loss is multiplied by, the direction stays: only relative progress counts.

    When: positive losses of unknown scale, nothing to tune. A loss close to 0 takes all the weight. Cost: none.

    Losses below 1e-8 count as that. The tasks' own `weight` changes nothing, as no factor does.
    """

    rescaled: ClassVar[bool] = True

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        active = evidence.active
        losses = positive(evidence.losses, active)
        count = tf.maximum(tf.reduce_sum(tf.cast(active, losses.dtype)), 1.0)
        whole = tf.exp(mean(tf.math.log(losses), active))
        return tf.where(active, whole / (count * losses), 0.0), state
