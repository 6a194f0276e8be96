"""Entire-space multi-task model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.dependencies._base import Dependency
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@declare(
    "given",
    "esmm",
    paper="Ma et al. 2018, Entire Space Multi-Task Model, eq. 1 and 3",
    example="task buy: binary given click via esmm",
)
class Esmm(Dependency):
    """Product over all impressions: P(child) = P(parent) · P(child | parent), learnt on every row.

    Both factors are learnt from all rows, so the conditional has no selection bias; `run.predict` gives it as the column
    `child|parent`. Loss and metrics of the child are those of the product, on every row with its label; the conditional
    has none of its own. A parent that is itself given another brings its product along. Several parents multiply as if
    they were independent, and the conditional is given all of them: `child|one,two`; where one depends on the other, chain
    them. Rows in which the child is 1 and the parent 0 train as they are (see MTL105).
    """

    conditional: ClassVar[bool] = True

    def serves(self, child: Any, parent: Any) -> bool:
        return child.word == parent.word == "binary"

    def logits(self, child: Any, parent: Any) -> Any:
        from mtl_magic.layers.product import ProductLogit

        return ProductLogit()([child, parent])

    def bias(self, child: TaskSchema, parent: TaskSchema) -> list[float] | None:
        from mtl_magic.tasks.binary import logit

        return [logit(child.mean / parent.mean if parent.mean > child.mean else 0.999)]
