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
from mtl_magic.problems import MtlError, Problem, first_line
from mtl_magic.settings.train import LR, batch_size
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
    schema = with_constants(program, prepared)
    net = build(program, schema)
    settings = program.train
    rate, peak = learning_rate(settings)
    batches = Batches(prepared.train, batch_size(settings.batch, sum(map(len, prepared.train))), settings.seed)
    weights = {t.name: program.task(t.name).weight for t in schema.tasks}
    step = Step(
        net,
        schema,
        program.balance,
        dense_optimizer(settings.optimizer, peak),
        table_optimizer=table_optimizer(settings.optimizer),
        person=list(weights.values()),
        average=settings.average,
    )
    evaluator = Evaluator(net, schema)
    loop = Loop(
        program,
        schema,
        step,
        batches,
        epochs=settings.epochs,
        lr=warmed_up(rate, settings.warmup, settings.epochs * batches.steps),
        peak=peak,
        evaluator=evaluator,
        valid=prepared.valid,
        stopping=stopping_of(program, schema, weights, prepared.valid),
        control=control or Control(),
        listeners=listeners,
    )
    why = loop.run()
    return Trained(net, schema, loop.weights(), why, loop.steps, loop.at.epoch, loop.stopping.best_epoch, loop.metrics)


def with_constants(program: Program, prepared: Prepared) -> Schema:
    """The schema with a constant loss for tasks whose loss is a callable of the user's own: that of the head's start.

    Raises:
        MtlError: such a loss fails, or gives something other than a number a row.
    """
    return dataclasses.replace(
        prepared.schema,
        tasks=tuple(
            dataclasses.replace(task, constant_loss=_start_loss(program, prepared, k))
            if np.isnan(task.constant_loss)
            else task
            for k, task in enumerate(prepared.schema.tasks)
        ),
    )


def _start_loss(program: Program, prepared: Prepared, k: int) -> float:
    """Mean loss of the constant at which the head of task k starts, on its labelled training rows."""
    task = prepared.schema.tasks[k]
    labels = np.concatenate([part.labels[:, k] for part in prepared.train])
    logits = tf.tile(tf.constant([task.kind.bias(task)], tf.float32), (len(labels), 1))
    only = dataclasses.replace(prepared.schema, tasks=(task,))
    try:
        losses, known = row_losses(only, {task.key: logits}, tf.constant(labels[:, None]))
    except Exception as error:
        plan = program.task(task.name)
        hint = "it is called as loss(y_true, y_pred), both (rows, units), and gives a number a row"
        said = f"the loss of '{task.name}' fails: {type(error).__name__}: {first_line(error)}"
        raise MtlError(Problem("MTL304", said, plan.kind_span or plan.span, hint), program.text) from error
    mean = float(tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(known), 1.0))
    return mean if np.isfinite(mean) and mean > 0 else 1.0


def learning_rate(settings: Any) -> tuple[Callable[[int], float], float]:
    """The course of the learning rate over its peak, a function of the step, and the peak: as written, else the
    optimizer's own, a schedule included.
    """
    own = None if isinstance(settings.optimizer, str) else _own_rate(settings.optimizer)
    if settings.lr is not None or own is None:
        return (lambda step: 1.0), LR if settings.lr is None else settings.lr
    if not callable(own):
        return (lambda step: 1.0), float(own)
    return (lambda step: float(own(step))), 1.0


def _own_rate(optimizer: Any) -> Any:
    """A Keras optimizer's learning rate: a number, or its schedule."""
    config = optimizer.get_config()["learning_rate"]
    if isinstance(config, dict):
        return keras.optimizers.schedules.deserialize(config)
    return config


def warmed_up(course: Callable[[int], float], steps: int, total: int) -> Callable[[int, float], float]:
    """The learning rate of a step: it rises over `steps`, a tenth of the whole run at most, then follows its course."""
    rise = max(min(steps, total // 10), 1)
    return lambda step, peak: peak * course(step) * min(1.0, (step + 1) / rise)


def dense_optimizer(asked: Any, lr: float) -> keras.optimizers.Optimizer:
    """The optimizer of the dense variables: by name, or a fresh copy of the user's own."""
    if not isinstance(asked, str):
        return asked.__class__.from_config({**asked.get_config(), "learning_rate": lr})
    kinds = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD, "adagrad": keras.optimizers.Adagrad}
    return kinds[asked](learning_rate=lr)


def table_optimizer(asked: Any) -> str:
    """The row-sparse optimizer of the tables that goes with that of the dense variables."""
    if isinstance(asked, str):
        return asked
    kinds = {keras.optimizers.SGD: "sgd", keras.optimizers.Adagrad: "adagrad"}
    return next((word for kind, word in kinds.items() if isinstance(asked, kind)), "adam")


def stopping_of(program: Program, schema: Schema, weights: dict[str, float], valid: Part | None) -> Stopping:
    """Early stopping as the `train` statement says."""
    asked = program.train.early_stop
    if isinstance(asked, str) and (valid is None or not len(valid)):
        place = program.places.get("train.early_stop")
        hint = "give one (split valid=0.1, or --valid), or write early_stop=none"
        raise MtlError(
            Problem("MTL303", f"early_stop={asked} needs a validation part, and there is none", place, hint),
            program.text,
        )
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
        raise MtlError(
            Problem(
                "MTL303", f"early_stop={asked} names no task", program.places.get("train.early_stop"), f"tasks: {known}"
            ),
            program.text,
        )
    kinds = {m.title: m for m in schema.task(name).kind.metrics_of()}
    if metric == "loss":
        return name, metric, False
    if metric not in kinds:
        has = ", ".join([*kinds, "loss"])
        raise MtlError(
            Problem(
                "MTL303",
                f"the task '{name}' has no metric '{metric}'",
                program.places.get("train.early_stop"),
                f"it has {has}",
            ),
            program.text,
        )
    return name, metric, kinds[metric].higher_is_better
