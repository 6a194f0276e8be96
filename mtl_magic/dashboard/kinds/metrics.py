"""The metric by which each task is watched, on the validation part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Evaluated


@kind("metrics", Evaluated)
def metrics(event: Evaluated, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: 1 where the epoch is the best so far, else 0 (column 1 of the rows); then a metric a task."""
    if event.metrics:
        values = [event.metrics.get(t, {}).get(metrics.get(t, ""), math.nan) for t in tasks]
        yield Row(event.step, [float(event.best), *values], best=event.best, about={"best": 1})
