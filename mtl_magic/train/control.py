"""Commands to a running training: one thread-safe mailbox, read once a step.

Callbacks of widgets write here and do nothing else; only the training thread touches the model.
"""

from __future__ import annotations

import collections
import dataclasses
import threading


@dataclasses.dataclass(frozen=True)
class Command:
    what: str  # 'weight' | 'lr' | 'method' | 'pause' | 'resume' | 'checkpoint' | 'stop'
    task: str = ""
    value: float | str | None = None  # a method as a cell writes it


class Control:
    """The mailbox between a person and a training.

    Example:
        >>> control = Control()
        >>> control.set_weight("like", 2.5)
        >>> control.take()
        [Command(what='weight', task='like', value=2.5)]
    """

    def __init__(self) -> None:
        self._commands: collections.deque[Command] = collections.deque()
        self._arrived = threading.Event()
        self.own_method = ""  # what the cell that trains writes; it may be Python, and can be gone back to

    def send(self, command: Command) -> None:
        self._commands.append(command)
        self._arrived.set()

    def set_weight(self, task: str, weight: float) -> None:
        """Multiply the task's normalised loss by `weight` (>= 0) from the next step on."""
        if not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of '{task}' must be a number of at least 0, not {weight!r}")
        self.send(Command("weight", task, float(weight)))

    def set_lr(self, lr: float) -> None:
        """Set the peak learning rate (> 0) from the next step on."""
        if not 0 < lr < float("inf"):
            raise ValueError(f"the learning rate must be a number above 0, not {lr!r}")
        self.send(Command("lr", value=float(lr)))

    def set_method(self, method: str) -> None:
        """Balance by another method from the next step on: its name and options, as a cell writes them.

        Raises:
            MtlError: there is no such method, or it has no such option.
        """
        from mtl_magic.train.methods import check_method

        if method != self.own_method:
            check_method(method)
        self.send(Command("method", value=method))

    def checkpoint(self) -> None:
        """Write a checkpoint before the next step, where the run is kept."""
        self.send(Command("checkpoint"))

    def pause(self) -> None:
        self.send(Command("pause"))

    def resume(self) -> None:
        self.send(Command("resume"))

    def stop(self) -> None:
        """End training after the running step; the run stays usable."""
        self.send(Command("stop"))

    def take(self) -> list[Command]:
        """All commands that have arrived, oldest first; empty most of the time, and then cheap."""
        if not self._arrived.is_set():
            return []
        self._arrived.clear()
        taken = []
        while self._commands:
            taken.append(self._commands.popleft())
        return taken

    def wait(self, seconds: float) -> None:
        """Sleep until a command arrives (while paused), `seconds` at most."""
        self._arrived.wait(seconds)
