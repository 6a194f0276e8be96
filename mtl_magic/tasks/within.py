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
PAIRS = 1 << 18  # pairs that are compared together: memory is bounded, however long a list is


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
    Cost: time for each pair of rows of a list; memory for each row.
    """

    kind: str = option(Choice(("logistic", "hinge")), "logistic", "of the difference of two scores", by_name=True)
    temperature: float = option(Float(above=0), 1.0, "differences are divided by it", by_name=True)

    by_xla: ClassVar[bool] = False  # another number of pairs in each batch

    def of(self, labels: Any, scores: Any, known: Any, lists: Any, count: Any) -> Any:
        import tensorflow as tf

        @tf.custom_gradient
        def mean(scores: Any) -> Any:
            behind, starts = blocks(lists, count)

            def more(block: Any, totals: Any, pairs: Any, slopes: Any) -> Any:
                first, second = pairs_of(behind[starts[block] : starts[block + 1]], starts[block])
                gap = tf.gather(labels, first) - tf.gather(labels, second)
                there = (tf.gather(known, first) > 0) & (tf.gather(known, second) > 0)
                chosen = tf.where(there & (gap != 0))[:, 0]
                first, second = tf.gather(first, chosen), tf.gather(second, chosen)
                sign = tf.sign(tf.gather(gap, chosen)) / self.temperature
                each, slope = self._of_difference(sign * (tf.gather(scores, first) - tf.gather(scores, second)))
                slope, owner, size = sign * slope, tf.gather(lists, first), tf.size(scores)
                slopes += tf.math.unsorted_segment_sum(slope, first, size)
                slopes -= tf.math.unsorted_segment_sum(slope, second, size)
                totals += tf.math.unsorted_segment_sum(each, owner, count)
                pairs += tf.math.unsorted_segment_sum(tf.ones_like(each), owner, count)
                return block + 1, totals, pairs, slopes

            nothing = tf.zeros((count,), scores.dtype)
            start = (tf.constant(0), nothing, nothing, tf.zeros_like(scores))
            last = tf.size(starts) - 1
            _, totals, pairs, slopes = tf.while_loop(lambda k, *_: k < last, more, start, parallel_iterations=1)
            pairs = tf.maximum(pairs, 1.0)

            def gradient(upstream: Any) -> Any:
                return tf.gather(upstream / pairs, lists) * slopes

            return totals / pairs, gradient

        return mean(scores)

    def _of_difference(self, apart: Any) -> tuple[Any, Any]:
        """The loss of a pair whose better row has a score so much higher, and its derivative, (P,) each."""
        import tensorflow as tf

        if self.kind == "logistic":
            return tf.nn.softplus(-apart), -tf.sigmoid(-apart)
        return tf.nn.relu(1.0 - apart), -tf.cast(apart < 1.0, apart.dtype)


def blocks(lists: Any, count: Any) -> tuple[Any, Any]:
    """How many rows of its list stand behind each row, (B,) int32, and at which rows blocks start whose pairs are compared
    together, and at last B, (blocks + 1,) int32: a block has fewer than `PAIRS` pairs and those of one row.
    """
    import tensorflow as tf

    sizes = tf.math.unsorted_segment_sum(tf.ones_like(lists), lists, count)
    behind = tf.gather(tf.cumsum(sizes), lists) - tf.range(tf.size(lists)) - 1
    wide = tf.cast(behind, tf.int64)  # a list of 65,536 rows has more pairs than int32 has numbers
    number = tf.reduce_sum(wide) // PAIRS + 1
    return behind, tf.searchsorted(tf.cumsum(wide, exclusive=True), PAIRS * tf.range(number + 1))


def pairs_of(behind: Any, start: Any) -> tuple[Any, Any]:
    """The pairs of some rows, the first of which is row `start`, with those of their lists that stand behind them: (P,) int32
    each. In place of `tf.repeat`, which makes a number for each row and the greatest count of all.
    """
    import tensorflow as tf

    ends, total = tf.cumsum(behind), tf.reduce_sum(behind)
    place = tf.cumsum(tf.math.unsorted_segment_sum(tf.ones_like(ends), ends, total + 1)[:total])
    return start + place, start + place + 1 + tf.range(total) - tf.gather(ends - behind, place)


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
