"""The loss of the best constant prediction, where labels alone do not tell it: a callable's, and that of lists."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from mtl_magic.data.negatives import share
from mtl_magic.problems import MtlError, Problem, first_line
from mtl_magic.train.losses import row_losses
from mtl_magic.train.whole import sorted_lists

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared, Schema, TaskSchema
    from mtl_magic.program import Program

ROWS = 1 << 15  # of lists that are looked at together
MOST = 1 << 20  # rows of lists that are looked at


def with_constants(program: Program, prepared: Prepared) -> Schema:
    """The schema with a constant loss for tasks whose loss is a callable of the user's own, or of lists: that of the head's start.

    Raises:
        MtlError: such a loss fails, or gives something other than a number a row; no list has rows to compare.
    """
    return dataclasses.replace(
        prepared.schema,
        tasks=tuple(
            _with_start(program, prepared, k) if np.isnan(task.constant_loss) else task
            for k, task in enumerate(prepared.schema.tasks)
        ),
    )


def _with_start(program: Program, prepared: Prepared, k: int) -> TaskSchema:
    task = prepared.schema.tasks[k]
    if share(task.kind) == 1:
        return dataclasses.replace(task, constant_loss=_start_loss(program, prepared, k))
    # The negatives that are left stand for all: each counts as many as it was drawn of.
    drawn = _start_loss(program, prepared, k, training=True)
    whole = _start_loss(program, prepared, k, negative=1 / share(task.kind))
    return dataclasses.replace(task, constant_loss=whole, sampled_loss=drawn)


def _start_loss(
    program: Program, prepared: Prepared, k: int, *, training: bool = False, negative: float = 1.0
) -> float:
    """Mean loss of the constant at which the head of task k starts, on its labelled training rows.

    Args:
        training: as a step sees them: at the logits of a sample of the negatives.
        negative: what a row with the label 0 counts.
    """
    task = prepared.schema.tasks[k]
    labels = _labels(prepared, k)
    only = dataclasses.replace(prepared.schema, tasks=(task,))
    at = only.beside.lists
    pieces = [slice(None)] if at is None else list(sorted_lists(labels, at, ROWS))[: MOST // ROWS]
    total = weight = 0.0
    start = tf.constant([task.kind.bias(task)], tf.float32)
    try:
        for rows in pieces:
            some = tf.constant(labels[rows])
            logits = {task.key: tf.tile(start, (len(some), 1))}
            losses, weights = row_losses(only, logits, some, training=training)
            counts = np.where(labels[rows][:, :1] == 0, negative, 1.0)
            total, weight = (
                total + float((losses * counts).numpy().sum()),
                weight + float((weights * counts).numpy().sum()),
            )
    except Exception as error:
        plan = program.task(task.name)
        hint = "it is called as loss(y_true, y_pred), both (rows, units), and gives a number a row"
        said = f"the loss of '{task.name}' fails: {type(error).__name__}: {first_line(error)}"
        raise MtlError(Problem("MTL304", said, plan.kind_span or plan.span, hint), program.text) from error
    mean = total / weight if weight else 0.0
    if at is not None and mean == 0 and all(getattr(loss, "of_lists", False) for loss in task.kind.losses()):
        plan = program.task(task.name)
        message = f"no list of '{only.lists}' holds rows of task '{task.name}' with different labels: there is nothing to order"
        hint = "group= names what rows have in common that are compared, a query or a user"
        raise MtlError(Problem("MTL313", message, plan.kind_span or plan.span, hint), program.text)
    return mean if np.isfinite(mean) and mean > 0 else 1.0


def _labels(prepared: Prepared, k: int) -> np.ndarray:
    """The labels of task k on the training rows, and what stands beside them, as if it were the only task: (n, width)."""
    beside = prepared.schema.beside
    start, stop = beside.flags[k]
    columns = [k, *range(start, stop)]
    if (at := beside.weights[k]) is not None:
        columns.append(at)
    if prepared.schema.tasks[k].kind.lists is not None and beside.lists is not None:
        columns += [beside.lists, beside.lists + 1]
    if columns == [k]:
        return np.concatenate([part.label(k) for part in prepared.train])[:, None]
    return np.concatenate([part.labels[:, columns] for part in prepared.train])
