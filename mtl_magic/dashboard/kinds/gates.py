"""How the tasks use the experts of each gated block, now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mtl_magic.dashboard.rows import Row, kind
from mtl_magic.train.events import Gates

IDLE = 0.25  # of an even share: what no task gives more is idle


@kind("gates", Gates, keeps=1)
def gates(event: Gates, tasks: tuple[str, ...], metrics: Mapping[str, str]) -> Iterator[Row]:
    """Values: mean gate weight of each task and expert, task by task; labels: the blocks."""
    about = {"tasks": list(event.tasks), "experts": list(event.experts), "idle": idle(event.use)}
    yield Row(event.step, [weight for row in event.use for weight in row], event.block, about=about)


def idle(use: Sequence[Sequence[float]]) -> list[int]:
    """Experts, from 0, that no task uses to speak of.

    Example:
        >>> idle([[0.5, 0.02, 0.48], [0.3, 0.05, 0.65]])
        [1]
    """
    if not use:
        return []
    return [i for i, column in enumerate(zip(*use, strict=True)) if max(column) < IDLE / len(use[0])]
