"""A training as the panel beside the notebook shows it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.dashboard.feed import Feed
from mtl_magic.dashboard.heads import Heads
from mtl_magic.dashboard.palette import COLOURS
from mtl_magic.dashboard.roads import Road
from mtl_magic.dashboard.rows import KINDS
from mtl_magic.dashboard.stored import ghost_of
from mtl_magic.train.events import Event, Finished

if TYPE_CHECKING:
    from mtl_magic.dashboard.panel import Page, Panel
    from mtl_magic.dashboard.wheel import Wheel
    from mtl_magic.data.schema import Schema
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run


class Watched:
    """Listens to a training, and tells the pages that are seen; what is shown is made when the first of them asks.

    Args:
        panel: whose pages.
        name: of the run.
        program, schema: what is trained.
        wheel: what steers it.
        before: an earlier run of these tasks, which it is compared with; None: none.
        cell: id of the notebook's cell; '': nobody knows.
        text: of the cell, with its first line.
        road: how what a page says arrives; '': that is found out.
    """

    def __init__(
        self,
        panel: Panel,
        name: str,
        program: Program,
        schema: Schema,
        wheel: Wheel,
        *,
        before: Run | None = None,
        cell: str = "",
        text: str = "",
        road: str = "",
    ) -> None:
        self.name, self.wheel = name, wheel
        self._panel, self._program, self._schema, self._before = panel, program, schema, before
        self._cell, self._text = cell, text
        self._heads = Heads.of(schema)
        self.feed = Feed(name, self._heads.tasks, self._heads.metrics)
        self._road, self._known = Road(self.feed.say), road
        self.over = False
        self._setting = threading.local()  # `now`: whether this thread turns the wheel for a page
        wheel.observe(self._turned, ["weights", "locked", "method", "lr", "error", "ended"])

    @property
    def watches(self) -> bool:
        """See `train.events.Listener`."""
        return self.feed.watched

    def __call__(self, event: Event) -> None:
        if self._known:
            self.feed.status.road = self._known
        else:
            self._road(event)
        self.feed(event)
        if isinstance(event, Finished):
            self._end()

    def close(self) -> None:
        """What is kept of its run says its end; it has failed where no event said that it is over."""
        for page in self._panel.seen:
            page.tell({"do": "kept"})
        self.feed.end("failed")
        self._end()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            for page in self._panel.pages:
                if not page.view:
                    page.tell({"do": "ended"})

    # -- pages -------------------------------------------------------------------------------------------------------

    def heard(self) -> None:
        """A page has said something, on this thread."""
        self._road.heard()

    def show(self, page: Page) -> None:
        """A page is seen: it gets a snapshot, then what comes."""
        if not self.feed.connected:
            self.feed.connect(self._post)
        self.feed.hello(page.view)

    def hide(self, view: str) -> None:
        self.feed.bye(view)

    def set(self, page: Page, n: int, values: dict[str, Any]) -> None:
        """A page sets traits of the wheel; all pages are answered once, whatever has changed by it."""
        page.heard = n
        self._setting.now = True
        try:
            self.wheel.turn(values)
        finally:
            self._setting.now = False
        self._told()

    def _turned(self, _: Any) -> None:
        """The wheel, by the dashboard or the training's end."""
        if not getattr(self._setting, "now", False):
            self._told()

    def _told(self) -> None:
        for page in self._panel.seen:
            page.tell({"do": "wheel", "n": page.heard, "wheel": self.wheel.state()})

    def brief(self) -> dict[str, Any]:
        """What commands need."""
        return {"name": self.name, "tasks": list(self._heads.tasks), "wheel": self.wheel.state()}

    def about(self) -> dict[str, Any]:
        """What a page shows beside the rows."""
        heads = self._heads
        return {
            **self.brief(),
            "metrics": dict(heads.metrics),
            "higher": dict(heads.higher),
            "keeps": {name: kind.keeps for name, kind in KINDS.items()},
            "colours": COLOURS,
            "cell": self._cell,
            "text": self._text,
            "before": self._ghost[1],
            "sketch": self._sketch,
        }

    def _post(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        if message["do"] != "snapshot":
            for page in self._panel.seen:
                page.tell(message, buffers)
            return
        ghost = self._ghost[0]
        frames = [{k: v for k, v in frame.items() if k != "data"} for frame in ghost.get("frames", ())]
        whole = {**message, "training": {**self.about(), "ghost": {**ghost, "frames": frames}}}
        data = [*buffers, *(frame["data"] for frame in ghost.get("frames", ()))]
        for page in self._panel.seen:
            if page.view == message["view"]:
                page.tell(whole, data)

    @functools.cached_property
    def _ghost(self) -> tuple[Mapping[str, Any], str]:
        return ghost_of(self._before)

    @functools.cached_property
    def _sketch(self) -> dict[str, Any] | None:
        """The topology; None where it cannot be drawn, which is no reason to show nothing."""
        from mtl_magic.explanation.sketch import sketch
        from mtl_magic.explanation.topology import Topology

        try:
            return sketch(Topology.of(self._program, self._schema).outline)
        except Exception:  # noqa: BLE001  on a subshell's thread nobody would see it
            return None
