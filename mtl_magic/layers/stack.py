"""Stacks of dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


def dense_stack(x: Any, units: Sequence[int], name: str, dropout: float = 0.0, activation: Any = "relu") -> Any:
    """`Dense(u, activation)` and `Dropout(dropout)` for each of `units`, applied to x (B, width).

    Example:
        >>> dense_stack(keras.Input((3,)), [8, 4], "tower").shape
        (None, 4)
    """
    for i, width in enumerate(units):
        x = keras.layers.Dense(width, activation=activation, name=f"{name}_dense_{i}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"{name}_dropout_{i}")(x)
    return x
