"""Binary tasks: did it happen?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Choice, Float, OneOf
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


def logit(p: float) -> float:
    """log(p / (1 - p)), kept finite."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def pos_weight_option() -> Any:
    """Of kinds whose labels are 0 or 1."""
    kind = OneOf((Float(above=0), Choice(("balanced",))))
    doc = (
        "weight of a positive label, a negative one's being 1; balanced: negatives over positives of the training rows"
    )
    return option(kind, 1.0, doc, by_name=True)


def positive(weight: float | str, rate: float) -> tuple[float, ...]:
    """Weights of 0 and 1 of a label with such a rate of ones; (): both are 1."""
    found = (1 - rate) / max(rate, 1e-6) if weight == "balanced" else float(weight)
    return () if found == 1 else (1.0, found)


@declare("task", "binary", example="task click: binary")
class Binary(TaskKind):
    """Yes or no: a probability, from a label of two values (0/1, false/true, or two texts).

    The head gives one logit z; the prediction is σ(z), the loss by default the log loss −y log σ(z) − (1−y) log σ(−z).
    With `pos_weight` a positive row weighs so much in the mean of the loss, and probabilities are those of a label that
    is so much more frequent; the order of rows is hardly changed.

    With `negatives=w` a share w of the negative training rows teaches the task, drawn once by `train seed`. In the sample
    the odds are 1/w times those of all rows, so the loss is taken at z + log(1/w) and σ(z) stays the probability over all
    rows (King & Zeng 2001, section 4.1; He et al. 2014, section 6.3). Other tasks still learn from such a row; where none
    does, it is left out. Validation and test rows are never sampled: the training loss and theirs are not of one scale.
    """

    pos_weight: Any = pos_weight_option()
    negatives: float = option(
        Float(above=0, maximum=1),
        1.0,
        "share of the negative training rows that teach the task; predictions are corrected for it; 1: all of them",
        by_name=True,
    )

    default_loss: ClassVar[str] = "bce"
    default_metrics: ClassVar[tuple[str, ...]] = ("auc", "logloss")

    def check(self) -> None:
        super().check()
        if self.negatives < 1 and self.pos_weight != 1:
            raise ValueError("negatives= and pos_weight= both set what a negative counts: leave one of them out")

    def class_weights(self, classes: tuple[Any, ...], frequencies: tuple[float, ...]) -> tuple[float, ...]:
        return positive(self.pos_weight, frequencies[1] if len(frequencies) > 1 else 0.5)

    def begin(self, task: TaskSchema) -> list[float]:
        return [logit(task.mean)]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.sigmoid(logits)
