"""Losses of each task: of training as it goes on, of validation after an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Evaluated, Progress


@kind("losses", Progress, Evaluated)
def losses(event: Progress | Evaluated, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: a loss a task; labels: 'train', 'valid'."""
    if isinstance(event, Progress):
        yield Row(event.step, [event.losses.get(t, math.nan) for t in tasks], "train")
    elif any("loss" in found for found in event.metrics.values()):
        valid = [event.metrics.get(t, {}).get("loss", math.nan) for t in tasks]
        yield Row(event.step, valid, "valid", best=event.best)
