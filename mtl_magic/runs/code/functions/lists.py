"""Losses that compare the rows of a list, and batches that hold lists whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


def together(lists: keras.KerasTensor, known: keras.KerasTensor) -> keras.KerasTensor:
    """Which pairs of rows are of one list, and both have a label: (rows, rows)."""
    both = ops.logical_and(known[:, None], known[None, :])
    return ops.logical_and(both, ops.equal(lists[:, None], lists[None, :]))


def pairwise(
    label: keras.KerasTensor,
    logits: keras.KerasTensor,
    lists: keras.KerasTensor,
    known: keras.KerasTensor,
    *,
    hinge: bool,
    temperature: float,
) -> keras.KerasTensor:
    """Of each row the mean over pairs of its list of which the first is better: whether
    it has the higher score (Burges et al. 2005).
    """
    same = together(lists, known)
    better = ops.logical_and(same, label[:, None] > label[None, :])
    better = ops.cast(better, logits.dtype)
    apart = (logits - ops.transpose(logits)) / temperature
    each = better * (ops.relu(1.0 - apart) if hinge else ops.softplus(-apart))
    same = ops.cast(same, logits.dtype)
    total = ops.matmul(same, ops.sum(each, axis=1, keepdims=True))
    count = ops.matmul(same, ops.sum(better, axis=1, keepdims=True))
    return (total / ops.maximum(count, 1.0))[:, 0]


def listwise(
    label: keras.KerasTensor,
    logits: keras.KerasTensor,
    lists: keras.KerasTensor,
    known: keras.KerasTensor,
    *,
    exponential: bool,
    temperature: float,
) -> keras.KerasTensor:
    """Of each row the softmax cross-entropy of its list (Cao et al. 2007)."""
    same = together(lists, known)
    gain = ops.power(2.0, label) - 1.0 if exponential else label
    score = logits[:, 0] / temperature
    seen = ops.where(same, score[None, :], -1e30)
    log = ops.logsumexp(seen, axis=1) - score
    same = ops.cast(same, logits.dtype)
    total = ops.matmul(same, (gain * log)[:, None])[:, 0]
    gains = ops.matmul(same, gain[:, None])[:, 0]
    return total / ops.where(gains > 0, gains, 1.0) * ops.cast(gains > 0, gain.dtype)


def of_rows(loss: Callable) -> Callable:
    """A loss of single rows, beside those of lists."""

    def alone(
        label: keras.KerasTensor, logits: keras.KerasTensor, *_: keras.KerasTensor
    ) -> keras.KerasTensor:
        return loss(label, logits)

    return alone


def of_listed(loss: Callable) -> Callable:
    """The mean of a loss over the rows that have a label. Labels are the label, the
    number of the row's list, and perhaps the row's weight.
    """

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        known = ops.isfinite(labels[:, 0])
        each = loss(ops.where(known, labels[:, 0], 0.0), logits, labels[:, 1], known)
        weight = ops.cast(known, each.dtype)
        if labels.shape[-1] > 2:
            weight = weight * labels[:, 2]
        total = ops.sum(weight)
        return ops.sum(weight * each) / ops.where(total > 0, total, 1.0)

    return mean


class ListBatches(keras.utils.PyDataset):
    """Rows in random order in which those of a list stand together. A batch ends where a
    list does, less than half a batch from its size; a longer list is cut.
    """

    def __init__(
        self,
        inputs: dict[str, np.ndarray],
        targets: dict[str, np.ndarray],
        lists: np.ndarray,
        batch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.inputs, self.targets, self.lists = inputs, targets, lists
        self.batch, self.random = batch, np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        rows = self.random.permutation(len(self.lists))
        _, first = np.unique(self.lists[rows], return_index=True)
        place = dict(zip(self.lists[rows][first], first, strict=True))
        where = np.array([place[number] for number in self.lists[rows]])
        self.order = rows[np.argsort(where, kind="stable")]
        ends = np.flatnonzero(np.diff(self.lists[self.order])) + 1
        self.stops = [0]
        for step in range(1, len(self)):
            target = step * self.batch
            near = ends[np.abs(ends - target) < self.batch / 2]
            nearest = np.argsort(np.abs(near - target))[:1]
            self.stops.append(int(near[nearest[0]]) if len(near) else target)
        self.stops.append(len(self.order))

    def __len__(self) -> int:
        return (len(self.lists) + self.batch - 1) // self.batch

    def __getitem__(self, step: int) -> Any:
        rows = self.order[self.stops[step] : self.stops[step + 1]]
        return (
            {name: values[rows] for name, values in self.inputs.items()},
            {name: values[rows] for name, values in self.targets.items()},
        )
