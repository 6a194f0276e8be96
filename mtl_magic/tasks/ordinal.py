"""Ordinal tasks: which rank?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Int, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Loss, TaskKind
from mtl_magic.tasks.binary import logit
from mtl_magic.tasks.losses import Crossentropy
from mtl_magic.tasks.multiclass import class_weight_option, weighed, weights_of

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema

CORN = (
    "Shi, Cao & Raschka 2023, Deep Neural Networks for Rank-Consistent Ordinal Regression Based on Conditional "
    "Probabilities, eq. 4 to 7"
)


@declare("task", "ordinal", paper=CORN, example="task stars: ordinal(5)")
class Ordinal(TaskKind):
    """One of several ranks in an order, a rating say: a probability for each.

    The head gives n − 1 logits z; σ(zₖ) is P(y > k | y ≥ k), so that P(y > k) = Π_{j≤k} σ(zⱼ) falls from rank to rank by
    construction, and P(y = k) = (1 − σ(zₖ)) Π_{j<k} σ(zⱼ): the continuation-ratio form of a cumulative link, which unlike one
    score with thresholds (CORAL) lets a feature move each step by itself. The prediction is a probability a rank; the loss is
    minus the log of the label's, which is the paper's sum over the conditional steps.

    With n, labels are whole numbers from 0 to n − 1; without, the ranks are the label's whole numbers in their order.
    """

    n: int | None = option(
        maybe(Int(minimum=2)), None, "number of ranks, counted from 0; none: the numbers of the data, in their order"
    )
    class_weight: Any = class_weight_option()

    default_loss: ClassVar[str] = "corn"
    default_metrics: ClassVar[tuple[str, ...]] = ("accuracy", "mae", "kappa")

    def units(self, task: TaskSchema) -> int:
        return (len(task.classes) or max(self.n or 0, 2)) - 1

    def class_weights(self, classes: tuple[Any, ...], frequencies: tuple[float, ...]) -> tuple[float, ...]:
        return weights_of(self.class_weight, classes, frequencies, "rank")

    def begin(self, task: TaskSchema) -> list[float]:
        shares = [*weighed(task), *[0.0] * (self.units(task) + 1 - len(task.frequencies))]
        left = [sum(shares[k:]) for k in range(len(shares))]  # P(y ≥ k)
        return [logit(left[k + 1] / left[k]) if left[k] > 0 else 0.0 for k in range(self.units(task))]

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        return ops.exp(log_shares(logits))


def log_shares(logits: Any) -> Any:
    """The log probability of each rank (B, n) of the logits (B, n − 1) of its conditional steps."""
    from keras import ops

    passed = ops.cumsum(-ops.softplus(-logits), axis=-1)  # log P(y > k)
    before = ops.pad(passed, [[0, 0], [1, 0]])  # log P(y ≥ k)
    stops = ops.pad(-ops.softplus(logits), [[0, 0], [0, 1]])  # log (1 − σ(zₖ)); there is no step behind the last rank
    return before + stops


@declare("loss", "corn", paper=CORN, example="task stars: ordinal(5, loss=corn)")
class Corn(Loss):
    """Conditional ordinal loss: Σ_{k<y} −log σ(zₖ), and −log(1 − σ(z_y)) where y is not the last rank.

    Each step learns from the rows that have come to it. The sum is −log P(y), so the best constant's loss is the ranks' entropy.
    """

    tasks: ClassVar[tuple[str, ...]] = ("ordinal",)

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        from keras import ops

        step = ops.arange(logits.shape[-1], dtype=logits.dtype)
        rank = labels[:, None]
        passed = ops.cast(step < rank, logits.dtype)
        stopped = ops.cast(ops.equal(step, rank), logits.dtype)
        return ops.sum(passed * ops.softplus(-logits) + stopped * ops.softplus(logits), axis=-1)

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        return Crossentropy().constant(labels, frequencies, weights)


def expected(probabilities: np.ndarray) -> np.ndarray:
    """The mean rank (n,) of the probabilities of ranks (n, ranks)."""
    import numpy as np

    found: np.ndarray = probabilities @ np.arange(probabilities.shape[1])
    return found


def kappa(labels: np.ndarray, guess: np.ndarray, size: int) -> float:
    """Cohen's quadratic weighted kappa of two ratings (n,) with ranks below `size`; NaN where chance explains all.

    Example:
        >>> import numpy as np
        >>> kappa(np.array([0, 1, 2]), np.array([0, 1, 2]), 3)
        1.0
    """
    import numpy as np

    if not len(labels):
        return math.nan
    seen = np.bincount(labels.astype("int64"), minlength=size) / len(labels)
    said = np.bincount(guess.astype("int64"), minlength=size) / len(labels)
    apart = (np.arange(size)[:, None] - np.arange(size)[None, :]) ** 2
    chance = float((apart * np.outer(seen, said)).sum())
    return 1 - float(((labels - guess) ** 2).mean()) / chance if chance else math.nan
