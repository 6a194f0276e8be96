"""Dropout whose rate is assigned."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from mtl_magic.assigned import number


class AssignedDropout(keras.layers.Dropout):
    """`keras.layers.Dropout` whose `rate` may be an `Assigned`, with the same masks and the same digits.

    Only a step's own network has it, by `assign_rate`: Keras takes no variable, and what is saved has Keras' own layer.

    Input, output: of any shape.

    Example:
        >>> from mtl_magic.assigned import Assigned
        >>> layer = keras.layers.Dropout(0.5, seed=0)
        >>> assign_rate(layer, rate := Assigned(0.5))
        >>> rate.assign(0.0)
        >>> layer(tf.ones((1, 3)), training=True).numpy().tolist()
        [[1.0, 1.0, 1.0]]
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        rate = number(self.rate, "float64")
        drawn = keras.random.uniform(tf.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        scaled = inputs * tf.cast(1 / (1 - rate), inputs.dtype)
        kept = tf.where(drawn >= tf.cast(rate, inputs.dtype), scaled, tf.zeros((), inputs.dtype))
        return tf.ensure_shape(kept, inputs.shape)


def assign_rate(layer: keras.layers.Dropout, rate: Any) -> None:
    """The layer, of a rate above 0, reads this one from now on, wherever it stands in a model."""
    layer.__class__ = AssignedDropout
    layer.rate = rate
