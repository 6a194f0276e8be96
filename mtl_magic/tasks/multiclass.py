"""Multiclass tasks: which one?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Choice, Float, Int, ListOf, Nothing, OneOf, PerName, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


def class_weight_option() -> Any:
    """Of kinds with several classes."""
    weight = Float(minimum=0)
    kind = OneOf((Choice(("balanced",)), PerName(weight, "class"), ListOf(weight, 2), Nothing()))
    doc = (
        "weight of the rows of each class: [low=1, high=3], the others 1, or a list in the order of the classes; "
        "balanced: rows over the number of classes over the rows of each; none: all 1"
    )
    return option(kind, None, doc, by_name=True)


def weights_of(
    asked: Any, classes: tuple[Any, ...], frequencies: tuple[float, ...], what: str = "class"
) -> tuple[float, ...]:
    """The weight of each class as `class_weight` says; (): all 1.

    Raises:
        ValueError: it names a class that there is not, or too few or too many, or gives all the weight 0.

    Example:
        >>> weights_of("balanced", ("a", "b"), (0.25, 0.75))
        (2.0, 0.6666666666666666)
    """
    if asked is None:
        return ()
    if asked == "balanced":
        some = sum(f > 0 for f in frequencies)
        return tuple(1 / (some * f) if f > 0 else 1.0 for f in frequencies)
    if isinstance(asked, dict):
        names = [str(c) for c in classes]
        odd = [name for name in asked if name not in names]
        if odd:
            raise ValueError(f"class_weight names the {what} '{odd[0]}', which there is not: {', '.join(names[:20])}")
        found = tuple(float(asked.get(name, 1.0)) for name in names)
    else:
        found = tuple(asked)
        if len(found) != len(classes):
            raise ValueError(f"class_weight has {len(found)} weights, and the label {len(classes)} {what}es")
    if not any(w * f for w, f in zip(found, frequencies, strict=True)):
        raise ValueError(f"class_weight gives every {what} of the training rows the weight 0")
    return () if set(found) == {1.0} else found


def weighed(task: TaskSchema) -> tuple[float, ...]:
    """The classes' frequencies times their weights, of sum 1."""
    if not task.class_weights:
        return task.frequencies
    found = [f * w for f, w in zip(task.frequencies, task.class_weights, strict=True)]
    return tuple(f / (sum(found) or 1.0) for f in found)


@declare("task", "multiclass", example="task digit: multiclass(10)")
class Multiclass(TaskKind):
    """One of several classes: a probability for each.

    The head gives n logits; the prediction is their softmax, the loss by default the cross-entropy −log softmax(z)[y].
    """

    n: int | None = option(maybe(Int(minimum=2)), None, "number of classes; none: those of the data")
    class_weight: Any = class_weight_option()

    default_loss: ClassVar[str] = "crossentropy"
    default_metrics: ClassVar[tuple[str, ...]] = ("accuracy", "logloss")

    def units(self, task: TaskSchema) -> int:
        return len(task.classes) or max(self.n or 0, 2)

    def class_weights(self, classes: tuple[Any, ...], frequencies: tuple[float, ...]) -> tuple[float, ...]:
        return weights_of(self.class_weight, classes, frequencies)

    def begin(self, task: TaskSchema) -> list[float]:
        known = [math.log(max(f, 1e-6)) for f in weighed(task)]
        return known + [math.log(1e-6)] * (self.units(task) - len(known))

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.softmax(logits, axis=-1)
