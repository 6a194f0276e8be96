"""A child whose probability is never above its parent's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.dependencies._base import PROBABILITY, Dependency
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema

LEAST = 0.01  # of the gap at the start, in logits, where the labels' rates say that there is none


@declare("given", "monotone", example="task watched_30s: binary given watched_10s via monotone")
class Monotone(Dependency):
    """P(child) ≤ P(parent) on every row, by construction: logit(child) = logit(parent) − softplus(own head).

    The bound that `aitm` asks for is kept here exactly, of several parents by the least of them. Nothing is said of a
    conditional, and the gap is in the odds: a parent that is certain leaves its child free. It learns from every row
    with the child's label; its loss moves the parent's head too. It starts at the two rates.

    When: events that contain one another, such as thresholds of one time, whose predictions must not cross.
    Cost: none.
    """

    acts: ClassVar[str] = PROBABILITY
    bounded: ClassVar[bool] = True

    def serves(self, child: Any, parent: Any) -> bool:
        return bool(child.word == parent.word == "binary")

    def logits(self, child: Any, *parents: Any) -> Any:
        from mtl_magic.layers.product import BelowLogit

        return BelowLogit()([child, *parents])

    def bias(self, child: TaskSchema, *parents: TaskSchema) -> list[float] | None:
        from mtl_magic.tasks.binary import logit

        gap = max(min(logit(p.mean) for p in parents) - logit(child.mean), LEAST)
        return [math.log(math.expm1(gap))]
