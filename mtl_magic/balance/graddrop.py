"""Gradient sign dropout."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._random import stream
from mtl_magic.parameters import SEED, Float, Int
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "graddrop",
    paper="Chen, Ngiam, Huang, Luong, Kretzschmar, Chai & Anguelov 2020, Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign Dropout, algorithm 1",
    example="balance graddrop(leak=0.1)",
)
class GradDrop(Balance):
    """At each unit of the shared representation one sign is drawn, and the gradients of the other are dropped.

    With Gₖ = Σ over rows of sign(feature) · gradient, P = ½ (1 + Σ Gₖ / Σ |Gₖ|) and U ~ U(0, 1): task k passes where
    P > U and Gₖ > 0, or P < U and Gₖ < 0; `leak` of what is dropped passes nevertheless.

    When: many tasks, as a regulariser; noise grows with conflict. It is no function of the Gramian, and always at the features.
    Cost: the K gradients at the shared representation themselves, of every expert: 2.9 plain steps with 8 tasks.

    As in the paper one mask holds for all rows of a batch; f is the identity.
    """

    uses: ClassVar[str] = "features"
    leak: float = option(Float(minimum=0, maximum=1), 0.0, "share of a dropped gradient that passes", assigned=True)
    seed: int = option(Int(0, SEED), 0, "which signs: a function of the seed and the step", assigned=True)

    def combine(
        self,
        cotangents: list[Any],
        features: list[Any],
        evidence: Evidence,
        state: State,
        tasks: tuple[BalanceTask, ...],
    ) -> tuple[list[Any], Any, State]:
        import tensorflow as tf

        leak = number(self.leak, tf.float64)
        least, most = tf.cast(leak, tf.float32), tf.cast(1 - leak, tf.float32)
        combined = []
        passed, whole = [], []
        for i, (each, feature) in enumerate(zip(cotangents, features, strict=True)):
            gradient = tf.cast(each, tf.float32)
            rows = list(range(1, len(each.shape) - 1))
            signed = _of_all(tf.reduce_sum(gradient * tf.sign(tf.cast(feature, tf.float32))[None], axis=rows))  # (K, d)
            purity = 0.5 * (1 + tf.math.divide_no_nan(tf.reduce_sum(signed, 0), tf.reduce_sum(tf.abs(signed), 0)))
            seed = stream(self.seed, evidence.step) + tf.constant([i << 32, 0], tf.int64)
            drawn = tf.random.stateless_uniform(tf.shape(purity), seed)
            kept = tf.where(drawn < purity, signed > 0, signed < 0)
            mask = least + most * tf.cast(kept, tf.float32)
            passed.append(tf.reduce_sum(mask * tf.abs(signed), axis=1))
            whole.append(tf.reduce_sum(tf.abs(signed), axis=1))
            shape = tf.concat([tf.shape(mask)[:1], tf.ones((len(rows),), tf.int32), tf.shape(mask)[1:]], axis=0)
            combined.append(tf.cast(tf.reduce_sum(tf.reshape(mask, shape) * gradient, axis=0), each.dtype))
        share = tf.math.divide_no_nan(tf.add_n(passed), tf.add_n(whole))
        return combined, tf.where(evidence.active, share, 0.0), state


def _of_all(values: Any) -> Any:
    """The sum over all replicas, so that they draw one mask."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)
