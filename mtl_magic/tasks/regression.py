"""Regression tasks: how much?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.registry import declare
from mtl_magic.tasks._base import Loss, TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@declare("task", "regression", example="task watch: regression(loss=huber)")
class Regression(TaskKind):
    """A number.

    The head gives z; the prediction is mean + std · z with the training labels' mean and standard deviation, and the
    loss is taken on that standardised scale, so that neither depends on the label's unit. The losses `log`, `poisson`,
    `tweedie` and `ziln` are for amounts, of at least 0: they read what the head gives in another way, and predict in the label's
    unit all the same. Labels
    and predictions are 32-bit floats, about seven digits: one that varies in later digits (1e9 ± 3) is refused; subtract
    a constant first.
    """

    default_loss: ClassVar[str] = "mse"
    default_metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    classification: ClassVar[bool] = False

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        loss = self.loss_of()
        found = loss.prediction(logits, task) if isinstance(loss, Loss) else None
        return logits * task.std + task.mean if found is None else found
