"""A program and its data to a trained network."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.model.net import Net, build
from mtl_magic.model.settle import settle
from mtl_magic.parts import has_schedule
from mtl_magic.problems import MtlError, Problem
from mtl_magic.settings.train import LR
from mtl_magic.train import reuse, xla
from mtl_magic.train.accumulate import Accumulated, unfit
from mtl_magic.train.callbacks import callbacks_of
from mtl_magic.train.checkpoint import Keeper
from mtl_magic.train.constants import with_constants
from mtl_magic.train.control import Control
from mtl_magic.train.devices import strategy_of
from mtl_magic.train.evaluate import Evaluator
from mtl_magic.train.events import Listener, Note
from mtl_magic.train.gates import GateMeter
from mtl_magic.train.gauge import Gauge, every_of
from mtl_magic.train.loop import Loop
from mtl_magic.train.meter import Meter
from mtl_magic.train.optimizers import ROW_SPARSE, dense_optimizer
from mtl_magic.train.own_rule import try_own_rule
from mtl_magic.train.state import set_weights, weights_of
from mtl_magic.train.step import Step
from mtl_magic.train.stopping import Stopping, events
from mtl_magic.train.stored import batches_of
from mtl_magic.train.team import Alone, Team
from mtl_magic.train.warm import Source, warm
from mtl_magic.train.whole import list_batches

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared, Rows, Schema
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
    test: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)  # the same, on the test part
    notes: tuple[str, ...] = ()  # sentences for the person


def train(
    program: Program,
    prepared: Prepared,
    *,
    control: Control | None = None,
    listeners: Sequence[Listener] = (),
    team: Alone | None = None,
    keeper: Keeper | None = None,
    start: Source | None = None,
) -> Trained:
    """Builds the network and trains it.

    Args:
        program: what to train.
        prepared: the encoded data.
        control: commands while it runs; none: nobody steers.
        listeners: called with each event, in this thread.
        team: the processes that train together; of them the chief alone has metrics.
        keeper: where checkpoints go; training goes on from the one that is there.
        start: the run whose weights are where this training begins, as far as they fit.

    Raises:
        MtlError: a loss is not finite, or a block of the user's own fails.
    """
    program = settle(program, prepared.schema)
    schema = with_constants(program, prepared)
    settings = program.train
    rate, peak = learning_rate(settings)
    team = team or Alone()
    strategy = strategy_of(program, team.strategy if isinstance(team, Team) else None)
    alone = strategy.num_replicas_in_sync == 1
    with strategy.scope():
        net = _built(program, schema)
    key = reuse.key_of(program, schema, net) if alone else None
    traced, fresh = reuse.take(key), None
    if traced is not None:
        fresh = net
        traced.begin([program.task(t.name).weight for t in schema.tasks], fresh, program.balance)
        net, step, evaluator = traced.net, traced.step, traced.evaluator
    else:
        with strategy.scope():
            net, step, evaluator = _made(program, schema, peak, net)
        traced = reuse.Traced.of(net, step, evaluator, settings.seed) if key is not None else None
    notes = warm(net, program, schema, start) if start is not None else ()
    if notes:
        step.average.restart()
    shares = [settings.mix[table.name] for table in prepared.tables] if settings.mix else None
    rows = settings.step_rows(sum(map(len, prepared.train)))
    if schema.beside.lists is None:
        batches = batches_of(prepared.train, rows, settings.seed, shares)
    else:
        batches = list_batches(prepared.train, rows, settings.seed, schema.beside.lists)
    step.full = min(batches.batch, batches.rows)
    step.epoch(batches.steps)
    xla.try_on(program, step)
    weights = {t.name: program.task(t.name).weight for t in schema.tasks}
    loop = Loop(
        program,
        schema,
        step,
        batches,
        epochs=settings.epochs,
        lr=warmed_up(rate, settings.warmup, settings.epochs * batches.steps, settings.schedule),
        peak=peak,
        evaluator=evaluator,
        valid=prepared.valid,
        stopping=stopping_of(program, schema, weights, prepared.valid),
        control=control or Control(),
        listeners=listeners,
        team=team,
        keeper=keeper,
        callbacks=callbacks_of(
            program, schema, step, top=highest_rate(settings) / peak, alone=not isinstance(team, Team)
        ),
        meter=Meter.of(strategy),
        gates=GateMeter(program, schema, net),
    )
    if notes:
        loop.emit(Note(" ".join(notes)))
    if step.gauge is not None and step.balanced is None and step.gauge.blind:
        loop.emit(Note("train gradients: no two tasks share a representation, so there is nothing to compare"))
    why = loop.run()
    valid, test_part = (prepared.valid, prepared.test) if team.chief else (None, None)
    metrics = loop.metrics or (evaluator(valid) if valid is not None else {})  # no step: no epoch's
    test = evaluator(test_part) if test_part is not None else {}
    if traced is not None:
        net = traced.copied_to(fresh or build(program, schema))
        if not loop.method:  # or the step that is traced is of another method
            reuse.keep(key, traced)
    elif not alone:  # a run's variables are of one device
        copy = build(program, schema)
        set_weights(copy.model, weights_of(net.model))
        net = copy
    best, at = loop.stopping.best_epoch, loop.at
    return Trained(
        net, schema, loop.weights(), why, loop.steps, at.epoch, best, metrics, test, (*notes, *loop.left_out.whole())
    )


def _built(program: Program, schema: Schema) -> Net:
    """The network.

    Raises:
        MtlError: what is asked of its step does not go together.
    """
    try_own_rule(program, len(schema.tasks))
    if program.train.accumulate > 1 and (refused := unfit(program.balance)):
        raise MtlError(Problem("MTL310", refused[0], program.places.get("balance"), refused[1]), program.text)
    _check_lists(program, schema)
    return build(program, schema)


def _made(program: Program, schema: Schema, peak: float, net: Net | None = None) -> tuple[Net, Step, Evaluator]:
    """The network, where there is none, its step and its evaluator; neither is traced yet."""
    settings = program.train
    net = net or _built(program, schema)
    kind = Step if settings.accumulate == 1 else functools.partial(Accumulated, slices=settings.accumulate)
    step = kind(
        net,
        schema,
        program.balance,
        dense_optimizer(settings.optimizer, peak, settings.weight_decay),
        table_optimizer=tables_of(settings),
        person=[program.task(t.name).weight for t in schema.tasks],
        average=settings.average,
        clip=settings.clip,
        weight_decay=settings.weight_decay,
        base=highest_rate(settings),
        scaled=settings.precision == "mixed_float16",
        jit=xla.wanted(program),
    )
    if not step.variables and not step.tables:
        hint = "leave one of them out of what is frozen, mostly the task that is new"
        place = next((p for t in program.tasks if (p := t.kind_span)), None)
        raise MtlError(Problem("MTL305", "every part is frozen: there is nothing to learn", place, hint), program.text)
    if (every := every_of(settings.gradients)) is not None:
        step.gauge = Gauge(step, every, settings.accumulate)
    return net, step, Evaluator(net, schema)


def _check_lists(program: Program, schema: Schema) -> None:
    """Settings that would take the lists apart whose rows a loss compares.

    Raises:
        MtlError: MTL314 there is one.
    """
    task = next((t for t in schema.tasks if t.kind.lists), None)
    if task is None:
        return
    said = {"accumulate": "computes a step in slices", "mix": "draws rows of each table by themselves"}
    settings = program.train
    wrong = "accumulate" if settings.accumulate > 1 else "mix" if getattr(settings, "mix", None) else None
    if wrong is not None:
        message = f"train {wrong}= {said[wrong]}, and the loss of '{task.name}' compares the rows of a list"
        place = program.places.get(f"train.{wrong}")
        raise MtlError(Problem("MTL314", message, place, f"leave {wrong} out"), program.text)


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


def highest_rate(settings: Any) -> float:
    """The greatest learning rate that is planned: the peak, or that of an optimizer's own schedule."""
    course, peak = learning_rate(settings)
    return peak * max(course(step) for step in (range(0, 10_000, 100) if has_schedule(settings.optimizer) else (0,)))


