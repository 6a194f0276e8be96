"""The wheel as a widget. Only the person writes here: its callbacks run on a thread of their own while a cell trains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anywidget
import traitlets

from mtl_magic.dashboard.bundles import bundle
from mtl_magic.dashboard.palette import COLOURS
from mtl_magic.dashboard.wheel import Wheel


class Controls(Wheel, anywidget.AnyWidget):
    """Sliders and buttons of one training; its arguments are those of `Wheel`.

    Example:
        >>> from mtl_magic.train.control import Control
        >>> controls, control = Controls(["click", "like"], lr=0.01, method="equal"), Control()
        >>> controls.connect(control)
        >>> controls.weights = {"click": 1.0, "like": 2.5}
        >>> control.take()
        [Command(what='weight', task='like', value=2.5)]
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    colours = traitlets.Dict(COLOURS).tag(sync=True)

    @traitlets.default("_esm")
    def _script(self) -> str:
        return bundle("controls.js")

    @traitlets.default("_css")
    def _style(self) -> str:
        return bundle("controls.css")

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
