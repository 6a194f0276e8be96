"""Binary tasks: did it happen?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.registry import declare
from mtl_magic.tasks._base import TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


def logit(p: float) -> float:
    """log(p / (1 - p)), kept finite."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


@declare("task", "binary", example="task click: binary")
class Binary(TaskKind):
    """Yes or no: a probability, from a label of two values (0/1, false/true, or two texts).

    The head gives one logit z; the prediction is σ(z), the loss by default the log loss −y log σ(z) − (1−y) log σ(−z).
    """

    default_loss: ClassVar[str] = "bce"
    default_metrics: ClassVar[tuple[str, ...]] = ("auc", "logloss")

    def bias(self, task: TaskSchema) -> list[float]:
        return [logit(task.mean)]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.sigmoid(logits)
