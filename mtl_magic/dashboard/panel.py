"""The panel beside the notebook, seen from the kernel: which pages there are, and what of a training they are told.

A page opens two comms. On `CONTROL` it alone speaks; on `FEED` the kernel alone does, so that on ipykernel 7.4, which answers
a comm where it last sent on it, what the page says is handled by a subshell while a cell trains.

Page to kernel, on `CONTROL`, which is opened with `{"page": id}`
    `{"do": "hello", "view": id}`: it is seen; repeated until the snapshot comes. `{"do": "bye"}`: it is hidden.
    `{"do": "set", "n": i, "values": {…}}`: traits of `dashboard.wheel.Wheel`, of weights those that have moved.
    `{"do": "pause" | "resume" | "stop" | "checkpoint" | "hello"}`: as on the comm of `Controls`.
Kernel to page, on `FEED`, which is opened with the same
    `{"do": "snapshot", "view": id, "training": {…} | null, "frames": […], "status": {…}}` with buffers, as `Feed` makes it, and
    behind them those of the earlier run; `training` is what `Watched.about` says.
    `{"do": "rows", …}`: as `Feed` makes it, while the page is seen. `{"do": "wheel", "n": i, "wheel": {…}}`: what the wheel is
    now, where i is the last of the page's settings that it holds.
    `{"do": "begun", "training": {…}}` and `{"do": "ended"}` to a page that is hidden: its commands need no more.
    `{"do": "kept"}` to one that is seen: what is kept of the run says its end, too.

Importing this needs nothing; whoever trains imports `dashboard.watched`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl_magic.dashboard.watched import Watched

CONTROL, FEED = "mtl_magic.control", "mtl_magic.feed"
MOST = 8  # pages: one that is reloaded may not say that it goes. Of more the hidden go first, then the oldest


@dataclasses.dataclass
class Page:
    """A panel in somebody's browser.

    Attributes:
        feed, control: its comms; None: not yet, or no more.
        view: of this showing of it; '': it is hidden.
        heard: number of its last setting.
    """

    feed: Any = None
    control: Any = None
    view: str = ""
    heard: int = 0

    def tell(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        if self.feed is not None:
            self.feed.send(message, buffers=buffers or [])


class Panel:
    """All pages of a kernel, and its last training. Called on several threads; it takes no lock, for the training's has one."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self.training: Watched | None = None

    @property
    def pages(self) -> list[Page]:
        return list(self._pages.values())

    @property
    def seen(self) -> list[Page]:
        return [page for page in self.pages if page.view]

    # -- comms, as the page opens them -------------------------------------------------------------------------------

    def open_feed(self, comm: Any, message: Any) -> None:
        page = self._page(message)
        page.feed = comm
        comm.on_close(lambda _: self._close(page))
        if self.training is not None and not self.training.over:
            page.tell({"do": "begun", "training": self.training.brief()})

    def open_control(self, comm: Any, message: Any) -> None:
        page = self._page(message)
        page.control = comm
        comm.on_msg(lambda said: self._hear(page, said["content"]["data"]))
        comm.on_close(lambda _: self._close(page))

    def close(self) -> None:
        """The extension goes."""
        for page in self.pages:
            self.forget(page)

    def _page(self, message: Any) -> Page:
        name = str(message["content"]["data"].get("page", ""))
        page = self._pages.setdefault(name, Page())
        while len(self._pages) > MOST:
            self.forget(min((other for other in self.pages if other is not page), key=lambda other: bool(other.view)))
        return page

    def forget(self, page: Page) -> None:
        """It may be alive: by its comms it finds out that nobody hears it, and opens new ones when it is seen again."""
        comms = page.feed, page.control
        self._close(page)
        for comm in comms:
            if comm is not None:
                comm.close()

    def _close(self, page: Page) -> None:
        self._hide(page)
        page.feed = None
        self._pages = {name: other for name, other in self._pages.items() if other is not page}

    # -- what a page says --------------------------------------------------------------------------------------------

    def _hear(self, page: Page, said: Any) -> None:
        training = self.training
        if training is not None:
            training.heard()
        match said:
            case {"do": "hello", "view": str(view)}:
                self._show(page, view)
            case {"do": "bye"}:
                self._hide(page)
            case {"do": "set", "n": int(n), "values": dict(values)} if training is not None:
                training.set(page, n, values)
            case _ if training is not None:
                training.wheel.do(said)

    def _show(self, page: Page, view: str) -> None:
        if page.feed is None:  # it is being opened; the page asks again
            return
        if page.view != view:
            self._hide(page)
            page.view = view
        if self.training is not None:
            self.training.show(page)
        else:
            page.tell({"do": "snapshot", "view": view, "training": None})

    def _hide(self, page: Page) -> None:
        view, page.view = page.view, ""
        if view and self.training is not None:
            self.training.hide(view)

    # -- what a training says ----------------------------------------------------------------------------------------

    def begin(self, training: Watched) -> None:
        """It is the one that pages show from now on."""
        self.training = training
        for page in self.pages:
            if page.view:
                training.show(page)
            else:
                page.tell({"do": "begun", "training": training.brief()})


PANEL = Panel()  # a kernel has one
