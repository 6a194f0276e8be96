"""Losses of a row, from its label and its logits. Those of numbers are in deviations of the label, or in
multiples of its mean.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def bce(label: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy."""
    return ops.softplus(logits[:, 0]) - label * logits[:, 0]


def smoothed_bce(
    label: keras.KerasTensor, logits: keras.KerasTensor, smoothing: float
) -> keras.KerasTensor:
    """Binary cross-entropy of a label that is never quite sure."""
    return bce(label * (1.0 - smoothing) + smoothing / 2, logits)


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


def smoothed_crossentropy(
    label: keras.KerasTensor, logits: keras.KerasTensor, smoothing: float
) -> keras.KerasTensor:
    """Cross-entropy of a label whose class is never quite sure."""
    chosen = ops.one_hot(ops.cast(label, "int32"), logits.shape[-1])
    chosen = chosen * (1.0 - smoothing) + smoothing / logits.shape[-1]
    return ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)


def corn(label: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Conditional ordinal loss (Shi, Cao & Raschka 2023): step k is whether the rank is
    above k, among those that are at least k.
    """
    step = ops.arange(logits.shape[-1], dtype=logits.dtype)
    passed = ops.cast(step < label[:, None], logits.dtype)
    stopped = ops.cast(ops.equal(step, label[:, None]), logits.dtype)
    each = passed * ops.softplus(-logits) + stopped * ops.softplus(logits)
    return ops.sum(each, axis=-1)


def squared_error(
    label: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Squared error."""
    return (label - logits[:, 0]) ** 2


def squared_log_error(
    label: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Squared error of the log of 1 and the label."""
    return squared_error(ops.log1p(label), logits)


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


def pinball(
    label: keras.KerasTensor, logits: keras.KerasTensor, q: float
) -> keras.KerasTensor:
    """Quantile loss (Koenker & Bassett 1978)."""
    error = label - logits[:, 0]
    return ops.maximum(q * error, (q - 1.0) * error)


def grown(z: keras.KerasTensor) -> keras.KerasTensor:
    """exp(z), beyond 30 its tangent: finite for all z."""
    return ops.exp(ops.minimum(z, 30.0)) * (1.0 + ops.maximum(z - 30.0, 0.0))


def poisson(label: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Poisson loss: half the deviance, of multiples of the mean."""
    perfect = label * ops.log(ops.maximum(label, 1e-30)) - label
    return grown(logits[:, 0]) - label * logits[:, 0] + perfect


def tweedie(
    label: keras.KerasTensor, logits: keras.KerasTensor, p: float
) -> keras.KerasTensor:
    """Tweedie deviance of power p, of multiples of the mean (Jørgensen 1987)."""
    z = logits[:, 0]
    own = ops.power(label, 2 - p) / ((1 - p) * (2 - p))
    mean = grown((2 - p) * z) / (2 - p)
    return 2.0 * (own + label * grown((1 - p) * z) / (p - 1) + mean)


def ziln(
    label: keras.KerasTensor, logits: keras.KerasTensor, mean: float, std: float
) -> keras.KerasTensor:
    """Zero-inflated lognormal loss (Wang et al. 2019): whether it is above 0, and its log
    where it is, in deviations of the positive labels' log.
    """
    paid = ops.cast(label > 0, logits.dtype)
    sigma = 0.1 + ops.softplus(logits[:, 2] + ops.log(ops.expm1(0.9)))
    log = (ops.log(ops.where(label > 0, label, 1.0)) - mean) / std
    amount = ops.log(sigma / 0.1) + 0.5 * ((log - logits[:, 1]) / sigma) ** 2
    return ops.softplus(logits[:, 0]) - paid * logits[:, 0] + paid * amount


def added(*parts: tuple[float, Callable]) -> Callable:
    """The sum of several losses, each with its weight."""

    def loss(*seen: keras.KerasTensor) -> keras.KerasTensor:
        return sum(weight * each(*seen) for weight, each in parts)

    return loss


def of_labelled(loss: Callable) -> Callable:
    """The mean of a loss over the rows that have a label: NaN is none."""

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        known = ops.isfinite(labels[:, 0])
        each = loss(ops.where(known, labels[:, 0], 0.0), logits)
        count = ops.sum(ops.cast(known, each.dtype))
        return ops.sum(ops.where(known, each, 0.0)) / ops.maximum(count, 1.0)

    return mean


def of_weighted(loss: Callable) -> Callable:
    """The same of rows with weights, the second column of the labels."""

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        known = ops.isfinite(labels[:, 0])
        each = loss(ops.where(known, labels[:, 0], 0.0), logits)
        weight = ops.where(known, labels[:, 1], 0.0)
        total = ops.sum(weight)
        return ops.sum(weight * each) / ops.where(total > 0, total, 1.0)

    return mean


def of_classes(loss: Callable, weights: list[float]) -> Callable:
    """The mean of a loss over the classes of rows with any number of them; `weights` are
    those of a class that is there. A further column of the labels is the rows' weights.
    """

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        count = len(weights)
        known = ops.isfinite(labels[:, :count])
        there = ops.where(known, labels[:, :count], 0.0)
        flat = loss(ops.reshape(there, (-1,)), ops.reshape(logits, (-1, 1)))
        weight = ops.cast(known, flat.dtype) * (
            1.0 + (ops.convert_to_tensor(weights, flat.dtype) - 1.0) * there
        )
        if labels.shape[-1] > count:
            weight = weight * labels[:, count:]
        total = ops.sum(weight)
        each = ops.reshape(flat, (-1, count))
        return ops.sum(weight * each) / ops.where(total > 0, total, 1.0)

    return mean
