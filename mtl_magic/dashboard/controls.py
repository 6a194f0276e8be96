"""The wheel: weights, method, learning rate and buttons. Only the person writes here.

Its callbacks run on a thread of their own while a cell trains: they put commands into the mailbox and do nothing else.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from mtl_magic.dashboard.bundles import bundle
from mtl_magic.dashboard.palette import COLOURS
from mtl_magic.problems import MtlError

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.train.control import Control

BUTTONS = ("pause", "resume", "stop", "checkpoint")


def guarded(callback: Callable[[Controls, Any], None]) -> Callable[[Controls, Any], None]:
    """What fails is shown in the widget: on a subshell's thread an exception is lost."""

    @functools.wraps(callback)
    def wrapped(self: Controls, message: Any) -> None:
        try:
            for listener in self.heard:
                listener()
            callback(self, message)
        except Exception as error:  # noqa: BLE001  whatever it is, it must be seen
            said = error.problems[0].message if isinstance(error, MtlError) else str(error).split("\n", 1)[0]
            self.error = said or type(error).__name__
        else:
            if self.error:
                self.error = ""

    return wrapped


class Controls(anywidget.AnyWidget):
    """Sliders and buttons of one training.

    Args:
        tasks: their names.
        weights: task -> weight at the start, and what a reset goes back to; 1 where nothing is said.
        lr: the peak learning rate.
        method: the balancing method, as a cell writes it.
        methods: those that exist.

    Attributes:
        heard: called, on the thread that hears, whenever the page says something.

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

    weights = traitlets.Dict().tag(sync=True)
    locked: Any = traitlets.List().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    lr = traitlets.Any().tag(sync=True)

    tasks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    colours = traitlets.Dict(COLOURS).tag(sync=True)
    methods = traitlets.List(traitlets.Unicode()).tag(sync=True)
    defaults = traitlets.Dict().tag(sync=True)

    ended = traitlets.Bool().tag(sync=True)  # set when training is over: nothing can be moved any more
    error = traitlets.Unicode().tag(sync=True)  # of the last message; written in its answer alone

    @traitlets.default("_esm")
    def _script(self) -> str:
        return bundle("controls.js")

    @traitlets.default("_css")
    def _style(self) -> str:
        return bundle("controls.css")

    def __init__(
        self,
        tasks: Iterable[str],
        *,
        weights: Mapping[str, float] | None = None,
        lr: float,
        method: str,
        methods: Iterable[str] = (),
        **options: Any,
    ) -> None:
        names = list(tasks)
        start = {task: float((weights or {}).get(task, 1.0)) for task in names}
        super().__init__(
            tasks=names,
            weights=dict(start),
            lr=float(lr),
            method=method,
            methods=list(dict.fromkeys([method, *methods])),
            defaults={"weights": start, "lr": float(lr), "method": method},
            **options,
        )
        self.heard: list[Callable[[], None]] = []
        self._control: Control | None = None
        self._set = dict(start)  # what was last sent on
        self.on_msg(self._message)
        self.observe(self._weights, "weights")
        self.observe(self._lr, "lr")
        self.observe(self._method, "method")

    @classmethod
    def of(cls, program: Program, *, lr: float, method: str, **options: Any) -> Controls:
        """Of a program's tasks, with the balancing methods that exist."""
        from mtl_magic.vocabulary import vocabulary

        weights = {task.name: task.weight for task in program.tasks}
        methods = vocabulary().words("balance")
        return cls(weights, weights=weights, lr=lr, method=method, methods=methods, **options)

    def connect(self, control: Control) -> None:
        """From now on what a person does becomes commands in this mailbox."""
        self._control = control

    def finish(self) -> None:
        """Training is over: the controls rest. It writes on the comm, so it must come after the training."""
        self._control, self.ended = None, True

    def __repr__(self) -> str:
        return f"Controls of {', '.join(self.tasks)}"

    # -- what a person does ------------------------------------------------------------------------------------------

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        self._do(content)

    @guarded
    def _do(self, content: Any) -> None:
        what = content.get("do") if isinstance(content, dict) else None
        if what == "hello" or self._control is None:
            return
        if what == "reset":
            task = self._known(content.get("task"))
            self._send_weight(task, self.defaults["weights"][task])
        elif what in BUTTONS:
            self._tell(what)
        else:
            raise ValueError(f"nothing is known of {what!r}")

    @guarded
    def _weights(self, change: Any) -> None:
        for task, weight in change["new"].items():
            if weight != self._set.get(self._known(task)):
                self._send_weight(task, _number(weight, f"the weight of '{task}'", zero=True))

    @guarded
    def _lr(self, change: Any) -> None:
        self._tell("set_lr", _number(change["new"], "the learning rate", zero=False))

    @guarded
    def _method(self, change: Any) -> None:
        method = change["new"]
        if method not in self.methods and method.partition("(")[0] not in self.methods:
            raise ValueError(f"there is no balancing method '{method}'")
        self._tell("set_method", method)

    def _send_weight(self, task: str, weight: float) -> None:
        if self._control is not None:
            self._tell("set_weight", task, weight)
            self._set[task] = weight

    def _tell(self, command: str, *values: Any) -> None:
        """A method of the mailbox, where there is one."""
        if self._control is not None:
            getattr(self._control, command)(*values)

    def _known(self, task: Any) -> str:
        if task not in self._set:
            raise ValueError(f"there is no task {task!r}")
        return str(task)


def _number(value: Any, what: str, *, zero: bool) -> float:
    """A number that may be sent on.

    Raises:
        ValueError: it is none, not finite, or too small.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{what} must be a number {'of at least' if zero else 'above'} 0, not {value!r}")
    return float(value)
