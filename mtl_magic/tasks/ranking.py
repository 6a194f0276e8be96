"""Ranking tasks: which comes first?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Name, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@declare(
    "task",
    "ranking",
    paper="Liu 2009, Learning to Rank for Information Retrieval",
    example="task relevance: ranking(group=query_id)",
)
class Ranking(TaskKind):
    """The order of rows within a list, of a query or a user: a score, of which only the order in a list means something.

    The label is how good a row is, a number of at least 0 (0 and 1, or grades). The head gives the score itself. The losses compare
    rows of one list, `listwise` by default; batches hold lists whole, so far as a batch is longer than a list.
    """

    group: str | None = option(maybe(Name("column")), None, "column whose equal values are a list; it must be said")

    default_loss: ClassVar[str] = "listwise"
    default_metrics: ClassVar[tuple[str, ...]] = ("ndcg", "mrr")

    def check(self) -> None:
        if self.group is None:
            raise ValueError("a ranking task needs group=, the column whose equal values are a list")
        super().check()

    @property
    def least(self) -> float | None:
        return 0.0

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        return logits
