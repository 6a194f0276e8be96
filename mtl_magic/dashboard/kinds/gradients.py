"""How the tasks' gradients stand to each other now, and how often they have pulled against each other over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Gradients


@kind("gradients", Gradients, keeps=1)
def gradients(event: Gradients, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: of each pair (0, 1), (0, 2), …, (1, 2), … its mean cosine, then its conflict rate since training began; of each
    task the norm of its gradient, then the share of these steps in which it had none.
    """
    order = [event.tasks.index(t) if t in event.tasks else -1 for t in tasks]
    pairs = np.triu_indices(len(tasks), 1)
    steps = _matrix(event.steps, order)
    had, left = steps.diagonal(), _row(event.left_out, order)
    with np.errstate(invalid="ignore", divide="ignore"):
        without = left / (had + left)
    values = [
        _matrix(event.cosines, order)[pairs],
        _matrix(event.overall or event.conflict, order)[pairs],
        _row(event.norms, order),
        np.nan_to_num(without),
    ]
    yield Row(event.step, np.concatenate(values).tolist())


@kind("conflicts", Gradients, keeps=512)
def conflicts(event: Gradients, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Value: in which share of these steps and pairs the cosine was below 0."""
    yield Row(event.step, [conflict_rate(event)])


def conflict_rate(event: Gradients) -> float:
    """Over all pairs, each as often as it was compared; NaN where none was.

    Example:
        >>> of = [(1.0, 0.25), (0.25, 1.0)]
        >>> conflict_rate(Gradients(8, 1.0, ("a", "b"), of, (1.0, 1.0), ((0.0, 0.5), (0.5, 0.0)), (1.0, 1.0), ((8, 8), (8, 8))))
        0.5
    """
    pairs = np.triu_indices(len(event.tasks), 1)
    share = np.asarray(event.conflict, "float64")[pairs]
    steps = np.asarray(event.steps, "float64")[pairs] if event.steps else np.isfinite(share).astype("float64")
    return float(np.nansum(share * steps) / steps.sum()) if steps.sum() else math.nan


def _matrix(rows: tuple[tuple[float, ...], ...], order: list[int]) -> np.ndarray:
    """In the order of the tasks; NaN for one that the event does not have (-1)."""
    found = np.pad(np.asarray(rows, "float64"), (0, 1), constant_values=math.nan) if rows else np.full((1, 1), math.nan)
    at = order if rows else [-1] * len(order)
    return found[np.ix_(at, at)]


def _row(values: tuple[float, ...], order: list[int]) -> np.ndarray:
    found = np.append(np.asarray(values, "float64"), math.nan)
    return found[[i if i < len(values) else -1 for i in order]]
