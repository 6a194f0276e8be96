"""Impartial losses."""

from __future__ import annotations

from mtl_magic.balance._adam import moments, moved
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "imtl_l",
    paper="Liu, Li, Kuang, Xue, Chen, Yang, Liao & Zhang 2021, Towards Impartial Multi-task Learning, eq. 8",
    example="balance imtl_l",
)
class ImtlL(Balance):
    """Impartial losses: minimises Σ e^sₖ Lₖ − sₖ over the network and s, so that all weighted losses come to 1.

    At the optimum for given losses e^sₖ = 1/Lₖ: the gradient is that of Σ log Lₖ. It is twice the objective of `uncertainty`
    at −s, with no factor for the kind of loss.

    When: positive losses of any scale. A loss that is not positive has no optimum, and its s grows for ever. Cost: none.

    s starts at 0 and has an Adam of its own, free of weight decay and clipping.
    """

    lr: float = option(Float(above=0), 0.01, "learning rate of s", assigned=True)

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {"s": np.zeros(len(tasks), "float32"), **moments(len(tasks))}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        weights = tf.exp(state["s"])
        s, rest = moved(state["s"], weights * evidence.losses - 1.0, state, self.lr, evidence.active)
        return weights, {"s": s, **rest}
