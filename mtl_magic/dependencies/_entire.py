"""What the methods of the entire space have in common: the child's probability is a product."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.dependencies._base import PROBABILITY, Dependency

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@dataclasses.dataclass(frozen=True)
class EntireSpace(Dependency):
    """P(child) = P(child | parents) · Π P(parent) (Ma et al. 2018, eq. 1); the child's own head is the first factor."""

    acts: ClassVar[str] = PROBABILITY
    conditional: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def serves(self, child: Any, parent: Any) -> bool:
        return bool(child.word == parent.word == "binary")

    def logits(self, child: Any, *parents: Any) -> Any:
        from mtl_magic.layers.product import ProductLogit

        for parent in parents:
            child = ProductLogit()([child, parent])
        return child

    def bias(self, child: TaskSchema, *parents: TaskSchema) -> list[float] | None:
        from mtl_magic.tasks.binary import logit

        return [logit(rate_given(child, parents))]


def rate_given(child: TaskSchema, parents: tuple[TaskSchema, ...]) -> float:
    """The child's rate where all parents are 1, as if they were independent; just below 1 where the labels say more."""
    above = math.prod(p.mean for p in parents)
    return child.mean / above if above > child.mean else 0.999
