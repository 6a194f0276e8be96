"""Multiclass tasks: which one?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Int, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@declare("task", "multiclass", example="task digit: multiclass(10)")
class Multiclass(TaskKind):
    """One of several classes: a probability for each.

    The head gives n logits; the prediction is their softmax, the loss by default the cross-entropy −log softmax(z)[y].
    """

    n: int | None = option(maybe(Int(minimum=2)), None, "number of classes; none: those of the data")

    default_loss: ClassVar[str] = "crossentropy"
    default_metrics: ClassVar[tuple[str, ...]] = ("accuracy", "logloss")

    def units(self, task: TaskSchema) -> int:
        return len(task.classes) or max(self.n or 0, 2)

    def bias(self, task: TaskSchema) -> list[float]:
        known = [math.log(max(f, 1e-6)) for f in task.frequencies]
        return known + [math.log(1e-6)] * (self.units(task) - len(known))

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.softmax(logits, axis=-1)
