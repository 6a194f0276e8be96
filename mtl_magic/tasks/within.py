"""Losses that compare the rows of a list: those of one user or query.

Each labelled row of a list has the list's loss, so that the mean over rows counts a list by its rows, as `gauc` does. Rows of a list
stand together in a batch (`train/whole.py`). The formulas are those of TensorFlow Ranking and keras-rs, which take lists as rows
of a matrix, filled up to the longest; here lists are as long as they are.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import Choice, Float, Name, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Loss

if TYPE_CHECKING:
    import numpy as np

LEAST = -1e30  # the score of a row without a label


@dataclasses.dataclass(frozen=True)
class ListLoss(Loss):
    """Base of losses of lists."""

    group: str | None = option(
        maybe(Name("column")), None, "column whose equal values are a list; none: the `group` of a ranking task"
    )

    tasks: ClassVar[tuple[str, ...]] = ("ranking", "binary")
    of_lists: ClassVar[bool] = True
    least: ClassVar[float | None] = 0.0

    def columns(self) -> tuple[str, ...]:
        """Columns that must be there beside the label."""
        return (self.group,) if self.group else ()

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        return float("nan")  # of equal scores: it takes the lists to tell

    def lists(self, labels: Any, logits: Any, known: Any, lists: Any) -> Any:
        import tensorflow as tf

        count = tf.shape(lists)[0]
        found = self.of(labels, logits[:, 0], tf.cast(known, logits.dtype), lists, count)
        return tf.gather(found, lists)

    def of(self, labels: Any, scores: Any, known: Any, lists: Any, count: Any) -> Any:
        """The loss of each list, (count,): labels, scores and known (B,) float32, lists (B,) int32 below `count`."""
        raise NotImplementedError(type(self).__name__)  # abstract: each loss says its own


@declare(
    "loss",
    "pairwise",
    paper="Burges et al. 2005, Learning to Rank using Gradient Descent, eq. 3",
    example="task click: binary(loss=[bce, pairwise(group=user_id, weight=0.2)])",
)
class Pairwise(ListLoss):
    """RankNet: the mean over pairs of a list with yᵢ > yⱼ of log(1 + exp(−(sᵢ − sⱼ))), s the logits; or of max(0, 1 − (sᵢ − sⱼ)).

    On a binary task beside `bce` it moves rows of a user apart where the log loss has them in one place.
    Cost: a number a pair of rows of a list.
    """

    kind: str = option(Choice(("logistic", "hinge")), "logistic", "of the difference of two scores", by_name=True)
    temperature: float = option(Float(above=0), 1.0, "differences are divided by it", by_name=True)

    def of(self, labels: Any, scores: Any, known: Any, lists: Any, count: Any) -> Any:
        import tensorflow as tf

        first, second = pairs(lists, count)
        above = (tf.gather(labels, first) > tf.gather(labels, second)) & (
            (tf.gather(known, first) > 0) & (tf.gather(known, second) > 0)
        )
        apart = (tf.gather(scores, first) - tf.gather(scores, second)) / self.temperature
        each = tf.nn.softplus(-apart) if self.kind == "logistic" else tf.nn.relu(1.0 - apart)
        counts = tf.cast(above, scores.dtype)
        owner = tf.gather(lists, first)
        total = tf.math.unsorted_segment_sum(counts * each, owner, count)
        return total / tf.maximum(tf.math.unsorted_segment_sum(counts, owner, count), 1.0)


def pairs(lists: Any, count: Any) -> tuple[Any, Any]:
    """All pairs of rows of one list, (P,) int32 each, in both orders and with itself: P is the sum of the squared lengths."""
    import tensorflow as tf

    sizes = tf.math.unsorted_segment_sum(tf.ones_like(lists), lists, count)
    starts = tf.cumsum(sizes, exclusive=True)
    mates = tf.gather(sizes, lists)  # of each row, the rows of its list
    first = tf.repeat(tf.range(tf.shape(lists)[0]), mates)
    place = tf.range(tf.size(first)) - tf.gather(tf.cumsum(mates, exclusive=True), first)
    return first, place + tf.gather(starts, tf.gather(lists, first))


@declare(
    "loss",
    "listwise",
    paper="Cao et al. 2007, Learning to Rank: From Pairwise Approach to Listwise Approach; Bruch et al. 2019, An Analysis of the Softmax Cross Entropy Loss for Learning-to-Rank with Binary Relevance, eq. 4",
    example="task relevance: ranking(group=query_id, loss=listwise)",
)
class Listwise(ListLoss):
    """Softmax cross-entropy of a list: −Σᵢ yᵢ / Σ y · log softmax(s)ᵢ over its labelled rows, s the logits.

    Of binary labels a bound of the mean reciprocal rank, of 2^y − 1 one of NDCG (`gain=exponential`). Lists without a positive have loss 0.
    """

    gain: str = option(
        Choice(("linear", "exponential")), "linear", "what a label counts: itself, or 2^label − 1", by_name=True
    )
    temperature: float = option(Float(above=0), 1.0, "scores are divided by it", by_name=True)

    def of(self, labels: Any, scores: Any, known: Any, lists: Any, count: Any) -> Any:
        import tensorflow as tf

        gains = known * (labels if self.gain == "linear" else tf.pow(2.0, tf.minimum(labels, 60.0)) - 1.0)
        scores = tf.where(known > 0, scores / self.temperature, LEAST)
        top = tf.stop_gradient(tf.math.unsorted_segment_max(scores, lists, count))
        shifted = scores - tf.gather(top, lists)
        sums = tf.math.unsorted_segment_sum(known * tf.exp(shifted), lists, count)
        log = tf.math.log(tf.maximum(tf.gather(sums, lists), 1e-30)) - shifted
        total = tf.math.unsorted_segment_sum(tf.where(gains > 0, gains * log, 0.0), lists, count)
        return tf.math.divide_no_nan(total, tf.math.unsorted_segment_sum(gains, lists, count))
