"""How fast training is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Progress


@kind("progress", Progress, keeps=256)
def progress(event: Progress, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: seconds since it began, rows a second."""
    yield Row(event.step, [event.seconds, event.rows_per_second])
