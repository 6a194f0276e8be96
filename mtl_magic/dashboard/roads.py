"""How what a person does reaches a training: found out, not assumed.

A message of the page is handled by the kernel's main thread, or by that of a subshell. While a cell trains, the main
thread is the cell's: only a subshell's messages arrive. So one that is heard while training runs, on another thread than
that which trains, proves that the controls are live; if none comes for a while, they wait for the end of the cell.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from mtl_magic.train.events import Event, Finished, Progress, Started

LIVE = "controls live"
LATER = "applies when the cell ends: use --background, or Stop and %mtl resume"
PATIENCE = 4.0  # seconds of training after which a page that is there would have been heard


class Road:
    """Finds out, and says it.

    Args:
        say: shows what is known.
        clock: seconds.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._began: float | None = None
        self._trains: int | None = None  # the thread that trains, while it does
        self.found = ""

    def __call__(self, event: Event) -> None:
        """A listener of the training's events."""
        match event:
            case Started():
                self._trains, self._began = threading.get_ident(), self._clock()
            case Progress() if self._began is not None and not self.found and self._clock() - self._began > PATIENCE:
                self._tell(LATER)
            case Finished():
                self._trains = None

    def heard(self) -> None:
        """The page has said something; called on the thread that hears it."""
        if self._trains is not None and threading.get_ident() != self._trains and self.found != LIVE:
            self._tell(LIVE)

    def _tell(self, found: str) -> None:
        self.found = found
        self._say(found)


def keep_subshell(widget: Any) -> None:
    """Messages to the widget go where the page sends them.

    ipykernel 7.4 answers a comm on the (sub)shell that last sent on it: for a widget that a cell has made, behind the
    cell. The name is ipykernel's own and private; where it is missing there is nothing to undo.
    """
    comm = getattr(widget, "comm", None)
    if comm is not None and hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: SLF001


def subshells_supported(shell: Any) -> bool:
    """Whether the kernel of a shell can handle messages while a cell runs."""
    return bool(getattr(getattr(shell, "kernel", None), "_supports_kernel_subshells", False))


def known(shell: Any, *, background: bool) -> str:
    """The road, where it needs not be found out; else ''.

    Args:
        shell: of the notebook.
        background: whether the cell returns at once: then messages arrive in any case.
    """
    return LIVE if background else "" if subshells_supported(shell) else LATER
