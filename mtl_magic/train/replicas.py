"""Sums and writes that are right on one device and under `strategy.run` alike. The only module that knows of replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf


def count() -> int:
    """How many replicas take a step together."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def cut(arrays: Sequence[Any], stops: Sequence[int] | None = None) -> Sequence[Any]:
    """A step's rows cut between the replicas of the strategy in scope: arguments of its `run`; the arrays themselves on
    one device. Of several processes each gets the shares of its own replicas.

    Shares are as equal as can be, or end at `stops`; where there are fewer rows than replicas, some are empty.
    """
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return arrays
    return [strategy.experimental_distribute_values_from_function(partial(_share, array, stops)) for array in arrays]


def _share(array: Any, stops: Sequence[int] | None, context: Any) -> Any:
    n, r = context.num_replicas_in_sync, context.replica_id_in_sync_group
    if stops is not None:
        return tf.convert_to_tensor(array[stops[r - 1] if r else 0 : stops[r]])
    return tf.convert_to_tensor(array[len(array) * r // n : len(array) * (r + 1) // n])


def signature(specs: Sequence[tf.TensorSpec]) -> tuple[Any, ...]:
    """The signature of what `cut` gives, so that shares of other sizes trace nothing."""
    strategy = tf.distribute.get_strategy()
    some = strategy.experimental_distribute_values_from_function(lambda _: tf.zeros(()))
    kind, local = type(tf.type_spec_from_value(some)), len(strategy.experimental_local_results(some))
    return tuple(kind(*[spec] * local) for spec in specs)


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
