"""Outputs that are conditional, `child|parents`: which rows they are about, and their metrics there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema


@dataclasses.dataclass(frozen=True)
class Conditional:
    """An output P(child | all parents 1)."""

    key: str  # as Keras names it
    title: str
    task: int  # the child, by index
    parents: tuple[int, ...]

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """Labels of all tasks (n, K) -> those of the child (n,), NaN where a parent is not 1."""
        happened = (labels[:, self.parents] == 1).all(axis=1)
        return np.where(happened, labels[:, self.task], np.float32("nan"))


def conditionals(outputs: Iterable[tuple[str, str]], schema: Schema) -> tuple[Conditional, ...]:
    """Those of the outputs, each with Keras's name and the person's."""
    places = {task.name: k for k, task in enumerate(schema.tasks)}
    found = []
    for key, title in outputs:
        if title in places:
            continue
        for name, k in places.items():
            parents = _split(title.removeprefix(f"{name}|"), tuple(places)) if title.startswith(f"{name}|") else None
            if parents:
                found.append(Conditional(key, title, k, tuple(places[parent] for parent in parents)))
                break
    return tuple(found)


def _split(text: str, names: Sequence[str]) -> tuple[str, ...] | None:
    """The names that stand in the text with commas between them, whatever is in the names; None: it is not so.

    Example:
        >>> _split("a,b,c", ["c", "a,b"])
        ('a,b', 'c')
    """
    for name in names:
        if text == name:
            return (name,)
        rest = _split(text.removeprefix(f"{name},"), names) if text.startswith(f"{name},") else None
        if rest:
            return (name, *rest)
    return None
