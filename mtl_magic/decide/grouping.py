"""From affinities of several independent repeats to groups of tasks, or to "not enough evidence".

What is tested is whether the *pattern* repeats: each repeat's affinities, made symmetric, without what belongs to a task
(one that is easily helped, one whose steps help all), leave residuals; so do the cosines of gradients; both, each of
size 1, add up to eᵢⱼ. Of R repeats the statistic is Σ over pairs of
repeats and of tasks of e e'. Under the null of no pattern the tasks of each repeat could as well have other names, which is
tried a few thousand times (a Mantel test of R matrices; Mantel 1967). Tasks that are noise agree in no two repeats.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from mtl_magic.decide.bootstrap import holm, interval

EXACT = 8  # tasks up to which all partitions are tried: 4,140 of 8 tasks
TRIED = 5000  # renamings
CHANCE = 0.01  # of a pattern where there is none; advice that is wrong costs more than advice that is missing
FEWEST = 4  # tasks of which a pattern has something left once each task's own part is out


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the repeats agree on.

    Attributes:
        mean: (K, K) symmetric affinity, mean over repeats; of each column the size is 1.
        residual: the pattern, without the tasks' own parts; of fewer than four tasks the mean cosines.
        scores: (K, K) by which tasks are grouped: half the pattern, half the same with the tasks' own parts, less the mean of all
            pairs. (Without these a large group, whose tasks help many, would seem to hold together less than a small one.)
        p: of a pattern; of fewer than four tasks of the surest pair.
        pairs: p-values (K, K) of each pair's cosine being 0 on average; adjusted (Holm 1979).
    """

    mean: np.ndarray
    residual: np.ndarray
    scores: np.ndarray
    p: float
    pairs: np.ndarray

    @property
    def enough(self) -> bool:
        return bool(self.p <= CHANCE)


def evidence(look_ahead: np.ndarray, cosines: np.ndarray | None = None, seed: int = 0) -> Evidence:
    """What R repeats say.

    Args:
        look_ahead: (R, K, K).
        cosines: (R, K, K) of the same repeats, NaN where there are none; None: the pattern is that of the look-ahead alone.
        seed: of the renamings.
    """
    count = look_ahead.shape[1]
    off = ~np.eye(count, dtype=bool)
    size = np.sqrt(np.mean(np.where(off, look_ahead, 0.0) ** 2, axis=(0, 1)) * count / max(count - 1, 1))
    scaled = look_ahead / np.where(size > 0, size, 1.0)
    each = (scaled + np.swapaxes(scaled, 1, 2)) / 2
    mean = np.where(off, each.mean(axis=0), 0.0)
    upper = np.triu_indices(count, 1)
    # Affinities are above 0 even of noise, for a step that shrinks what is shared helps all: signs are those of cosines.
    signed = cosines if cosines is not None and np.isfinite(cosines).all() else np.zeros_like(each)
    chances = [p_of(signed[:, i, j]) for i, j in zip(*upper, strict=True)]
    pairs = np.ones((count, count))
    pairs[upper] = pairs.T[upper] = holm(chances)
    if count < FEWEST:
        residual = np.where(off, signed.mean(axis=0), 0.0)
        return Evidence(mean, residual, np.where(pairs <= CHANCE, residual, 0.0), float(pairs[upper].min()), pairs)
    kinds = [each, *([cosines] if cosines is not None and np.isfinite(cosines).all() else [])]
    left = np.sum([_patterns(kind) for kind in kinds], axis=0)
    whole = np.mean([(kind / _sizes(kind)).mean(axis=0) for kind in kinds], axis=0)
    scores = (np.where(off, whole - whole[off].mean(), 0.0) + left.mean(axis=0) / len(kinds)) / 2
    rng = np.random.default_rng(seed)
    total = np.repeat(left[:1], TRIED, axis=0)
    for one in left[1:]:
        names = rng.permuted(np.tile(np.arange(count), (TRIED, 1)), axis=1)
        total += one[names[:, :, None], names[:, None, :]]
    renamed = ((total**2).sum(axis=(1, 2)) - (left**2).sum()) / 2  # `agreement` of each
    better = int((renamed >= agreement(left) - 1e-12).sum())
    return Evidence(mean, left.mean(axis=0), scores, (better + 1) / (TRIED + 1), pairs)


