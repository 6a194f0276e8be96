"""Attention over a few vectors of a row."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class Attend(keras.layers.Layer):
    """Σᵤ softmax(⟨query_u, key_u⟩ / √d) value_u over the vectors u of a row (Xi et al. 2021, the AIT module).

    Not attention between vectors: the weight of a vector is of its own query and key. It has no weights: those of query,
    key and value are layers before it.

    Args:
        **kwargs: of `keras.layers.Layer`.

    Input: query, key and value, each (B, U, d). Output: (B, d).

    Example:
        >>> import numpy as np
        >>> same = np.ones((1, 2, 4), "float32")
        >>> Attend()([same, same, same * [[[2.0], [4.0]]]]).numpy().tolist()
        [[3.0, 3.0, 3.0, 3.0]]
    """

    def call(self, inputs: list[Any]) -> Any:
        query, key, value = inputs
        # In float32: a sum of d products of float16 may overflow.
        alike = ops.sum(ops.cast(query, "float32") * ops.cast(key, "float32"), axis=-1, keepdims=True)
        weights = ops.softmax(alike / query.shape[-1] ** 0.5, axis=1)
        return ops.sum(ops.cast(weights, value.dtype) * value, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0][0], input_shape[2][-1])
