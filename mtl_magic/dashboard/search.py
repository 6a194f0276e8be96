"""The dashboard of a search: its trials as dots, lines and bars, the cell of the one that is clicked, and Stop.

As with a training's, two widgets: the kernel writes on `SearchBoard` alone, the page on `SearchWheel` alone.

Kernel to page, traits of `SearchBoard`: `state`, all that is known (see `state_of`), after each trial; `now`, a line about
the trial under way, at most twice a second; `road`, whether Stop is heard at once.
Page to kernel, on the comm of `SearchWheel`: `{"do": "stop"}`, and `{"do": "hello"}` as `Controls` has it.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from ipywidgets import Widget, widget_serialization

from mtl_magic.dashboard.paged import Paged
from mtl_magic.dashboard.roads import LATER, LIVE, Road, keep_subshell, subshells_supported
from mtl_magic.runs.watch import Watch
from mtl_magic.train.events import Evaluated, Event, Progress, Started
from mtl_magic.tune.events import SearchEnded, TrialBegan, TrialEnded

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.train.control import Control
    from mtl_magic.tune.running import Plan
    from mtl_magic.tune.search import Search

EVERY = 0.5  # seconds between two lines about the trial under way
GROWN = 1.1  # trials over those of the last look at what mattered
MOST = 2000  # trials that a page is told of


class SearchWheel(anywidget.AnyWidget):
    """What a person does to a search. Shown by `SearchBoard`, in whose head its button stands.

    Example:
        >>> from mtl_magic.train.control import Control
        >>> wheel, control = SearchWheel(), Control()
        >>> wheel.connect(control)
        >>> wheel.do({"do": "stop"})
        >>> control.take()
        [Command(what='stop', task='', value=None)]
    """

    _esm = "export default { render() {} };"

    ended = traitlets.Bool().tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.heard: list[Any] = []
        self._control: Control | None = None
        self.on_msg(lambda _, content, buffers: self.do(content))

    def connect(self, control: Control) -> None:
        """From now on Stop is a command in this mailbox."""
        self._control = control

    def do(self, content: Any) -> None:
        """What a message of the page asks for; whatever else comes is not for us."""
        for listener in self.heard:
            listener()
        if isinstance(content, dict) and content.get("do") == "stop" and self._control is not None:
            self._control.stop()

    def finish(self) -> None:
        """The search is over. It writes on the comm, so it must come after it."""
        self._control, self.ended = None, True


class SearchBoard(Paged):
    """Front or course, parallel coordinates, importance, and the cell of a trial."""

    page = "search"

    state = traitlets.Dict().tag(sync=True)
    now = traitlets.Unicode().tag(sync=True)
    road = traitlets.Unicode().tag(sync=True)
    controls = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)

    @classmethod
    def of(cls, search: Search) -> SearchBoard:
        """Of a search as it is now."""
        return cls(state=state_of(search))

    def __repr__(self) -> str:
        return f"Dashboard of the search {self.state.get('name', '')}".rstrip()


def state_of(search: Search, planned: int | None = None, importance: pd.DataFrame | None = None) -> dict[str, Any]:
    """All that a page draws, of JSON.

    Args:
        search: as it is now.
        planned: trials at most.
        importance: as it was a moment ago; None: as it is now, which takes part of a second.

    Returns:
        'name'; 'status'; 'planned' trials, 0: nobody knows; 'objectives', each 'name' and 'higher'; 'parameters', each 'name' and
        either 'options' or 'low', 'high' and 'log'; 'trials', each 'number', 'status', 'values' (one an objective), 'places'
        (one a parameter, from 0 to 1, null where it is not there), 'said' (the parameters as text), 'cell', 'error'; numbers
        of the 'front' and the 'best'; 'importance', a list a parameter of a number an objective, empty where there are
        too few trials; 'explained', one an objective.
    """
    hypers, objectives = search.space.hypers, search.objectives
    frame = search.importance if importance is None else importance
    names = [o.name for o in objectives]
    trials = [
        {
            "number": t.number,
            "status": t.status,
            "values": [_number(t.objectives.get(name)) for name in names] if t.counts else [],
            "places": [h.place(t.values[h.name]) if h.name in t.values else None for h in hypers],
            "said": [str(t.values.get(h.name, "")) for h in hypers],
            "cell": t.cell,
            "error": " ".join(filter(None, (t.error.get("code"), t.error.get("message")))),
        }
        for t in search.folder.trials()[-MOST:]
    ]
    return {
        "name": search.name,
        "status": search.status,
        "planned": planned or 0,
        "objectives": [{"name": o.name, "higher": o.higher} for o in objectives],
        "parameters": [
            {"name": h.name, "options": list(h.options), "low": h.low, "high": h.high, "log": h.log} for h in hypers
        ],
        "trials": trials,
        "front": search.front,
        "best": search.best,
        "importance": frame[names].to_numpy().tolist() if len(frame) else [],
        "explained": [frame.attrs["explained"][name] for name in names] if len(frame) else [],
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


class SearchFeed:
    """Listens to a search and its trainings, and keeps a `SearchBoard` up to date.

    Args:
        plan: what is searched.
        control: the mailbox of its trainings.
        shell: of the notebook; its kernel says whether messages arrive while a cell runs.
        background: whether the cell returns at once.

    Attributes:
        board: what is to be displayed.
        search: the search, once it has its folder.
    """

    def __init__(self, plan: Plan, control: Control, *, shell: Any = None, background: bool = False) -> None:
        self._plan = plan
        self._wheel = SearchWheel()
        self._wheel.connect(control)
        keep_subshell(self._wheel)
        self.board = SearchBoard(controls=self._wheel)
        keep_subshell(self.board)
        self._road = Road(self._say_road)
        self._wheel.heard.append(self._road.heard)
        self._known = LIVE if background else "" if subshells_supported(shell) else LATER
        self._said = -EVERY
        self._watch = Watch("")
        self._search: Search | None = None
        self._known_importance: tuple[int, pd.DataFrame] | None = None  # of how many trials

    @property
    def search(self) -> Search | None:
        return self._search

    @search.setter
    def search(self, search: Search) -> None:
        self._search = search
        self._draw()

    def __call__(self, event: Event) -> None:
        if self._known:
            self._say_road(self._known)
        else:
            self._road(event)
        match event:
            case TrialBegan():
                self._watch = Watch(str(event.trial.number))
                self._draw()
                self._say(f"trial {event.trial.number}: starting")
            case TrialEnded():
                self._draw()
                self._say("")
            case Started() | Evaluated():
                self._watch.hear(event)
            case Progress():
                self._watch.hear(event)
                if time.monotonic() - self._said >= EVERY:
                    found = "  ".join(f"{t} {m} {v}" for t, m, v in self._watch.metrics())
                    said = ", ".join(filter(None, (self._watch.place(), self._watch.speed(), found)))
                    self._say(f"trial {self._watch.name}: {said}")
            case SearchEnded():
                self.close()

    def close(self) -> None:
        """No trial follows."""
        if not self._wheel.ended:
            self._draw(last=True)
            self._say("")
            self.board.road = ""
            self._wheel.finish()

    def _draw(self, *, last: bool = False) -> None:
        if self._search is not None:
            self.board.state = state_of(self._search, self._plan.trials, self._importance(self._search, last=last))

    def _importance(self, search: Search, *, last: bool) -> pd.DataFrame:
        """Anew where a tenth more trials have ended than it was made of, and in the end: a forest a trial would be felt."""
        count = sum(t.counts for t in search.folder.trials())
        known = self._known_importance
        if known is None or count >= GROWN * max(known[0], 1) or (last and count > known[0]):
            self._known_importance = known = (count, search.importance)
        return known[1]

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        self.board.now = text

    def _say_road(self, text: str) -> None:
        if self.board.road != text:
            self.board.road = text
