"""What a command says: of the data on stdout; of what trains on stderr, a line that is renewed and one that stays for each epoch."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from mtl_magic.problems import Problem, rendered
from mtl_magic.runs.watch import Watch, duration, said
from mtl_magic.train.events import Evaluated, Event, Finished, Note, Preparing, Progress, Started, Trouble

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.program import Program

EVERY = 0.25  # seconds between two renewals
CLEAR = "\r\x1b[K"


def introduce(prepared: Prepared, program: Program) -> None:
    """What was made of the tables, and what to know of them before anything trains; on stdout."""
    from mtl_magic.runs.features import Overview

    for note in prepared.notes:
        print(note)
    print(repr(Overview(prepared.schema)))
    if prepared.warnings:
        print("\n" + rendered(prepared.warnings, program.text))
    print(flush=True)


class Troubles:
    """Listens, and says once what of a run cannot be kept.

    Args:
        say: gets the warning.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._said = say, set[str]()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Trouble) and event.text not in self._said:
            self._said.add(event.text)
            self._say(Problem("MTL411", event.text, severity="warning").render())


class Lines:
    """Listens, and writes."""

    def __init__(self, name: str, out: TextIO | None = None) -> None:
        self._watch = Watch(name)
        self._out = out or sys.stderr
        self._renews = self._out.isatty()
        self._last = 0.0
        self._troubles = Troubles(self._stays)
        self._from = 0  # the step that a checkpoint went on from: what came before has been said

    def __call__(self, event: Event) -> None:
        self._watch.hear(event)
        match event:
            case Preparing() if self._renews:
                self._renew(said(event))
            case Started():
                self._from = event.step
                self._stays(f"{self._watch.name}: {self._watch.place()}")
            case Progress() if self._renews and time.monotonic() - self._last >= EVERY:
                self._last = time.monotonic()
                self._renew("  ".join(p for p in (self._watch.place(), self._watch.pace()) if p))
            case Evaluated() if event.step > self._from:
                metrics = "  ".join(f"{t} {m} {v}" for t, m, v in self._watch.metrics())
                self._stays(f"epoch {event.epoch}  {metrics}  ({duration(event.seconds)})")
            case Note():
                self._stays(event.text)
            case Trouble():
                self._troubles(event)
            case Finished():
                self._stays(self._watch.place())

    def clear(self) -> None:
        """Take away the line that is renewed: something else is written next."""
        if self._renews:
            self._renew("")

    def _renew(self, line: str) -> None:
        self._write(CLEAR + line)

    def _stays(self, line: str) -> None:
        self._write((CLEAR if self._renews else "") + line + "\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: no reason to lose a training
            self._out.write(text)
            self._out.flush()


class Alive:
    """Listens, and leaves a sign of life for whoever watches this process: a file whose time is that of the last event."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place

    def __call__(self, event: Event) -> None:
        self.place.touch()
