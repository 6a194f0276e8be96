"""What the two forms of ESCM² have in common: the product of ESMM, and a risk of the conditional over all impressions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.dependencies._entire import EntireSpace
from mtl_magic.parameters import Float
from mtl_magic.registry import option

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.dependencies._base import Heads

PAPER = (
    "Wang et al. 2022, ESCM²: Entire Space Counterfactual Multi-Task Model for Post-Click Conversion Rate Estimation"
)


@dataclasses.dataclass(frozen=True)
class Counterfactual(EntireSpace):
    """Base of `escm2_ips` and `escm2_dr`."""

    weight: float = option(Float(minimum=0), 0.1, "λ: the counterfactual risk counts so much beside the product's loss")
    clip: float = option(
        Float(minimum=1),
        10.0,
        "greatest weight of a row, in multiples of that of a row with the parent's mean probability",
    )

    adds: ClassVar[bool] = True

    def inverse(self, heads: Heads, parents: Sequence[TaskSchema]) -> Any:
        """o / p̂ (B,): 0 where a parent is not 1. The propensity is not differentiated: no loss falls by moving it."""
        from keras import ops

        log = sum(-ops.softplus(-z[:, 0]) for z in heads.parents)
        least = math.log(max(math.prod(p.mean for p in parents), 1e-12) / self.clip)
        weights = ops.exp(-ops.maximum(ops.stop_gradient(log), least))
        return ops.where(heads.happened, weights, 0.0)


def log_loss(label: Any, logits: Any) -> Any:
    """Of each row (B,), of labels (B,) and logits (B, 1)."""
    from keras import ops

    return ops.softplus(logits[:, 0]) - label * logits[:, 0]
