"""Our own loop: epochs of steps, commands between steps, events out, the best epoch kept."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.checkpoint import Keeper, go_on, taken
from mtl_magic.train.conflicts import Conflicts
from mtl_magic.train.control import Command, Control
from mtl_magic.train.diverged import diverged
from mtl_magic.train.events import (
    Changed,
    Device,
    Evaluated,
    Event,
    Finished,
    Gates,
    Listener,
    Note,
    Progress,
    Started,
    Steered,
    Trouble,
)
from mtl_magic.train.gates import PAUSE, GateMeter
from mtl_magic.train.interrupt import Interrupts
from mtl_magic.train.left_out import LeftOut
from mtl_magic.train.methods import method_in, method_of
from mtl_magic.train.state import set_weights, weights_of
from mtl_magic.train.team import Alone, Team

if TYPE_CHECKING:
    from mtl_magic.data.schema import Rows, Schema
    from mtl_magic.program import Program
    from mtl_magic.train.callbacks import Callbacks
    from mtl_magic.train.evaluate import Evaluator
    from mtl_magic.train.meter import Meter
    from mtl_magic.train.order import Batches
    from mtl_magic.train.step import Step
    from mtl_magic.train.stopping import Stopping


@dataclasses.dataclass
class Position:
    """Where a training stands; both count from 0."""

    epoch: int = 0
    step_in_epoch: int = 0


class Loop:
    """Runs a `Step` over `Batches`.

    Args:
        program: the program, for places of errors.
        schema: its tasks.
        step: the compiled step.
        batches: the training rows.
        epochs: at most.
        lr: learning rate by step, a function of (step, peak).
        evaluator, valid: how and on what heads are evaluated after an epoch; valid None: not at all.
        stopping: decides what is best and when to end.
        control: commands.
        listeners: of events.
        team: the other processes that train the same network.
        keeper: of checkpoints; training goes on from the one that it holds.
        meter: of GPUs.
        callbacks: of Keras.
        gates: of the network's blocks.
    """

    def __init__(
        self,
        program: Program,
        schema: Schema,
        step: Step,
        batches: Batches,
        *,
        epochs: int,
        lr: Callable[[int, float], float],
        peak: float,
        evaluator: Evaluator,
        valid: Rows | None,
        stopping: Stopping,
        control: Control,
        listeners: Sequence[Listener],
        team: Alone | None = None,
        keeper: Keeper | None = None,
        meter: Meter | None = None,
        callbacks: Callbacks | None = None,
        gates: GateMeter | None = None,
    ) -> None:
        self.program, self.schema, self.step, self.batches = program, schema, step, batches
        self.epochs, self.lr, self.peak = epochs, lr, peak
        self.evaluator, self.valid, self.stopping = evaluator, valid, stopping
        self.control, self.listeners = control, listeners
        self.team, self.keeper, self.meter, self.callbacks = team or Alone(), keeper, meter, callbacks
        self.gates, self._looked = gates, -math.inf
        self._rows: Sequence[Any] | None = None
        self.names = [t.name for t in schema.tasks]
        self.left_out, self.conflicts = LeftOut(step, self.names), Conflicts(step, self.names)
        self.at = Position()
        self.steps = 0
        self.why = ""
        self.metrics: dict[str, dict[str, float]] = {}  # of the weights that are kept, on the validation part
        self.before = 0.0  # seconds that it took before the checkpoint from which it goes on
        self.past: list[Evaluated] = []  # what was said of the epochs so far
        self.changes: list[Changed] = []  # what was other each time that it went on
        self.steered: list[Steered] = []  # what a person did
        control.own_method = method_in(program)
        self.method = ""  # another balancing method than the program's, as a person wrote it
        self._paused = self._unkept = False
        self.seen = np.zeros((2, len(self.names)))  # `step.sums` when the host last looked
        self.last_losses: dict[str, float] = {}

    # -- what goes out -----------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    def weights(self) -> dict[str, float]:
        """The weights that the last step applied."""
        return dict(zip(self.names, map(float, self.step.applied.numpy()), strict=True))

    def seconds(self) -> float:
        """Since the training began, what it took before a checkpoint included."""
        return self.before + time.perf_counter() - self._began

    # -- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Trains to the end; returns why it ended (see `Finished.why`)."""
        self._began = self._tick = time.perf_counter()
        self.team.begin()
        go_on(self)
        self._tick_step = self.steps
        hooks = self.callbacks
        with (
            Interrupts() as interrupts,
            hooks.attached(self.epochs, self.batches.steps) if hooks else contextlib.nullcontext(),
        ):
            self._started()
            if hooks is not None:
                self.peak = hooks.train_begin(self.peak)
                self._heed()
            while self.at.epoch < self.epochs and not self.why:
                self._epoch(interrupts)
            if self.keeper is not None and self.keeper.last:
                self._keep(now=True)
            self.why = self.why or "epochs"
            self._restore()
            if hooks is not None:
                self.peak = hooks.train_end(self.peak)
                self._restore(last=True)
        self._gates()  # of the weights that are kept
        best = self.stopping.best_epoch
        if self.stopping.patience is not None and self.metrics and best is None:
            self.emit(Note(f"no epoch could be judged by {self.stopping.judged_by}: the last one is kept"))
        self.emit(Finished(self.steps, self.at.epoch, self.seconds(), self.why, best))
        return self.why

    def _started(self) -> None:
        watched = {t.name: m[0].title for t in self.schema.tasks if (m := t.kind.metrics_of())}
        self.emit(
            Started(
                tuple(self.names),
                watched,
                self.epochs,
                self.batches.steps,
                self.batches.batch,
                self.batches.rows,
                self.steps,
                self.control.own_method,
            )
        )
        for event in (*self.past, *self.changes, *self.steered, *self.conflicts.windows.events()):
            self.emit(event)

    def _restore(self, *, last: bool = False) -> None:
        """The model takes the weights of the best epoch, else the averaged ones; `last`: but those that a callback has set
        since stay in place of the averaged ones.
        """
        if self.stopping.best_weights is not None:
            set_weights(self.step.net.model, self.stopping.best_weights)
            self.metrics = self.stopping.best_metrics
        elif not last:
            self.step.average.apply()
        elif self.valid is not None and self.metrics:
            self.metrics = self.evaluator(self.valid)

    def _heed(self) -> None:
        """Ends where a callback has asked for it."""
        if self.callbacks is not None and self.callbacks.asked_to_stop and not self.why:
            self.why = "early_stop"
            self.emit(Note(f"stopped in epoch {self.at.epoch + 1}, as a callback asked"))

    def _epoch(self, interrupts: Interrupts) -> None:
        hooks = self.callbacks
        if hooks is not None:
            self.peak = hooks.epoch_begin(self.at.epoch, self.peak)
            self._heed()
        # Closed whatever happens: rows may be read ahead in a thread.
        with contextlib.closing(self.batches.epoch(self.at.epoch, self.at.step_in_epoch)) as batches:
            for batch in batches:
                if self.team.meets(self.steps):
                    if self.team.chief:
                        self._obey()
                    self.team.follow(self, interrupts.asked)
                if self.why:
                    break
                if hooks is not None and hooks.of_batches:
                    self.peak = hooks.batch_begin(self.at.step_in_epoch, self.peak)
                self.step.rates.lr.assign(self.lr(self.steps, self.peak))
                shares = self.step.cut(batch)
                if self.step.gauge is not None:
                    self.step.gauge.look(self.steps, shares)
                self.step.run(*shares)
                self.steps += 1
                self.at.step_in_epoch += 1
                if hooks is not None and hooks.of_batches:
                    self.peak = hooks.batch_end(self.at.step_in_epoch - 1, self.peak)
                    self._heed()
                if self.team.due(self.steps, time.perf_counter() - self._tick):
                    self._progress()
                    self._gate_use(batch)
                    self._keep()
        whole = self.at.step_in_epoch >= self.batches.steps
        if whole:
            self.at = Position(self.at.epoch + 1, 0)
        else:
            self._keep(now=True)
        if whole or self.at.step_in_epoch:
            self._evaluate(self.at.epoch + (0 if whole else 1))

    def _obey(self) -> None:
        """Carries out the commands that have arrived; waits here while paused."""
        while True:
            for command in self.control.take():
                try:
                    before = self._carry_out(command)
                except MtlError as error:  # a method or a name that is not for this training
                    self.emit(Note("; ".join(filter(None, (s for p in error.problems for s in (p.message, p.hint))))))
                    continue
                said = Steered(self.steps, self.seconds(), command.what, command.task, command.value, before)
                self.steered.append(said)
                self.emit(said)
            if not self._paused:
                return
            self.control.wait(0.1)

    def _carry_out(self, command: Command) -> float | str | None:
        """Returns what was before."""
        before: float | str | None = None
        match command:
            case Command("weight", task, value):
                if task not in self.names:
                    hint = did_you_mean(task, self.names) or f"tasks: {', '.join(self.names)}"
                    raise MtlError(Problem("MTL312", f"there is no task '{task}' to weigh", hint=hint))
                person = self.step.rates.person.numpy()
                k = self.names.index(task)
                before = float(str(person[k]))  # 2.85, which float32 has as 2.8499999
                person[k] = value
                self.step.rates.person.assign(person)
            case Command("lr", _, float(value)):
                before, self.peak = self.peak, value
            case Command("method", _, str(text)):
                if isinstance(self.team, Team):  # the others would not hear of it
                    raise MtlError(Problem("MTL311", "the method stays while several processes train together"))
                before = self.method or self.control.own_method
                self.change_method(text)
            case Command("checkpoint"):
                self._keep(now=True)
            case Command("pause" | "resume" as what):
                self._paused = what == "pause"
            case Command("stop"):
                self.why, self._paused = "stopped", False
        return before

    def change_method(self, text: str) -> None:
        """Balance by another method from the next step on; that of the cell may be Python, which is kept."""
        own = text == self.control.own_method
        self.step.change_method(self.program.balance if own else method_of(text, self.names))
        self.method = text

    def _gate_use(self, batch: Sequence[Any]) -> None:
        """How gates are used, now and then while somebody watches: it costs a forward pass of a few rows."""
        self._rows = batch[:2]
        now = time.perf_counter()
        if now - self._looked >= PAUSE and any(getattr(listener, "watches", False) for listener in self.listeners):
            self._looked = now
            self._gates()

    def _gates(self) -> None:
        """On rows of the last batch that was looked at."""
        if self.gates is None or not self.team.chief or self._rows is None:
            return
        for found in self.gates.read(*self._rows):
            self.emit(Gates(self.steps, self.seconds(), *dataclasses.astuple(found)))

    def _collect(self) -> dict[str, float]:
        """Training losses since the last look; stops with an error where one is not finite."""
        total = self.step.sums.numpy()
        sums, self.seen = total - self.seen, total
        losses = self._means(sums)
        broken = [name for k, name in enumerate(self.names) if not np.isfinite(sums[0, k])]
        if broken:
            raise diverged(self, broken)
        self.last_losses |= {n: v for n, v in losses.items() if not math.isnan(v)}
        return losses

    def _means(self, sums: np.ndarray) -> dict[str, float]:
        return {n: float(sums[0, k] / sums[1, k]) if sums[1, k] else float("nan") for k, n in enumerate(self.names)}

    def _progress(self) -> None:
        losses = self._collect()
        now = time.perf_counter()
        rate = (self.steps - self._tick_step) * self.batches.batch / (now - self._tick)
        epoch = self.at.epoch + self.at.step_in_epoch / self.batches.steps
        self.emit(Progress(self.steps, epoch, self.seconds(), rate, losses, self.weights()))
        if (seen := self.conflicts.read(self.seconds(), self.weights().values(), self.steps)) is not None:
            self.emit(seen)
        for text in self.left_out.news():
            self.emit(Note(text))
        for reading in self.meter.read() if self.meter is not None else ():
            self.emit(Device(self.steps, self.seconds(), **dataclasses.asdict(reading)))
        self._tick, self._tick_step = now, self.steps

    def _evaluate(self, epoch: int) -> None:
        if self.steps > self._tick_step:
            self._progress()
        losses = self._means(self.seen)
        if gone := self.left_out.epoch(self.seen[1]):
            raise diverged(self, gone)
        self.step.sums.assign(np.zeros_like(self.seen))
        self.seen = np.zeros_like(self.seen)
        self.step.settle()
        with self.step.average.applied(lasting=self.callbacks is not None):
            self.metrics = metrics = self._judged()
            verdict = self.stopping.update(epoch, metrics, lambda: weights_of(self.step.net.model))
            if self.callbacks is not None and epoch == self.at.epoch:
                self.peak = self.callbacks.epoch_end(epoch - 1, self.peak, losses, metrics)
        verdict = self.team.verdict(verdict)
        lr = float(self.step.rates.lr.numpy())
        said = Evaluated(self.steps, epoch, self.seconds(), losses, metrics, self.weights(), lr, verdict.best)
        self.past.append(said)
        self.emit(said)
        if verdict.stop and not self.why and epoch < self.epochs:
            self.why = "early_stop"
            self.emit(Note(verdict.reason))
        if epoch < self.epochs:
            self._heed()
        if epoch == self.at.epoch:
            self._keep(epoch=True)
        self._tick, self._tick_step = time.perf_counter(), self.steps

    def _judged(self) -> dict[str, dict[str, float]]:
        """Metrics of all heads on the validation part; of a worker that is not the chief, and without a part, none."""
        if not self.team.chief or self.valid is None or not len(self.valid):
            return {}
        if self.callbacks is None:
            return self.evaluator(self.valid)
        self.peak = self.callbacks.test_begin(self.peak)
        metrics = self.evaluator(self.valid)
        self.peak = self.callbacks.test_end(self.peak, metrics)
        return metrics

    def _keep(self, *, epoch: bool = False, now: bool = False) -> None:
        """A checkpoint where it is time for one; the chief's is that of all."""
        if self.keeper is None or not self.team.chief or not (now or self.keeper.due(epoch=epoch)):
            return
        try:
            self.keeper.write(taken(self))
        except OSError as error:  # the one that was there is as it was
            if not self._unkept:
                self.emit(Trouble(f"checkpoints cannot be written: {error.strerror or error}; training goes on"))
            self._unkept = True
