"""How full and how busy the GPUs are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Device


@kind("device", Device, keeps=512)
def device(event: Device, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: GB in use, at most, of the card; share of the time in which it computed. Labels: a device each."""
    total, busy = event.total, event.busy
    gigabytes = [event.used / 1e9, event.peak / 1e9, math.nan if total is None else total / 1e9]
    yield Row(event.step, [*gigabytes, math.nan if busy is None else busy], event.name)