def _own_rate(optimizer: Any) -> Any:
    """A Keras optimizer's learning rate: a number, or its schedule."""
    config = optimizer.get_config()["learning_rate"]
    if isinstance(config, dict):
        return keras.optimizers.schedules.deserialize(config)
    return config


def warmed_up(
    course: Callable[[int], float], steps: int, total: int, schedule: str = "constant"
) -> Callable[[int, float], float]:
    """The learning rate of a step: it rises over `steps`, a tenth of the whole run at most, then follows its course.

    A schedule falls from the step at which the peak is reached to 0 just after the last of `total` steps, so that no
    step is lost on a rate of 0.
    """
    rise = max(min(steps, total // 10), 1)
    fall = {"constant": lambda done: 1.0, "linear": lambda done: 1.0 - done, "cosine": _half_cosine}[schedule]

    def lr(step: int, peak: float) -> float:
        done = (step + 1 - rise) / max(total + 1 - rise, 1)
        return peak * course(step) * min(1.0, (step + 1) / rise) * fall(min(max(done, 0.0), 1.0))

    return lr


def _half_cosine(done: float) -> float:
    """From 1 to 0 (Loshchilov & Hutter 2017, eq. 5)."""
    return 0.5 * (1.0 + math.cos(math.pi * done))


def tables_of(settings: Any) -> str:
    """The optimizer of the tables, in the words of `Table`: as written, else what goes with the dense variables'."""
    asked = settings.tables or table_optimizer(settings.optimizer)
    return ROW_SPARSE.get(asked, asked)


def table_optimizer(asked: Any) -> str:
    """The row-sparse optimizer of the tables that goes with that of the dense variables."""
    if isinstance(asked, str):
        return asked
    kinds = {keras.optimizers.SGD: "sgd", keras.optimizers.Adagrad: "adagrad"}
    return next((word for kind, word in kinds.items() if isinstance(asked, kind)), "adam")


def stopping_of(program: Program, schema: Schema, weights: dict[str, float], valid: Rows | None) -> Stopping:
    """Early stopping as the `train` statement says."""
    asked = program.train.early_stop
    place = program.places.get("train.early_stop")
    if isinstance(asked, str) and (valid is None or not len(valid)):
        hint = "give one (split valid=0.1, or --valid), or write early_stop=none"
        raise MtlError(
            Problem("MTL303", f"early_stop={asked} needs a validation part, and there is none", place, hint),
            program.text,
        )
    constants = {t.name: t.constant_loss for t in schema.tasks}
    watch = watched(asked, "early_stop", place, program, schema) if isinstance(asked, str) else None
    patience = None if asked is None or asked is False else 3 if asked is True or watch else int(asked)
    found = {t.name: events(t, valid.label(k)) for k, t in enumerate(schema.tasks)} if valid is not None else {}
    return Stopping(constants, weights, patience, watch, found)


def watched(asked: str, key: str, place: Any, program: Program, schema: Schema) -> tuple[str, str, bool]:
    """Task, metric, and whether more of it is better: 'click.auc' -> ('click', 'auc', True).

    Args:
        asked: what was written behind `key`, at `place`.

    Raises:
        MtlError: MTL303 there is no such task or metric, or none that is better or worse.
    """

    def wrong(message: str, hint: str) -> MtlError:
        return MtlError(Problem("MTL303", message, place, hint), program.text)

    name, _, metric = asked.rpartition(".")
    if name not in {t.name for t in schema.tasks}:
        raise wrong(f"{key}={asked} names no task", f"tasks: {', '.join(t.name for t in schema.tasks)}")
    kinds = {m.title: m for m in schema.task(name).kind.metrics_of()}
    if metric == "loss":
        return name, metric, False
    if metric not in kinds:
        raise wrong(f"the task '{name}' has no metric '{metric}'", f"it has {', '.join([*kinds, 'loss'])}")
    higher = kinds[metric].higher_is_better
    if higher is None:
        others = [title for title, m in kinds.items() if m.higher_is_better is not None]
        message = f"{key}={asked} names no better or worse: {metric} is best at a value between"
        raise wrong(message, f"watch {', '.join(f'{name}.{title}' for title in [*others, 'loss'])}")
    return name, metric, higher
