"""A program and its data to a trained network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from mtl_magic.model.net import Net, build
from mtl_magic.model.settle import settle
from mtl_magic.problems import MtlError, Problem
from mtl_magic.settings.train import batch_size
from mtl_magic.train.control import Control
from mtl_magic.train.evaluate import Evaluator
from mtl_magic.train.events import Listener
from mtl_magic.train.loop import Loop
from mtl_magic.train.order import Batches
from mtl_magic.train.step import Step, row_losses
from mtl_magic.train.stopping import Stopping, events

if TYPE_CHECKING:
    from mtl_magic.data.schema import Part, Prepared, Schema
    from mtl_magic.program import Program


@dataclasses.dataclass
class Trained:
    """What a training leaves."""

    net: Net
    schema: Schema  # as trained with: constants and conditions settled
    weights: dict[str, float]  # task -> weight that the last step applied
    why: str  # see `Finished.why`
    step: int
    epoch: int
    best_epoch: int | None
    metrics: dict[str, dict[str, float]]  # of the kept weights, on the validation part


def train(
    program: Program,
    prepared: Prepared,
    *,
    control: Control | None = None,
    listeners: Sequence[Listener] = (),
) -> Trained:
    """Builds the network and trains it.

    Args:
        program: what to train.
        prepared: the encoded data.
        control: commands while it runs; none: nobody steers.
        listeners: called with each event, in this thread.

    Raises:
        MtlError: a loss is not finite, or a block of the user's own fails.
    """
    program = settle(program, prepared.schema)
    schema = with_constants(prepared)
    net = build(program, schema)
    settings = program.train
    batches = Batches(prepared.train, batch_size(settings.batch, sum(map(len, prepared.train))), settings.seed)
    weights = {t.name: program.task(t.name).weight for t in schema.tasks}
    step = Step(
        net,
        schema,
        program.balance,
        dense_optimizer(settings.optimizer, settings.lr),
        table_optimizer=settings.optimizer if isinstance(settings.optimizer, str) else "adam",
        person=list(weights.values()),
        average=settings.average,
        seed=settings.seed,
    )
    evaluator = Evaluator(net, schema)
    loop = Loop(
        program,
        schema,
        step,
        batches,
        epochs=settings.epochs,
        lr=warmed_up(settings.warmup, settings.epochs * batches.steps),
        peak=settings.lr,
        evaluator=evaluator,
        valid=prepared.valid,
        stopping=stopping_of(program, schema, weights, prepared.valid),
        control=control or Control(),
        listeners=listeners,
    )
    why = loop.run()
    metrics = evaluator(prepared.valid) if prepared.valid is not None and len(prepared.valid) else {}
    return Trained(net, schema, loop.weights(), why, loop.steps, loop.at.epoch, loop.stopping.best_epoch, metrics)


def with_constants(prepared: Prepared) -> Schema:
    """The schema with a constant loss for tasks whose loss is a callable of the user's own: that of the head's start."""
    tasks = []
    for k, task in enumerate(prepared.schema.tasks):
        if np.isnan(task.constant_loss):
            labels = np.concatenate([part.labels[:, k] for part in prepared.train])
            logits = tf.tile(tf.constant([task.kind.bias(task)], tf.float32), (len(labels), 1))
            only = dataclasses.replace(prepared.schema, tasks=(task,))
            losses, known = row_losses(only, {task.key: logits}, tf.constant(labels[:, None]))
            mean = float(tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(known), 1.0))
            tasks.append(dataclasses.replace(task, constant_loss=mean if np.isfinite(mean) and mean > 0 else 1.0))
        else:
            tasks.append(task)
    return dataclasses.replace(prepared.schema, tasks=tuple(tasks))


def warmed_up(steps: int, total: int) -> Callable[[int, float], float]:
    """The learning rate of a step: it rises over `steps`, a tenth of the whole run at most, then stays at its peak."""
    rise = max(min(steps, total // 10), 1)
    return lambda step, peak: peak * min(1.0, (step + 1) / rise)


def dense_optimizer(asked: Any, lr: float) -> keras.optimizers.Optimizer:
    """The optimizer of the dense variables: by name, or a fresh copy of the user's own."""
    if not isinstance(asked, str):
        return asked.__class__.from_config({**asked.get_config(), "learning_rate": lr})
    kinds = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD, "adagrad": keras.optimizers.Adagrad}
    return kinds[asked](learning_rate=lr)


def stopping_of(program: Program, schema: Schema, weights: dict[str, float], valid: Part | None) -> Stopping:
    """Early stopping as the `train` statement says."""
    asked = program.train.early_stop
    constants = {t.name: t.constant_loss for t in schema.tasks}
    watch = _watched(asked, program, schema) if isinstance(asked, str) else None
    patience = None if asked is None or asked is False else 3 if asked is True or watch else int(asked)
    found = {t.name: events(t, valid.labels[:, k]) for k, t in enumerate(schema.tasks)} if valid is not None else {}
    return Stopping(constants, weights, patience, watch, found)


def _watched(asked: str, program: Program, schema: Schema) -> tuple[str, str, bool]:
    """'click.auc' -> ('click', 'auc', True)."""
    name, _, metric = asked.rpartition(".")
    if name not in {t.name for t in schema.tasks}:
        known = ", ".join(t.name for t in schema.tasks)
        raise MtlError(Problem("MTL303", f"early_stop={asked} names no task", None, f"tasks: {known}"), program.text)
    kinds = {m.title: m for m in schema.task(name).kind.metrics_of()}
    if metric == "loss":
        return name, metric, False
    if metric not in kinds:
        has = ", ".join([*kinds, "loss"])
        raise MtlError(
            Problem("MTL303", f"the task '{name}' has no metric '{metric}'", None, f"it has {has}"), program.text
        )
    return name, metric, kinds[metric].higher_is_better
