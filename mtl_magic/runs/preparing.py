"""How far the preparation of the data is, as events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mtl_magic.data.stage import Tell
from mtl_magic.train.events import Preparing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.train.events import Listener

MOMENT = 0.5  # seconds for which nothing is said
EVERY = 0.25  # seconds between two events


def teller(listeners: Sequence[Listener], clock: object = time.perf_counter) -> Tell:
    """What a preparation calls; it passes on what a person may want to see."""
    assert callable(clock)
    began = clock()
    last = began + MOMENT - EVERY

    def tell(what: str, done: int, total: int, unit: str) -> None:
        nonlocal last
        now = clock()
        if now - last < EVERY:
            return
        last = now
        event = Preparing(what, done, total, unit, now - began)
        for listener in listeners:
            listener(event)

    return tell
