"""Dynamic weight average."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import softmax
from mtl_magic.parameters import Float, Int, maybe
from mtl_magic.registry import declare, option

UNKNOWN = 1000  # steps of an epoch whose length is not known


@declare(
    "balance",
    "dwa",
    paper="Liu, Johns & Davison 2019, End-to-End Multi-Task Learning with Attention, eq. 7",
    example="balance dwa(T=2)",
)
class Dwa(Balance):
    """Dynamic weight average: more weight to tasks whose loss falls slower, w = K softmax(r / T), rₖ = L̄ₖ(t−1) / L̄ₖ(t−2).

    L̄ₖ(t) is the mean loss of epoch t; in the first two epochs, and for a task without two epochs, r is 1.

    When: losses that fall at different paces, and enough epochs. It reacts to the pace alone, not to conflict. Cost: none.

    Epochs are those of training, of any other number of `steps`, or of 1000 steps where a length is not known. A mean
    that is not positive has no ratio: r is 1.
    """

    rescaled: ClassVar[bool] = True
    counts_epochs: ClassVar[bool] = True
    T: float = option(Float(above=0), 2.0, "temperature: a large one makes the weights equal", assigned=True)
    steps: int | None = option(maybe(Int(1)), None, "steps of an epoch of the method; none: an epoch of training")

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        zeros = np.zeros(len(tasks), "float32")
        return {"sum": zeros, "count": zeros, "last": zeros, "before": zeros}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        active = evidence.active
        length = self.steps or evidence.epoch_steps or UNKNOWN
        begins = tf.logical_and(evidence.step > 0, tf.equal(evidence.step % length, 0))
        # An epoch in which a task had no label leaves its two means as they were.
        ends = tf.logical_and(begins, state["count"] > 0)
        mean = state["sum"] / tf.maximum(state["count"], 1.0)
        before = tf.where(ends, state["last"], state["before"])
        last = tf.where(ends, mean, state["last"])
        total = tf.where(begins, 0.0, state["sum"])
        count = tf.where(begins, 0.0, state["count"])
        known = tf.logical_and(before > 0, last > 0)
        ratio = tf.where(known, last / tf.where(known, before, 1.0), 1.0)
        tasks_active = tf.reduce_sum(tf.cast(active, ratio.dtype))
        moved = {
            "sum": total + tf.where(active, evidence.raw_losses, 0.0),
            "count": count + tf.cast(active, count.dtype),
            "last": last,
            "before": before,
        }
        return tasks_active * softmax(ratio / number(self.T, ratio.dtype), active), moved
