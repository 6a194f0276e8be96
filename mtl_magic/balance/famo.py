"""Fast adaptive multitask optimization."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.assigned import number
from mtl_magic.balance._adam import moments, moved
from mtl_magic.balance._base import Any, Balance, BalanceTask, Evidence, State
from mtl_magic.balance._losses import positive, softmax
from mtl_magic.parameters import Float, Int
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "famo",
    paper="Liu, Feng, Stone & Liu 2023, FAMO: Fast Adaptive Multitask Optimization, algorithm 1",
    example="balance famo",
)
class Famo(Balance):
    """Equal rates of improvement without gradients of single tasks: wₖ = c zₖ / Lₖ, z = softmax(ξ), c = (Σ zₖ / Lₖ)⁻¹.

    After the step the *same rows'* losses say how much each task improved, δₖ = log Lₖ − log Lₖ'; ξ goes down
    z ⊙ (δ − z·δ) + γ ξ with an Adam of its own, so that tasks that improved less weigh more.

    When: many tasks, where Gramian methods cost too much. Positive losses; below 1e-8 they count as that. γ depends on
    the data: the authors use 0.001 and 0.01.

    Cost: 3 to 5% of a step with one row in 32, which are looked at just before and just after the update; with `one_in=1`, a
    second forward pass of each batch, 26%.

    Differs from the authors' code in that lower bounds of the losses cannot be given (there they are 0 where none are), that no
    gradient is clipped, and in those rows: δ of every n-th row
    of a batch is that of the batch but for chance, in small batches more of that. Comparing with the next batch's losses
    instead, as some libraries do, costs nothing and measures the difference of batches.
    """

    rescaled: ClassVar[bool] = True
    looks_back: ClassVar[bool] = True
    gamma: float = option(Float(minimum=0), 0.001, "decay of ξ towards equal weights", assigned=True)
    lr: float = option(Float(above=0), 0.025, "learning rate of ξ", assigned=True)
    one_in: int = option(
        Int(minimum=1),
        32,
        "looks again at one row of a batch in so many; 1: at all rows, as the paper does",
        by_name=True,
    )

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {"xi": np.zeros(len(tasks), "float32"), **moments(len(tasks))}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        each = softmax(state["xi"], evidence.active) / positive(evidence.losses, evidence.active)
        return tf.math.divide_no_nan(each, tf.reduce_sum(each)), state

    def after(self, before: Evidence, losses_after: Any, state: State, tasks: tuple[BalanceTask, ...]) -> State:
        import tensorflow as tf

        active = tf.logical_and(before.active, tf.math.is_finite(losses_after))
        was, now = (tf.math.log(positive(losses, active)) for losses in (before.losses, losses_after))
        z = softmax(state["xi"], active)
        delta = was - now
        gradient = z * (delta - tf.reduce_sum(z * delta)) + number(self.gamma, delta.dtype) * state["xi"]
        xi, rest = moved(state["xi"], gradient, state, self.lr, active)
        return {"xi": xi, **rest}