def _patterns(each: np.ndarray) -> np.ndarray:
    """Residuals of each repeat (R, K, K), of size 1."""
    found: np.ndarray = np.stack([centred(one) for one in each]) / _sizes(each)
    return found


def _sizes(each: np.ndarray) -> np.ndarray:
    """Of each repeat the size of its residuals (R, 1, 1)."""
    left = np.stack([centred(one) for one in each])
    found: np.ndarray = np.maximum(np.sqrt((left**2).sum(axis=(1, 2), keepdims=True)), 1e-12)
    return found


def p_of(values: np.ndarray) -> float:
    """Student's t-test of a mean of 0."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    found = interval(float(values.mean()), error, len(values) - 1).p
    return 1.0 if math.isnan(found) else found


def centred(matrix: np.ndarray) -> np.ndarray:
    """A symmetric matrix (K, K) without a part of each task: sᵢⱼ = m + aᵢ + aⱼ + eᵢⱼ off the diagonal, Σⱼ eᵢⱼ = 0.

    Example:
        >>> import numpy as np
        >>> bool(centred(np.add.outer([1.0, 2, 5, 0], [1.0, 2, 5, 0])).round(9).any())
        False
    """
    count = len(matrix)
    off = ~np.eye(count, dtype=bool)
    found = np.where(off, matrix, 0.0)
    total = found.sum() / (count * (count - 1))
    own = (found.sum(axis=1) - (count - 1) * total) / (count - 2)
    return np.where(off, found - total - own[:, None] - own[None, :], 0.0)


def agreement(each: np.ndarray) -> float:
    """Σ over pairs of repeats of the products of their residuals."""
    total = each.sum(axis=0)
    return float((total**2).sum() - (each**2).sum()) / 2


# -- groups -----------------------------------------------------------------------------------------------------------


def groups_of(scores: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The partition of tasks with the greatest sum of scores within its groups: exact of few tasks, else by average linkage.

    Example:
        >>> import numpy as np
        >>> groups_of(np.array([[0, 2, -1], [2, 0, -1], [-1, -1, 0.0]]))
        ((0, 1), (2,))
    """
    count = len(scores)
    if count <= EXACT:
        best = max(partitions(count), key=lambda groups: (round(within(scores, groups), 12), -len(groups)))
    else:
        best = linked(scores)
    return tuple(sorted(tuple(sorted(group)) for group in best))


def within(scores: np.ndarray, groups: Sequence[Sequence[int]]) -> float:
    """Σ of the scores of pairs in one group."""
    return float(sum(scores[np.ix_(g, g)].sum() for g in map(list, groups))) / 2


def partitions(count: int) -> Iterator[list[list[int]]]:
    """All ways to put so many things into groups."""
    if count == 0:
        yield []
        return
    for smaller in partitions(count - 1):
        for k, group in enumerate(smaller):
            yield [*smaller[:k], [*group, count - 1], *smaller[k + 1 :]]
        yield [*smaller, [count - 1]]


def linked(scores: np.ndarray) -> list[list[int]]:
    """Groups join while the mean score between two of them is above 0, the best two first (Sokal & Michener 1958)."""
    groups = [[k] for k in range(len(scores))]
    while len(groups) > 1:
        pairs = [
            (scores[np.ix_(a, b)].mean(), i, j) for i, a in enumerate(groups) for j, b in enumerate(groups) if i < j
        ]
        best, i, j = max(pairs)
        if best <= 0:
            break
        groups = [*(g for k, g in enumerate(groups) if k not in (i, j)), groups[i] + groups[j]]
    return groups
