"""Pieces of the network."""

from __future__ import annotations

import keras
from keras import layers, ops


def mean_of(rows: keras.KerasTensor, ids: keras.KerasTensor) -> keras.KerasTensor:
    """The mean of a list's embeddings; id 0 is no tag and does not count."""
    present = ops.cast(ids > 0, rows.dtype)[:, :, None]
    return ops.sum(rows * present, axis=1) / ops.maximum(ops.sum(present, axis=1), 1.0)


def sum_of(rows: keras.KerasTensor, ids: keras.KerasTensor) -> keras.KerasTensor:
    """The sum of a list's embeddings; id 0 is no tag and does not count."""
    return ops.sum(rows * ops.cast(ids > 0, rows.dtype)[:, :, None], axis=1)


def dense_stack(
    x: keras.KerasTensor,
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> keras.KerasTensor:
    """Dense layers of these widths, each with its dropout."""
    for i, width in enumerate(units):
        x = layers.Dense(width, activation="relu", name=f"{name}_dense_{i}")(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return x


def head(x: keras.KerasTensor, start: list[float], name: str) -> keras.KerasTensor:
    """A task's logits, which start at those of the best constant prediction."""
    logits = layers.Dense(len(start), name=f"{name}_logits")
    made = logits(x)
    logits.bias.assign(start)
    return made


def product(a: keras.KerasTensor, b: keras.KerasTensor) -> keras.KerasTensor:
    """The logit of sigmoid(a) · sigmoid(b): its odds are 1 / (e^-a + e^-b + e^-(a+b))."""
    return -ops.logsumexp(ops.stack([-a, -b, -a - b], axis=-1), axis=-1)
