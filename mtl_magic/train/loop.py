"""Our own loop: epochs of steps, commands between steps, events out, the best epoch kept."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Event, Finished, Listener, Note, Progress, Started, Steered
from mtl_magic.train.interrupt import Interrupts
from mtl_magic.train.state import set_weights, weights_of

if TYPE_CHECKING:
    from mtl_magic.data.schema import Part, Schema
    from mtl_magic.program import Program
    from mtl_magic.train.evaluate import Evaluator
    from mtl_magic.train.order import Batches
    from mtl_magic.train.step import Step
    from mtl_magic.train.stopping import Stopping

TICK = 0.25  # seconds between Progress events: the host reads the device no oftener


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
        valid: Part | None,
        stopping: Stopping,
        control: Control,
        listeners: Sequence[Listener],
    ) -> None:
        self.program, self.schema, self.step, self.batches = program, schema, step, batches
        self.epochs, self.lr, self.peak = epochs, lr, peak
        self.evaluator, self.valid, self.stopping = evaluator, valid, stopping
        self.control, self.listeners = control, listeners
        self.names = [t.name for t in schema.tasks]
        self.at = Position()
        self.steps = 0
        self.why = ""
        self.metrics: dict[str, dict[str, float]] = {}  # of the weights that are kept, on the validation part
        self._paused = False
        self._seen = np.zeros((2, len(self.names)))  # `step.sums` when the host last looked
        self._last_losses: dict[str, float] = {}

    # -- what goes out -----------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    def weights(self) -> dict[str, float]:
        """The weights that the last step applied."""
        return dict(zip(self.names, map(float, self.step.applied.numpy()), strict=True))

    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    # -- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Trains to the end; returns why it ended (see `Finished.why`)."""
        self._began = self._tick = time.perf_counter()
        self._tick_step = self.steps
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
            )
        )
        with Interrupts() as interrupts:
            while self.at.epoch < self.epochs and not self.why:
                self._epoch(interrupts)
        self.why = self.why or "epochs"
        best = self.stopping.best_epoch
        if self.stopping.best_weights is not None:
            set_weights(self.step.net.model, self.stopping.best_weights)
            self.metrics = self.stopping.best_metrics
        else:
            self.step.average.apply()
        if self.stopping.patience is not None and self.metrics and best is None:
            self.emit(Note(f"no epoch could be judged by {self.stopping.judged_by}: the last one is kept"))
        self.emit(Finished(self.steps, self.at.epoch, self._seconds(), self.why, best))
        return self.why

    def _epoch(self, interrupts: Interrupts) -> None:
        for batch in self.batches.epoch(self.at.epoch, self.at.step_in_epoch):
            self._obey()
            if interrupts.asked:
                self.why = "interrupted"
            if self.why:
                break
            self.step.rates.lr.assign(self.lr(self.steps, self.peak))
            self.step.run(*batch)
            self.steps += 1
            self.at.step_in_epoch += 1
            if time.perf_counter() - self._tick >= TICK:
                self._progress()
        whole = self.at.step_in_epoch >= self.batches.steps
        if whole:
            self.at = Position(self.at.epoch + 1, 0)
        if whole or self.at.step_in_epoch:
            self._evaluate(self.at.epoch + (0 if whole else 1))

    def _obey(self) -> None:
        """Carries out the commands that have arrived; waits here while paused."""
        while True:
            for command in self.control.take():
                if command.what == "weight":
                    person = self.step.rates.person.numpy()
                    person[self.names.index(command.task)] = command.value
                    self.step.rates.person.assign(person)
                elif command.what == "lr":
                    self.peak = float(command.value or self.peak)
                elif command.what == "pause":
                    self._paused = True
                elif command.what == "resume":
                    self._paused = False
                elif command.what == "stop":
                    self.why, self._paused = "stopped", False
                self.emit(Steered(self.steps, self._seconds(), command.what, command.task, command.value))
            if not self._paused:
                return
            self.control.wait(0.1)

    def _collect(self) -> dict[str, float]:
        """Training losses since the last look; stops with an error where one is not finite."""
        total = self.step.sums.numpy()
        sums, self._seen = total - self._seen, total
        losses = self._means(sums)
        broken = [name for k, name in enumerate(self.names) if not np.isfinite(sums[0, k])]
        if broken:
            raise MtlError([self._not_finite(name) for name in broken], self.program.text)
        self._last_losses |= {n: v for n, v in losses.items() if not math.isnan(v)}
        return losses

    def _means(self, sums: np.ndarray) -> dict[str, float]:
        return {n: float(sums[0, k] / sums[1, k]) if sums[1, k] else float("nan") for k, n in enumerate(self.names)}

    def _progress(self) -> None:
        losses = self._collect()
        now = time.perf_counter()
        rate = (self.steps - self._tick_step) * self.batches.batch / (now - self._tick)
        epoch = self.at.epoch + self.at.step_in_epoch / self.batches.steps
        self.emit(Progress(self.steps, epoch, self._seconds(), rate, losses, self.weights()))
        self._tick, self._tick_step = now, self.steps

    def _evaluate(self, epoch: int) -> None:
        if self.steps > self._tick_step:
            self._progress()
        losses = self._means(self._seen)
        self.step.sums.assign(np.zeros_like(self._seen))
        self._seen = np.zeros_like(self._seen)
        self.step.settle()
        with self.step.average.applied():
            metrics = self.evaluator(self.valid) if self.valid is not None and len(self.valid) else {}
            self.metrics = metrics
            verdict = self.stopping.update(epoch, metrics, lambda: weights_of(self.step.net.model))
        lr = float(self.step.rates.lr.numpy())
        self.emit(Evaluated(self.steps, epoch, self._seconds(), losses, metrics, self.weights(), lr, verdict.best))
        if verdict.stop and not self.why and epoch < self.epochs:
            self.why = "early_stop"
            self.emit(Note(verdict.reason))
        self._tick, self._tick_step = time.perf_counter(), self.steps

    # -- what goes wrong ---------------------------------------------------------------------------------------------

    def _not_finite(self, name: str) -> Problem:
        span = self.program.task(name).span
        task = self.schema.task(name)
        before = self._last_losses.get(name)
        if before is None and callable(task.kind.loss):
            hint = "it was so from the first steps: look at the loss in braces; a log or a division by 0 gives NaN"
        elif before is None:
            hint = f"it was so from the first steps: try a smaller learning rate than {self.peak:g}"
        else:
            hint = f"it was {before:.3g} just before: the learning rate {self.peak:g} is probably too high; try train lr={self.peak / 10:g}"
        return Problem("MTL301", f"the loss of '{name}' is not a finite number at step {self.steps}", span, hint)
