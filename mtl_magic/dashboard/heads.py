"""What a page knows of the heads that it shows: names, metrics, directions, and what a constant would lose."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema


@dataclasses.dataclass(frozen=True)
class Heads:
    """Of a schema's tasks.

    Attributes:
        tasks: their names.
        metrics: task -> the metric by which it is watched.
        higher: task -> whether more of its metric is better; None: neither is.
        constants: task -> loss of the best constant.
    """

    tasks: tuple[str, ...]
    metrics: Mapping[str, str]
    higher: Mapping[str, bool | None]
    constants: Mapping[str, float]

    @classmethod
    def of(cls, schema: Schema) -> Self:
        watched = {t.name: found[0] for t in schema.tasks if (found := t.kind.metrics_of())}
        return cls(
            tuple(t.name for t in schema.tasks),
            {task: metric.title for task, metric in watched.items()},
            {task: metric.higher_is_better for task, metric in watched.items()},
            {t.name: t.constant_loss for t in schema.tasks},
        )
