"""Multilabel tasks: which of them, each by itself?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import ListOf, Name, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Loss, TaskKind
from mtl_magic.tasks.binary import logit, pos_weight_option, positive

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema


@declare("task", "multilabel", example="task topics: multilabel")
class Multilabel(TaskKind):
    """Any number of several classes, each yes or no: a probability for each.

    The label is a column of lists of tags (or of texts that join them, 'drama|comedy'), whose classes are the tags of the data;
    a column of vectors of 0 and 1 of one length, whose classes are their places; or several columns of 0 and 1,
    `labels=[like, share]`, whose classes are their names. An empty list is a label, of no class; a missing list is none; of several columns
    a missing value leaves its class out of the row.

    The head gives a logit a class; each is learnt as a binary task is. The loss of a task is the mean over labelled rows and classes,
    positive ones times `pos_weight`. Metrics are those of a binary task, and mean their mean over the classes.
    """

    labels: tuple[str, ...] | None = option(
        maybe(ListOf(Name("column"), 2)),
        None,
        "columns of 0 and 1, each a class; none: one column that holds all, `label`",
    )
    pos_weight: Any = pos_weight_option()

    default_loss: ClassVar[str] = "bce"
    default_metrics: ClassVar[tuple[str, ...]] = ("auc", "logloss")

    def check(self) -> None:
        super().check()
        if self.labels and self.label:
            raise ValueError(
                "label= and labels= exclude each other: one column that holds all classes, or a column a class"
            )
        if self.labels and len(set(self.labels)) < len(self.labels):
            raise ValueError("a column stands twice in labels=")
        if any(not isinstance(loss, Loss) for loss in self.said_losses()):
            raise ValueError("a loss in braces reads one label a row, and a multilabel task has several")

    def units(self, task: TaskSchema) -> int:
        return max(len(task.classes), 1)

    def begin(self, task: TaskSchema) -> list[float]:
        found = []
        for rate in task.frequencies:
            weights = positive(self.pos_weight, rate)
            weight = weights[1] if weights else 1.0
            found.append(logit(weight * rate / (weight * rate + 1 - rate)))
        return found

    def weights(self, task: TaskSchema) -> list[float]:
        """Of a positive label of each class."""
        return [(positive(self.pos_weight, rate) or (1.0, 1.0))[1] for rate in task.frequencies]

    def constant_loss(
        self, labels: np.ndarray, frequencies: tuple[float, ...] = (), weights: np.ndarray | None = None
    ) -> float:
        """Of the rate of each class alone, `frequencies`: the mean over classes, by what they weigh."""
        import numpy as np

        total = mass = 0.0
        for rate in frequencies:
            pair = positive(self.pos_weight, rate) or (1.0, 1.0)
            both = np.array([(1 - rate) * pair[0], rate * pair[1]])
            each = sum(loss.weight * loss.constant(np.array([0.0, 1.0]), (), both) for loss in self.losses())
            total, mass = total + both.sum() * each, mass + both.sum()
        return max(float(total / mass), 1e-6) if mass else float("nan")

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.sigmoid(logits)
