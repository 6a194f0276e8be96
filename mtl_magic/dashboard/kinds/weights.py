"""The weight of each task as the last step applied it: the method's times the person's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Progress


@kind("weights", Progress)
def weights(event: Progress, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: a weight a task."""
    yield Row(event.step, [event.weights.get(t, math.nan) for t in tasks])
