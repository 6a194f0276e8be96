"""Small functions of losses that methods share; inactive tasks count for nothing."""

from __future__ import annotations

from typing import Any

TINY = 1e-8  # least loss whose logarithm or inverse is taken


def softmax(scores: Any, active: Any) -> Any:
    """Softmax (K,) over the active tasks, 0 elsewhere."""
    import tensorflow as tf

    kept = tf.where(active, scores, tf.constant(float("-inf"), scores.dtype))
    top = tf.reduce_max(kept)
    each = tf.where(active, tf.exp(tf.where(active, scores, 0.0) - tf.where(tf.math.is_finite(top), top, 0.0)), 0.0)
    return tf.math.divide_no_nan(each, tf.reduce_sum(each))


def positive(losses: Any, active: Any) -> Any:
    """Losses (K,) of at least `TINY`; 1 where inactive."""
    import tensorflow as tf

    return tf.where(active, tf.maximum(losses, TINY), 1.0)


def mean(values: Any, active: Any) -> Any:
    """The mean of the active tasks' values ()."""
    import tensorflow as tf

    kept = tf.cast(active, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(tf.where(active, values, 0.0)), tf.reduce_sum(kept))
