"""Keras callbacks in our loop: they see a Keras model, its optimizer and logs as in `Model.fit`.

Their `loss` is the mean of the tasks' losses, each over that of the best constant predictor, by the tasks' weights. The
learning rate that they see and set is the peak, which warm-up and schedule multiply. At the end of an epoch the weights
that they see are those that are evaluated and kept: averaged, and settled.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.problems import MtlError, Problem, first_line

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.program import Program
    from mtl_magic.train.step import Step

KEY = "train.callbacks"
BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
VALIDATION_BATCH = ("on_test_batch_begin", "on_test_batch_end")
# callbacks of Keras that cannot work here -> what they need, and what to use in their place
REFUSED = {
    "BackupAndRestore": (
        "it puts weights and Keras' optimizer back, and a training here is more than these",
        "`mtl-magic train` keeps checkpoints, and goes on with --resume; ModelCheckpoint keeps the model of each epoch",
    ),
    "OrbaxCheckpoint": (
        "it keeps the state of a compiled model, and ours is not compiled",
        "keras.callbacks.ModelCheckpoint keeps the model",
    ),
    "SwapEMAWeights": (
        "it swaps in the averages of a Keras optimizer, and the weights are averaged here already",
        "leave it out, and give the decay: train average=0.999",
    ),
}


def check(program: Program) -> None:
    """Whether the callbacks of a program can work.

    Raises:
        MtlError: MTL307 one of them cannot; it says why, and what to use.
    """
    found = [(c, _hindrance(c)) for c in program.train.callbacks or ()]
    place = program.places.get(KEY)
    problems = [
        Problem("MTL307", f"the callback {named(c)} cannot be used: {why[0]}", place, why[1]) for c, why in found if why
    ]
    if problems:
        raise MtlError(problems, program.text)


def _hindrance(callback: Any) -> tuple[str, str] | None:
    """What a callback needs that is not there, and what to do; None: nothing."""
    for cls in type(callback).__mro__:
        if cls.__module__.startswith("keras.") and cls.__name__ in REFUSED:
            return REFUSED[cls.__name__]
    own = _keras_class(callback)
    if own == "TensorBoard" and importlib.util.find_spec("tensorboard") is None:
        return "it needs the package tensorboard, which is not installed", "pip install tensorboard"
    if own == "RemoteMonitor" and importlib.util.find_spec("requests") is None:
        return "it needs the package requests, which is not installed", "pip install requests"
    if own == "ModelCheckpoint" and callback.save_freq != "epoch":
        why = "within an epoch the weights are neither averaged nor settled"
        return f"it saves after so many batches, and {why}", 'leave save_freq="epoch"'
    if own == "" and any(_overrides(callback, hook) for hook in VALIDATION_BATCH):
        hooks = " or ".join(VALIDATION_BATCH)
        return f"it has {hooks}, and validation is not seen in batches", "use on_test_begin and on_test_end"
    return None


def _keras_class(callback: Any) -> str:
    """The class of Keras itself that a callback is of, other than the base; '' where it is the person's own."""
    cls = next(c for c in type(callback).__mro__ if c.__module__.startswith("keras.") or c is object)
    return cls.__name__ if cls.__name__ not in ("Callback", "MonitorCallback", "object") else ""


def _overrides(callback: Any, hook: str) -> bool:
    """Whether a hook is the callback's own; Keras marks those of its base class."""
    return hasattr(callback, hook) and not getattr(getattr(callback, hook), "_is_default", False)


def named(callback: Any) -> str:
    return type(callback).__name__


def callbacks_of(program: Program, schema: Schema, step: Step, *, top: float, alone: bool) -> Callbacks | None:
    """What drives the callbacks of the train statement; None: it has none. `alone`: one process trains.

    Raises:
        MtlError: MTL307 several processes train together, each of which would call them.
    """
    found = program.train.callbacks
    if not found:
        return None
    if not alone:
        hint = "train in one process: `devices` is for several GPUs of one machine"
        message = "callbacks cannot be used where several processes train together"
        raise MtlError(Problem("MTL307", message, program.places.get(KEY), hint), program.text)
    return Callbacks(program, found, schema, step, top=top)


