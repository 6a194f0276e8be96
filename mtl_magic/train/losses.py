"""The losses of rows: what a step adds up, and what their weights are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.data.negatives import offset
from mtl_magic.tasks._base import Loss

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema, TaskSchema
    from mtl_magic.model.relations import Term


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the losses of a task see of some rows.

    Attributes:
        label: (B,) without NaN: a number that the loss takes where there is no label.
        known: which rows have one, (B,) bool.
        flags: of a multilabel task, (B, classes) with NaN; None of any other.
        lists: the number of each row's list, (B,) int32, from 0 and growing by 1 where another begins; None where no loss asks.
    """

    label: Any
    known: Any
    flags: Any = None
    lists: Any = None


def row_losses(
    schema: Schema, logits: dict[str, Any], labels: Any, terms: Sequence[Term] = (), *, training: bool = False
) -> tuple[Any, Any]:
    """Loss of each row and task times its weight, (B, K), 0 where there is no label, and the weights (B, K), both float32.

    A task's loss is the sum of the first over that of the second. Labels are (B, width), see `data.schema.Beside`.
    `terms` are what dependencies add to the losses of their children (`Net.terms`). With `training` the rows are those of
    which tasks may have forgotten negatives, and the losses are taken at the logits of such a sample (`data/negatives.py`).

    A missing label is replaced before a loss of ours sees it (NaN times zero would be NaN); a loss of the user's own
    sees the labelled rows alone, for it may mix rows.
    """
    beside, count = schema.beside, len(schema.tasks)
    known = tf.math.is_finite(labels[:, :count])
    lists = None if beside.lists is None else numbered(labels[:, beside.lists : beside.lists + 2])
    weights = row_weights(schema, labels)
    losses = []
    for k, task in enumerate(schema.tasks):
        filler = task.mean if task.kind.classification is False else 0.0
        start, stop = beside.flags[k]
        flags = labels[:, start:stop] if stop > start else None
        seen = Seen(tf.where(known[:, k], labels[:, k], filler), known[:, k], flags, lists)
        more = offset(task.kind) if training else 0.0
        each = task_losses(task, logits[task.key] + more if more else logits[task.key], seen)
        for term in terms:
            if term.task == k:
                each += term.rows(schema, logits, labels)
        if weighs(schema, k):
            each *= weights[:, k]
        losses.append(tf.where(known[:, k], each, 0.0))
    return tf.stack(losses, axis=1), weights


def weighs(schema: Schema, k: int) -> bool:
    """Whether rows of task k may weigh something else than 1."""
    task = schema.tasks[k]
    return bool(schema.beside.weights[k] is not None or task.class_weights or not task.exclusive)


def row_weights(schema: Schema, labels: Any) -> Any:
    """What each row weighs for each task, (B, K) float32: 0 where it has no label; labels (B, width)."""
    beside, count = schema.beside, len(schema.tasks)
    found = tf.cast(tf.math.is_finite(labels[:, :count]), tf.float32)
    if not any(weighs(schema, k) for k in range(count)):
        return found
    made = []
    for k, task in enumerate(schema.tasks):
        each = found[:, k]
        if (at := beside.weights[k]) is not None:
            each *= tf.where(tf.math.is_finite(labels[:, at]), labels[:, at], 0.0)
        if task.class_weights:
            place = tf.cast(tf.where(found[:, k] > 0, labels[:, k], 0.0), tf.int32)
            each *= tf.gather(tf.constant(task.class_weights, tf.float32), place)
        if not task.exclusive:
            flags = labels[:, slice(*beside.flags[k])]
            each *= tf.reduce_mean(_entries(task, flags), axis=1)
        made.append(each)
    return tf.stack(made, axis=1)


def task_losses(task: TaskSchema, logits: Any, seen: Seen) -> Any:
    """The task's loss of each row, all of its losses together: (B,)."""
    total = None
    for loss in task.kind.losses():
        each = _one(loss, task, logits, seen)
        each = each if getattr(loss, "weight", 1.0) == 1 or not isinstance(loss, Loss) else loss.weight * each
        total = each if total is None else total + each
    return total


def _one(loss: Any, task: TaskSchema, logits: Any, seen: Seen) -> Any:
    if not isinstance(loss, Loss):
        label = tf.where(seen.known, seen.label, float("nan"))
        return _called(loss, label, task.kind.prediction(logits, task), seen.known)
    if loss.of_lists:
        return loss.lists(seen.label, logits, seen.known, seen.lists)
    if seen.flags is None:
        return loss.rows(seen.label, logits, task)
    classes = seen.flags.shape[1]
    label = tf.reshape(tf.where(tf.math.is_finite(seen.flags), seen.flags, 0.0), (-1,))
    each = tf.reshape(loss.rows(label, tf.reshape(logits, (-1, 1)), task), (-1, classes))
    entries = _entries(task, seen.flags)
    return tf.math.divide_no_nan(tf.reduce_sum(entries * each, axis=1), tf.reduce_sum(entries, axis=1))


def _entries(task: TaskSchema, flags: Any) -> Any:
    """What each class of a row weighs, (B, classes): 0 where nobody knows it, 1, or `pos_weight` where it is there."""
    known = tf.cast(tf.math.is_finite(flags), tf.float32)
    weights: Any = task.kind
    found = weights.weights(task)
    if set(found) == {1.0}:
        return known
    there = tf.where(tf.math.is_finite(flags), flags, 0.0)
    return known * (1.0 + (tf.constant(found, tf.float32) - 1.0) * there)


def _called(loss: Any, label: Any, prediction: Any, known: Any) -> Any:
    """A loss of the user's own, Keras style: f(y_true, y_pred), both (n, units), giving (n,), (n, 1) or () -> (B,).

    It is called with the n labelled rows only; a scalar is each one's loss.
    """
    function = tf.autograph.experimental.do_not_convert(getattr(loss, "call", loss))
    rows = tf.where(known)
    each = tf.cast(function(tf.gather_nd(label, rows)[:, None], tf.gather_nd(prediction, rows)), tf.float32)
    each = tf.broadcast_to(tf.reshape(each, (-1,)), (tf.shape(rows)[0],))
    return tf.scatter_nd(rows, tf.where(tf.shape(rows)[0] > 0, each, 0.0), tf.shape(label, out_type=tf.int64))


def numbered(two: Any) -> Any:
    """The number of each row's list, (B,) int32, by its two numbers (B, 2): rows that stand together and have the same; a
    row with NaN is a list of its own.
    """
    new = tf.reduce_any(tf.not_equal(two[1:], two[:-1]), axis=1)  # NaN equals nothing
    begun = tf.concat([tf.zeros_like(two[:1, 0], tf.int32), tf.cast(new, tf.int32)], axis=0)
    return tf.cumsum(begun)
