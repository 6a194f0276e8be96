"""Sums and writes that are right on one device and under `strategy.run` alike. The only module that knows of replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def shared_variable(value: Any, name: str, dtype: Any = None) -> tf.Variable:
    """A variable that every replica assigns the same value (a counter, a learning rate, a balancer's state)."""
    return tf.Variable(
        value, name=name, dtype=dtype, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
    )


def total(tensor: Any) -> Any:
    """The sum over replicas; the tensor itself on one device."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensor
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensor)


def gathered(tensor: Any) -> Any:
    """The replicas' rows one after the other; the tensor itself on one device."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensor
    return context.all_gather(tensor, axis=0)


def update(variable: tf.Variable, function: Callable[..., None], *args: Any) -> None:
    """`function(variable, *args)` on each replica's own copy; args are equal on all of them."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        function(variable, *args)
        return

    def merged(strategy: tf.distribute.Strategy, *merged_args: Any) -> None:
        strategy.extended.update(variable, function, args=merged_args, group=True)

    context.merge_call(merged, args=args)
