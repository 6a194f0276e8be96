"""What steers a training, without a page: weights, locks, method, learning rate and buttons.

Whoever turns it may be on a thread of its own while a cell trains: commands go into the mailbox, and nothing else is done.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import traitlets

from mtl_magic.problems import MtlError

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.train.control import Control

BUTTONS = ("pause", "resume", "stop", "checkpoint")
STEERS = ("weights", "locked", "method", "lr")  # traits that a person sets


def guarded(callback: Callable[[Wheel, Any], None]) -> Callable[[Wheel, Any], None]:
    """What fails is shown in the page: on a subshell's thread an exception is lost."""

    @functools.wraps(callback)
    def wrapped(self: Wheel, message: Any) -> None:
        with self.hearing() as wrong:
            try:
                for listener in self.heard:
                    listener()
                callback(self, message)
            except Exception as error:  # noqa: BLE001  whatever it is, it must be seen
                said = error.problems[0].message if isinstance(error, MtlError) else str(error).split("\n", 1)[0]
                wrong.append(said or type(error).__name__)

    return wrapped


class Wheel(traitlets.HasTraits):
    """Weights and the rest, and the mailbox that hears of what changes.

    Args:
        tasks: their names.
        weights: task -> weight at the start, and what a reset goes back to; 1 where nothing is said.
        lr: the peak learning rate.
        method: the balancing method, as a cell writes it.
        methods: those that exist.

    Attributes:
        heard: called, on the thread that hears, whenever a page says something.

    Example:
        >>> from mtl_magic.train.control import Control
        >>> wheel, control = Wheel(["click", "like"], lr=0.01, method="equal"), Control()
        >>> wheel.connect(control)
        >>> wheel.turn({"weights": {"like": 2.5}})
        >>> control.take()
        [Command(what='weight', task='like', value=2.5)]
    """

    weights = traitlets.Dict().tag(sync=True)
    locked: Any = traitlets.List().tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    lr = traitlets.Any().tag(sync=True)

    tasks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    methods = traitlets.List(traitlets.Unicode()).tag(sync=True)
    defaults = traitlets.Dict().tag(sync=True)

    ended = traitlets.Bool().tag(sync=True)  # set when training is over: nothing can be moved any more
    error = traitlets.Unicode().tag(sync=True)  # of the last message; written in its answer alone

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
        self._hearing = threading.local()  # `wrong`: what has failed so far of the message that this thread is at
        self.observe(self._weights, "weights")
        self.observe(self._lr, "lr")
        self.observe(self._method, "method")

    @classmethod
    def of(cls, program: Program, *, lr: float, method: str, **options: Any) -> Self:
        """Of a program's tasks, with the balancing methods that exist."""
        from mtl_magic.vocabulary import vocabulary

        weights = {task.name: task.weight for task in program.tasks}
        methods = vocabulary().words("balance")
        return cls(weights, weights=weights, lr=lr, method=method, methods=methods, **options)

    def connect(self, control: Control) -> None:
        """From now on what a person does becomes commands in this mailbox."""
        self._control = control

    def finish(self) -> None:
        """Training is over: nothing moves any more. A page is told, so it must come after the training."""
        self._control, self.ended = None, True

    def state(self) -> dict[str, Any]:
        """All of it, as it travels."""
        return {name: getattr(self, name) for name in (*STEERS, "tasks", "methods", "defaults", "ended", "error")}

    # -- what a person does ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def hearing(self) -> Iterator[list[str]]:
        """A message, which may set several traits; `error` is written once, at its end: what failed first, or nothing."""
        outer: list[str] | None = getattr(self._hearing, "wrong", None)
        if outer is not None:
            yield outer
            return
        wrong: list[str] = []
        self._hearing.wrong = wrong
        try:
            yield wrong
        finally:
            self._hearing.wrong = None
        said = wrong[0] if wrong else ""
        if self.error != said:
            self.error = said

    @guarded
    def do(self, content: Any) -> None:
        """A message of a page: a button, a reset, or a greeting."""
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
    def turn(self, values: Any) -> None:
        """Some of the traits that a page sets; of weights those that have moved."""
        unknown = next((name for name in values if name not in STEERS), None)
        if unknown is not None:
            raise ValueError(f"nothing is known of {unknown!r}")
        moved = {self._known(task): _weight(task, weight) for task, weight in values.get("weights", {}).items()}
        if "lr" in values:
            _rate(values["lr"])
        if "method" in values:
            self._checked(values["method"])
        for name, value in values.items():
            setattr(self, name, {**self.weights, **moved} if name == "weights" else value)

    @guarded
    def _weights(self, change: Any) -> None:
        for task, weight in change["new"].items():
            if weight != self._set.get(self._known(task)):
                self._send_weight(task, _weight(task, weight))

    @guarded
    def _lr(self, change: Any) -> None:
        self._tell("set_lr", _rate(change["new"]))

    @guarded
    def _method(self, change: Any) -> None:
        self._tell("set_method", self._checked(change["new"]))

    def _checked(self, method: str) -> str:
        if method not in self.methods and method.partition("(")[0] not in self.methods:
            raise ValueError(f"there is no balancing method '{method}'")
        return method

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


def _weight(task: Any, value: Any) -> float:
    return _number(value, f"the weight of '{task}'", zero=True)


def _rate(value: Any) -> float:
    return _number(value, "the learning rate", zero=False)


def _number(value: Any, what: str, *, zero: bool) -> float:
    """A number that may be sent on.

    Raises:
        ValueError: it is none, not finite, or too small.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{what} must be a number {'of at least' if zero else 'above'} 0, not {value!r}")
    return float(value)
