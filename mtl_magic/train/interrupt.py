"""The stop button: an interrupt ends training at a step, never in the middle of one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """While active, the first SIGINT only sets `asked`; a second one raises KeyboardInterrupt as usual.

    Signals reach the main thread alone; in any other this does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._previous: Any = None
        self._mine = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._mine:
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            signal.signal(signal.SIGINT, self._previous)
            raise KeyboardInterrupt
        self.asked = True
