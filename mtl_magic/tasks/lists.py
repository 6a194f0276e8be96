"""Metrics of ranked lists: rows that belong together, a user's or a query's, in the order of their scores. Exact; where
scores tie, the mean over all orders of the tied rows (McSherry & Najork 2008, Computing Information Retrieval Performance
Measures Efficiently in the Presence of Tied Scores).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from mtl_magic.parameters import Choice, Int, Name, maybe
from mtl_magic.registry import declare, option
from mtl_magic.tasks._base import Metric

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class Lists:
    """Rows list by list, in each by falling score; all arrays (n,).

    Example:
        >>> import numpy as np
        >>> found = Lists.of(np.array(["a", "b", "a"]), np.array([0.1, 0.5, 0.9]))
        >>> found.order.tolist(), found.group.tolist(), found.place.tolist()
        ([2, 0, 1], [0, 0, 1], [0, 1, 0])
    """

    order: np.ndarray  # row at each position
    group: np.ndarray  # number of its list
    place: np.ndarray  # in its list, from 0
    ties: np.ndarray  # positions at which another score begins, (m,)

    @classmethod
    def of(cls, groups: np.ndarray, scores: np.ndarray) -> Lists:
        """Of rows with these groups and scores, (n,) each, n > 0."""
        import numpy as np
        import pandas as pd

        codes = pd.factorize(groups, use_na_sentinel=False)[0]
        order = np.lexsort((-scores, codes))
        group, score = codes[order], scores[order]
        new = np.diff(group, prepend=-1) != 0
        place = np.arange(len(order)) - np.flatnonzero(new)[np.cumsum(new) - 1]
        return cls(order, group, place, np.flatnonzero(new | (np.diff(score, prepend=np.inf) != 0)))

    def tied(self, values: np.ndarray) -> np.ndarray:
        """Of values by position, (n,), the mean over each tie, (n,)."""
        import numpy as np

        counts = np.diff(self.ties, append=len(values))
        found: np.ndarray = np.repeat(np.add.reduceat(values, self.ties) / counts, counts)
        return found


@dataclasses.dataclass(frozen=True)
class ListMetric(Metric):
    """Base of metrics that are the mean over lists."""

    k: int | None = option(maybe(Int(minimum=1)), None, "places that count, the first k of a list; none: all")
    group: str | None = option(
        maybe(Name("column")), None, "column whose equal values are a list; none: the `group` of a ranking task"
    )

    def columns(self) -> tuple[str, ...]:
        return (self.group,) if self.group else ()


@declare(
    "metric",
    "ndcg",
    paper="Järvelin & Kekäläinen 2002, Cumulated Gain-Based Evaluation of IR Techniques",
    example="task click: binary(metrics=[auc, ndcg(10, group=user_id)])",
)
class Ndcg(ListMetric):
    """Normalised discounted cumulative gain: Σᵢ gain / log₂(i + 1) over places i ≤ k, over that of the best order.

    The mean over lists; those without any gain are left out. The list's column may be ignored as a feature. A task reports
    one ndcg; elsewhere it is named without its options, as in `early_stop=click.ndcg`.
    """

    gain: str = option(
        Choice(("exponential", "linear")),
        "exponential",
        "exponential: 2^label − 1; linear: the label itself",
        by_name=True,
    )

    tasks: ClassVar[tuple[str, ...]] = ("binary", "ranking")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        if not len(labels):
            return float("nan")
        groups, gains = extras[self.group or ""], 2.0**labels - 1 if self.gain == "exponential" else labels
        lists, best = Lists.of(groups, predictions), Lists.of(groups, gains)
        places = len(labels) if self.k is None else self.k
        discount = np.where(lists.place < places, 1 / np.log2(lists.place + 2), 0.0)
        got = np.bincount(lists.group, gains[lists.order] * lists.tied(discount))
        most = np.bincount(best.group, gains[best.order] * discount)
        some = most > 0
        return float((got[some] / most[some]).mean()) if some.any() else float("nan")


@declare(
    "metric",
    "mrr",
    paper="Voorhees 1999, The TREC-8 Question Answering Track Report",
    example="task click: binary(metrics=[auc, mrr(group=user_id)])",
)
class Mrr(ListMetric):
    """Mean reciprocal rank: 1 / the place of a list's first positive, 0 behind the first k.

    Lists without a positive are left out. A task reports one mrr; elsewhere it is named without its options.
    """

    tasks: ClassVar[tuple[str, ...]] = ("binary", "ranking")

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        import numpy as np

        if not len(labels):
            return float("nan")
        lists = Lists.of(extras[self.group or ""], predictions)
        hits = np.add.reduceat(labels[lists.order] > 0.5, lists.ties, dtype="int64")
        sizes, start, owner = (
            np.diff(lists.ties, append=len(labels)),
            lists.place[lists.ties],
            lists.group[lists.ties],
        )
        held = np.flatnonzero(hits)
        first = held[np.unique(owner[held], return_index=True)[1]]  # the tie that holds each list's first positive
        places = len(labels) if self.k is None else self.k
        found = [expected(int(start[t]), int(sizes[t]), int(hits[t]), places) for t in first]
        return float(np.mean(found)) if found else float("nan")


def expected(start: int, size: int, hits: int, k: int) -> float:
    """Mean reciprocal place of the first of some hits among tied rows, over all their orders; 0 behind place k.

    Args:
        start: rows before them.
        size: rows that tie.
        hits: positives among them, at least one.
        k: places that count.

    Example:
        >>> expected(0, 2, 1, 10)  # first or second
        0.75
    """
    import numpy as np

    before = np.arange(size - hits + 1)  # misses before the first hit
    stays = np.concatenate([[1.0], np.cumprod((size - hits - before[:-1]) / (size - before[:-1]))])
    chance = stays * hits / (size - before)
    place = start + before + 1
    return float((chance / place * (place <= k)).sum())
