"""Terms that a dependency adds to the loss of a row of its child.

Labels are (rows, 1 + parents), the child's first, NaN where there is none. Logits are side by side: the child's final
ones, those of its own head, the parents', and what else the term needs.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def calibrator(
    labels: keras.KerasTensor, logits: keras.KerasTensor, alpha: float
) -> keras.KerasTensor:
    """By how much the child's probability is above its parents' (Xi et al. 2021)."""
    parents = labels.shape[-1] - 1
    above = ops.sigmoid(logits[:, 2 : 2 + parents])
    return alpha * ops.sum(ops.relu(ops.sigmoid(logits[:, :1]) - above), axis=1)


def inverse_propensity(
    labels: keras.KerasTensor, logits: keras.KerasTensor, least: float
) -> keras.KerasTensor:
    """One over the probability that all parents happen, which is taken as it is and as
    `least` where it is less; 0 where they did not happen.
    """
    parents = labels.shape[-1] - 1
    log = -ops.sum(ops.softplus(-logits[:, 2 : 2 + parents]), axis=1)
    weights = ops.exp(-ops.maximum(ops.stop_gradient(log), ops.log(least)))
    return ops.where(ops.all(labels[:, 1:] == 1, axis=1), weights, 0.0)


def conditional_loss(
    labels: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """The log loss of the child's own head."""
    label = ops.where(ops.isfinite(labels[:, 0]), labels[:, 0], 0.0)
    return ops.softplus(logits[:, 1]) - label * logits[:, 1]


def counterfactual(
    labels: keras.KerasTensor,
    logits: keras.KerasTensor,
    weight: float,
    least: float,
) -> keras.KerasTensor:
    """The conditional's loss over all rows, by inverse propensity (Wang et al. 2022)."""
    weights = inverse_propensity(labels, logits, least)
    return weight * weights * conditional_loss(labels, logits)


def doubly_robust(
    labels: keras.KerasTensor,
    logits: keras.KerasTensor,
    weight: float,
    least: float,
) -> keras.KerasTensor:
    """The same with an imputed error, doubly robust (Wang et al. 2022)."""
    guess = ops.softplus(logits[:, -1])
    off = conditional_loss(labels, logits) - guess
    known = ops.all(ops.isfinite(labels[:, 1:]), axis=1)
    weights = inverse_propensity(labels, logits, least)
    return weight * (ops.where(known, guess, 0.0) + weights * (off + off**2))


def of_labelled_with(loss: Callable, term: Callable) -> Callable:
    """The mean of a task's loss and its dependency's term over the rows that have a
    label of the task: NaN is none.
    """

    def mean(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        known = ops.isfinite(labels[:, 0])
        each = loss(ops.where(known, labels[:, 0], 0.0), logits[:, :1])
        each = each + term(labels, logits)
        count = ops.sum(ops.cast(known, each.dtype))
        return ops.sum(ops.where(known, each, 0.0)) / ops.maximum(count, 1.0)

    return mean
