"""Entire-space counterfactual multi-task model, doubly robust."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.dependencies._counterfactual import PAPER, Counterfactual, log_loss
from mtl_magic.dependencies._entire import rate_given
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.dependencies._base import Heads


@declare(
    "given", "escm2_dr", paper=f"{PAPER}, the DR regularizer", example="task buy: binary given click via escm2_dr(0.1)"
)
class Escm2Dr(Counterfactual):
    """ESMM with a doubly robust loss of the conditional: right if either the propensity or the imputed error is.

    As `escm2_ips`, with the term λ · mean of δ̂ + o (δ − δ̂) / p̂ + o (δ − δ̂)² / p̂: δ̂ is the error of the
    conditional as a tower of its own imputes it, of the shape of the task's. It is softplus of a logit, for a log loss
    has no upper end, and starts at the entropy of the conditional's rate. Both errors learn from the whole term; the
    propensity p̂ is not moved by it.

    When: as `escm2_ips`, where its weights vary too much.
    Cost: a tower more, which training alone uses.
    """

    def further(
        self, read: Any, child: TaskSchema, units: Sequence[int], parents: Sequence[TaskSchema]
    ) -> dict[str, Any]:
        import keras

        from mtl_magic.layers.stack import dense_stack

        name = imputed(child.key)
        head = keras.layers.Dense(1, dtype="float32", name=f"{name}_logits")
        made = head(dense_stack(read, units, f"{child.key}_imputation"))
        head.bias.assign([imputed_start(child, tuple(parents))])
        return {name: made}

    def rows(self, heads: Heads, child: TaskSchema, parents: Sequence[TaskSchema]) -> Any:
        from keras import ops

        guess = ops.softplus(heads.further[imputed(child.key)][:, 0])
        off = log_loss(heads.label, heads.own) - guess
        each = ops.where(heads.known, guess, 0.0) + self.inverse(heads, parents) * (off + off**2)
        return self.weight * each


def imputed(key: str) -> str:
    """What the output that imputes the error of a task is called."""
    return f"{key}_imputed"


def imputed_start(child: TaskSchema, parents: tuple[TaskSchema, ...]) -> float:
    """The logit at which it starts: that whose softplus is the entropy of the conditional's rate."""
    rate = rate_given(child, parents)
    return math.log(math.expm1(-rate * math.log(rate) - (1 - rate) * math.log1p(-rate)))
