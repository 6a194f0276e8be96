"""Losses of a row, from its label and its logits. Those of numbers are in deviations of the label."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def bce(label: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy."""
    return ops.softplus(logits[:, 0]) - label * logits[:, 0]


def focal(
    label: keras.KerasTensor,
    logits: keras.KerasTensor,
    gamma: float,
) -> keras.KerasTensor:
    """Focal loss: rows that are already easy count less (Lin et al. 2017, eq. 4)."""
    signed = logits[:, 0] * (2.0 * label - 1.0)  # logit of the true label's probability
    return ops.exp(-gamma * ops.softplus(signed)) * ops.softplus(-signed)


def crossentropy(
    label: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Minus the log of the true class's probability."""
    chosen = ops.one_hot(ops.cast(label, "int32"), logits.shape[-1])
    return ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)


def squared_error(
    label: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Squared error."""
    return (label - logits[:, 0]) ** 2


def absolute_error(
    label: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Absolute error."""
    return ops.abs(label - logits[:, 0])


def huber(
    label: keras.KerasTensor,
    logits: keras.KerasTensor,
    delta: float,
) -> keras.KerasTensor:
    """Squared error up to delta, then linear (Huber 1964)."""
    size = ops.abs(label - logits[:, 0])
    inside = ops.minimum(size, delta)
    return inside * (size - 0.5 * inside)


def of_labelled(loss: Callable) -> Callable:
    """The mean of a loss over the rows that have a label: NaN is none."""

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        known = ops.isfinite(labels[:, 0])
        each = loss(ops.where(known, labels[:, 0], 0.0), logits)
        count = ops.sum(ops.cast(known, each.dtype))
        return ops.sum(ops.where(known, each, 0.0)) / ops.maximum(count, 1.0)

    return mean
