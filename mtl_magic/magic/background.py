"""Trainings that outlive their cell: `%%mtl --background`, and the lines that stop, steer and await them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs.watch import Watch
from mtl_magic.train.events import Event

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run
    from mtl_magic.train.control import Control


class Training:
    """A training that runs beside the notebook; its name in the notebook becomes the run's once there is one.

    Args:
        name: of the run.
        control: its mailbox.
        tasks: names.

    Attributes:
        control: commands: `set_weight`, `set_lr`, `set_method`, `pause`, `resume`, `stop`, `checkpoint`.
        run: the run, once training is over.
        error: what it failed with.
    """

    def __init__(self, name: str, control: Control, tasks: tuple[str, ...]) -> None:
        self.name, self.control, self.tasks = name, control, tasks
        self.run: Run | None = None
        self.error: BaseException | None = None
        self._watch = Watch(name)
        self._over = threading.Event()

    def __call__(self, event: Event) -> None:
        """A listener of the training's events."""
        self._watch.hear(event)

    @property
    def status(self) -> str:
        """'trains', 'finished' or 'failed'."""
        return "trains" if not self._over.is_set() else "failed" if self.error is not None else "finished"

    def wait(self, seconds: float | None = None) -> Run | None:
        """Until training is over, `seconds` at most; the run.

        Raises:
            MtlError: what training failed with, or whatever else it did.
        """
        self._over.wait(seconds)
        if self.error is not None:
            raise self.error
        return self.run

    def start(self, train: Callable[[], Run], done: Callable[[Training], None]) -> None:
        """Train in a thread; `done` is called there when it is over, however it ended."""

        def work() -> None:
            try:
                self.run = train()
            except BaseException as error:  # noqa: BLE001  it is raised where somebody waits
                self.error = error
            finally:
                _RUNNING.pop(self.name, None)
                try:
                    done(self)
                finally:
                    self._over.set()

        _RUNNING[self.name] = self
        # In the context of the cell, to which what is displayed belongs.
        context = contextvars.copy_context()
        threading.Thread(target=lambda: context.run(work), name=f"mtl_magic {self.name}", daemon=True).start()

    def __repr__(self) -> str:
        if self.status == "trains":
            metrics = "  ".join(f"{t} {m} {v}" for t, m, v in self._watch.metrics())
            said = "  ".join(part for part in (self._watch.place(), self._watch.pace(), metrics) if part)
            return f"Training of {self.name}: {said}\n%mtl wait {self.name} waits for it, %mtl stop {self.name} ends it"
        return repr(self.run) if self.run is not None else f"Training of {self.name} failed: {self.error}"


_RUNNING: dict[str, Training] = {}


def check_free() -> None:
    """Raises where a training runs in the background: one process trains one network at a time.

    Raises:
        MtlError: MTL420.
    """
    if _RUNNING:
        name = next(iter(_RUNNING))
        hint = f"%mtl wait {name}, or %mtl stop {name}"
        raise MtlError(Problem("MTL420", f"'{name}' trains in the background", hint=hint))


def running(asked: str) -> Training:
    """The training of a name; without a name the one that there is.

    Raises:
        MtlError: MTL421 there is none.
    """
    if not asked and _RUNNING:
        return next(iter(_RUNNING.values()))
    if asked in _RUNNING:
        return _RUNNING[asked]
    hint = did_you_mean(asked, _RUNNING) if asked else ""
    what = f"'{asked}' does not train in the background" if asked else "nothing trains in the background"
    raise MtlError(Problem("MTL421", what, hint=hint or "%%mtl feed --background … begins such a training"))


def is_running(name: str) -> bool:
    return name in _RUNNING


# -- lines ------------------------------------------------------------------------------------------------------------


def wait(rest: str) -> Run | None:
    """`%mtl wait [NAME]`: the run, which the notebook shows. An interrupt ends the waiting, not the training."""
    return running(rest.strip()).wait()


def stop(rest: str) -> None:
    """`%mtl stop [NAME]`."""
    training = running(rest.strip())
    training.control.stop()
    training.wait()


def pause(rest: str) -> None:
    """`%mtl pause [NAME]`."""
    running(rest.strip()).control.pause()


def steer(rest: str) -> None:
    """`%mtl set [NAME] TASK=WEIGHT… [lr=…] [method=…]`.

    Raises:
        MtlError: MTL419 it is written in another way; what is wrong with a method.
    """
    words = rest.split()
    name = words.pop(0) if words and "=" not in words[0] else ""
    control, tasks = running(name).control, running(name).tasks
    commands = [_command(word, control, tasks) for word in words]
    if not commands:
        raise MtlError(Problem("MTL419", "something is missing", hint="%mtl set [NAME] TASK=WEIGHT… [lr=…] [method=…]"))
    for command in commands:
        command()


def _command(word: str, control: Control, tasks: tuple[str, ...]) -> Callable[[], None]:
    name, equals, value = word.partition("=")
    if not equals or not value:
        raise MtlError(Problem("MTL419", f"'{word}' is no change", hint="a change is written like=2, without spaces"))
    if name == "method":
        from mtl_magic.train.methods import method_of

        method_of(value, tasks)
        return lambda: control.set_method(value)
    if name != "lr" and name not in tasks:
        hint = did_you_mean(name, [*tasks, "lr", "method"]) or f"tasks: {', '.join(tasks)}"
        raise MtlError(Problem("MTL419", f"there is no task '{name}'", hint=hint))
    try:
        number = float(value)
        if not (number > 0 if name == "lr" else number >= 0) or number == float("inf"):
            raise ValueError
    except ValueError as error:
        least = "above 0" if name == "lr" else "of at least 0"
        raise MtlError(Problem("MTL419", f"'{word}': a number {least} is meant")) from error
    return (lambda: control.set_lr(number)) if name == "lr" else (lambda: control.set_weight(name, number))
