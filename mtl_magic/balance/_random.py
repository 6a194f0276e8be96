"""Chance that a resumed training repeats: a function of a seed and the number of the step."""

from __future__ import annotations

from typing import Any

from mtl_magic.assigned import Assigned, number


def stream(seed: int | Assigned, step: Any) -> Any:
    """The seed (2,) int64 of a step."""
    import tensorflow as tf

    return tf.stack([number(seed, tf.int64), tf.cast(step, tf.int64)])


def orders(seed: int | Assigned, step: Any, count: int) -> Any:
    """For each of `count` tasks an order of all tasks: (K, K) int32."""
    import tensorflow as tf

    return tf.argsort(tf.random.stateless_uniform((count, count), stream(seed, step)), axis=1)