class Callbacks:
    """Drives the callbacks of a training.

    Args:
        program: the program, for places of errors.
        callbacks: of Keras, in the order in which they are called.
        schema: the tasks.
        step: the step; `model.optimizer` is its optimizer.
        top: the learning rate over `Loop.peak`: 1, but where an optimizer brings its own schedule.
    """

    def __init__(
        self,
        program: Program,
        callbacks: Sequence[Any],
        schema: Schema,
        step: Step,
        *,
        top: float = 1.0,
    ) -> None:
        self.program, self.callbacks, self.schema, self.step = program, tuple(callbacks), schema, step
        self.top = top
        self.weights = {t.name: program.task(t.name).weight for t in schema.tasks}
        # A log of a batch costs a read of the device, so those that look at batches alone get one.
        self.of_batches = [c for c in self.callbacks if _looks_at_batches(c)]
        self._logs: dict[str, float] = {}

    @property
    def asked_to_stop(self) -> bool:
        return bool(self.step.net.model.stop_training)

    @contextlib.contextmanager
    def attached(self, epochs: int, steps: int) -> Iterator[None]:
        """Inside, the model has what callbacks look for on it."""
        model = self.step.net.model
        # Not as Keras sets attributes: what it takes for a part of the model it saves with it.
        object.__setattr__(model, "optimizer", self.step.optimizer)
        object.__setattr__(model, "stop_training", False)
        for callback in self.callbacks:
            self._direct(callback)
            self._call(callback, "set_params", {"epochs": epochs, "steps": steps, "verbose": 1})
            self._call(callback, "set_model", model)
        try:
            yield
        finally:
            for name in ("optimizer", "stop_training", "history"):  # the last one is set by History
                vars(model).pop(name, None)

    def _direct(self, callback: Any) -> None:
        """Says whether what is monitored grows or falls, which Keras asks of a compiled model's metrics."""
        monitor = str(getattr(callback, "monitor", "")).removeprefix("val_")
        if getattr(callback, "mode", "") == "auto":
            up = {f"{t.key}_{m.title}": m.higher_is_better for t in self.schema.tasks for m in t.kind.metrics_of()}
            down = {f"{t.key}_loss": False for t in self.schema.tasks}
            if (known := {**up, **down}).get(monitor) is not None:
                callback.mode = "max" if known[monitor] else "min"

    # -- hooks: each gives the peak of the learning rate, which a callback may have set ---------------------------------

    def train_begin(self, peak: float) -> float:
        """Before the first step. A callback may load weights: then the averages begin there."""
        before = [np.array(v) for v in self.step.variables]
        peak = self._all("on_train_begin", peak, {})
        if any((np.array(v) != b).any() for v, b in zip(self.step.variables, before, strict=True)):
            self.step.average.restart()
        return peak

    def train_end(self, peak: float) -> float:
        return self._all("on_train_end", peak, self._logs)

    def epoch_begin(self, epoch: int, peak: float) -> float:
        return self._all("on_epoch_begin", peak, epoch, {})

    def epoch_end(
        self, epoch: int, peak: float, losses: Mapping[str, float], metrics: Mapping[str, Mapping[str, float]]
    ) -> float:
        """After an epoch (from 0), with its training losses, task -> loss, and its validation metrics."""
        self._logs = {**self.logs(_known(losses)), **self._of_validation(metrics)}
        return self._all("on_epoch_end", peak, epoch, self._logs)

    def test_begin(self, peak: float) -> float:
        return self._all("on_test_begin", peak, {})

    def test_end(self, peak: float, metrics: Mapping[str, Mapping[str, float]]) -> float:
        logs = {name.removeprefix("val_"): value for name, value in self._of_validation(metrics).items()}
        return self._all("on_test_end", peak, logs)

    def batch_begin(self, batch: int, peak: float) -> float:
        return self._all("on_train_batch_begin", peak, batch, {}, callbacks=self.of_batches)

    def batch_end(self, batch: int, peak: float) -> float:
        """After a step, with the losses of the epoch so far."""
        sums, counts = self.step.sums.numpy()
        losses = {t.name: float(sums[k] / counts[k]) for k, t in enumerate(self.schema.tasks) if counts[k]}
        return self._all("on_train_batch_end", peak, batch, self.logs(losses), callbacks=self.of_batches)

    # -- logs ---------------------------------------------------------------------------------------------------------

    def logs(self, losses: Mapping[str, float]) -> dict[str, float]:
        """`loss`, and `TASK_loss` of the tasks that have one, by Keras' names."""
        known = {t.key: losses[t.name] for t in self.schema.tasks if t.name in losses}
        return {"loss": self._mean(known), **{f"{key}_loss": value for key, value in known.items()}}

    def _of_validation(self, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        if not metrics:
            return {}
        found = self.logs(_known({task: of["loss"] for task, of in metrics.items()}))
        for task in self.schema.tasks:
            found |= {f"{task.key}_{m}": v for m, v in metrics.get(task.name, {}).items() if m != "loss"}
        return {f"val_{name}": value for name, value in found.items()}

    def _mean(self, losses: Mapping[str, float]) -> float:
        terms = [
            (self.weights.get(t.name, 1.0), losses[t.key] / t.constant_loss)
            for t in self.schema.tasks
            if t.key in losses
        ]
        total = sum(weight for weight, _ in terms)
        return sum(weight * loss for weight, loss in terms) / total if total else math.nan

    # -- calls --------------------------------------------------------------------------------------------------------

    def _all(self, hook: str, peak: float, *args: Any, callbacks: Sequence[Any] | None = None) -> float:
        """Calls the hook of all; the peak that they leave."""
        rate = self.step.optimizer
        shown = np.float32(peak * self.top)
        rate.learning_rate = float(shown)
        for callback in self.callbacks if callbacks is None else callbacks:
            self._call(callback, hook, *args)
        left = np.float32(np.array(rate.learning_rate))
        return peak if left == shown else float(left) / self.top

    def _call(self, callback: Any, hook: str, *args: Any) -> None:
        function: Callable[..., Any] = getattr(callback, hook)
        try:
            function(*args)
        except Exception as error:
            said = f"the callback {named(callback)} fails in {hook}: {type(error).__name__}: {first_line(error)}"
            raise MtlError(Problem("MTL308", said, self.program.places.get(KEY)), self.program.text) from error


def _known(losses: Mapping[str, float]) -> dict[str, float]:
    """Without the NaN of tasks that had no label; of a loss that broke down the loop tells."""
    return {task: loss for task, loss in losses.items() if not math.isnan(loss)}


def _looks_at_batches(callback: Any) -> bool:
    if _keras_class(callback) == "ModelCheckpoint":  # it has the hook for a save_freq that is refused
        return False
    return any(_overrides(callback, hook) for hook in BATCH)
