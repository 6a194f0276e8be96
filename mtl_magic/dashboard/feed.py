"""Listens to a training, and keeps the page up to date a few times a second."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from mtl_magic.dashboard import kinds  # noqa: F401  registers them
from mtl_magic.dashboard.ring import Ring, merged
from mtl_magic.dashboard.rows import KINDS, Frame, Kind, Row
from mtl_magic.dashboard.status import Status
from mtl_magic.train.events import Event, Finished, Started, Steered

EVERY = 0.2  # seconds between two messages
WAITING = 128  # rows of a series that wait for the next message, at most
COMPACT = 20_000  # numbers of a series in `Charts.history`

Send = Callable[[dict[str, Any], list[bytes]], None]


class Feed:
    """A listener of events: rows out, thinned and batched; a snapshot for a page that comes later.

    It is called by the thread that trains, and asked for snapshots by others.

    Args:
        name: of the run.
        tasks: their names, in the order of the columns.
        metrics: task -> the metric by which it is watched.
        send: takes a message and its buffers; None: nobody listens yet.
        clock: seconds.
    """

    def __init__(
        self,
        name: str,
        tasks: Iterable[str],
        metrics: Mapping[str, str],
        send: Send | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.status = Status(name)
        self.tasks, self.metrics = tuple(tasks), dict(metrics)
        self._send, self._clock = send, clock
        self._lock = threading.RLock()
        self._rings: dict[tuple[str, str], Ring] = {}
        self._about: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._waiting: dict[tuple[str, str], list[Row]] = {}
        self._sent = -EVERY
        self._views: set[str] = set()
        self._answered: collections.deque[str] = collections.deque(maxlen=64)
        self._closed = False  # pages were there, and are gone

    @property
    def watched(self) -> bool:
        """Whether a page may be there: one that has not said yet that it has gone."""
        return self._send is not None and not self._closed

    @property
    def connected(self) -> bool:
        """Whether a page has ever been there."""
        return self._send is not None

    def connect(self, send: Send) -> None:
        """From now on a page is there to listen."""
        self._send = send

    # -- what comes in -----------------------------------------------------------------------------------------------

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.status.hear(event)
            for kind in _of(type(event)):
                for row in kind.rows(event, self.tasks, self.metrics):
                    self._take(kind, row)
            # What a person has done must show at once: a training that is paused has no next event.
            now = isinstance(event, (Started, Finished)) or (isinstance(event, Steered) and event.what != "weight")
            begun = self.status.watch.started is not None  # before, there is nothing to show
            if begun and (now or self._clock() - self._sent >= EVERY):
                self.flush()

    def _take(self, kind: Kind, row: Row) -> None:
        key = kind.name, row.label
        if key not in self._rings:
            self._rings[key] = Ring(kind.keeps)
        self._rings[key].append(row)
        self._about[key] = row.about
        if self._send is None or self._closed:
            return
        waiting = self._waiting.setdefault(key, [])
        if kind.keeps == 1:
            waiting.clear()
        elif len(waiting) >= WAITING:
            del waiting[1::2]
        waiting.append(row)

    # -- what goes out -----------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what waits."""
        with self._lock:
            self._sent = self._clock()
            if self._send is None or self._closed:
                return
            empty = np.empty((0, 0), np.float32)
            frames = [Frame(*key, self._about[key], merged(empty, rows)) for key, rows in self._waiting.items() if rows]
            self._waiting.clear()
            self._send({"do": "rows", **self._told(frames)}, [frame.data() for frame in frames])

    def say(self, road: str) -> None:
        """How the controls arrive ('controls live'), shown beside the state of the training."""
        with self._lock:
            self.status.road = road
            self.flush()

    def end(self, word: str) -> None:
        """It is over; `word` says how, where no event has."""
        with self._lock:
            if self.status.state != "ended":
                self.status.state, self.status.word = "ended", word
                self.flush()

    def frames(self, limit: int | None = None) -> list[Frame]:
        """All that is kept; `limit`: numbers of a series, at most."""
        with self._lock:
            found = []
            for key, ring in self._rings.items():
                rows = ring.rows()
                if limit is not None and rows.size > limit:
                    rows = ring.rows(max(limit // rows.shape[1], 2))
                found.append(Frame(*key, self._about[key], rows))
            return found

    def history(self) -> dict[str, Any]:
        """All that is kept, thinner, as a trait holds it: frames with their `data`, the columns' tasks, and the status."""
        with self._lock:
            frames = self.frames(COMPACT)
            told = [{**f.head(), "data": f.data()} for f in frames]
            return {"tasks": list(self.tasks), "frames": told, "status": self.status.told()}

    def _told(self, frames: list[Frame]) -> dict[str, Any]:
        return {"frames": [frame.head() for frame in frames], "status": self.status.told()}

    # -- pages -------------------------------------------------------------------------------------------------------

    def hello(self, view: str) -> None:
        """A page has come: it gets a snapshot, once, however often it asks."""
        with self._lock:
            self._views.add(view)
            self._closed = False
            if view in self._answered or self._send is None:
                return
            self._answered.append(view)
            frames = self.frames()
            self._send({"do": "snapshot", "view": view, **self._told(frames)}, [frame.data() for frame in frames])

    def bye(self, view: str) -> None:
        """A page has gone; without any nothing is sent."""
        with self._lock:
            self._views.discard(view)
            self._closed = not self._views
            if self._closed:
                self._waiting.clear()


def _of(event: type[Event]) -> list[Kind]:
    return [kind for kind in KINDS.values() if event in kind.events]
