"""The wheel as a widget. Only the person writes here: its callbacks run on a thread of their own while a cell trains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mtl_magic.dashboard.paged import Paged
from mtl_magic.dashboard.wheel import Wheel


class Controls(Wheel, Paged):
    """Sliders and buttons of one training; its arguments are those of `Wheel`.

    Example:
        >>> from mtl_magic.train.control import Control
        >>> controls, control = Controls(["click", "like"], lr=0.01, method="equal"), Control()
        >>> controls.connect(control)
        >>> controls.weights = {"click": 1.0, "like": 2.5}
        >>> control.take()
        [Command(what='weight', task='like', value=2.5)]
    """

    page = "controls"

    def __init__(self, tasks: Iterable[str], **options: Any) -> None:
        super().__init__(tasks, **options)
        self.on_msg(self._message)

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        with self.hearing():  # ipywidgets sends several traits in one while the kernel is busy
            super()._handle_msg(msg)

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        self.do(content)

    def __repr__(self) -> str:
        return f"Controls of {', '.join(self.tasks)}"
