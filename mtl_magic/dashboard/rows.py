"""Rows: what a kind of chart makes of an event, and how they travel."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtl_magic.train.events import Event


@dataclasses.dataclass(frozen=True)
class Row:
    """One point of a kind's series.

    Args:
        step: its place; two rows of one step are one.
        values: float; NaN where there is none.
        label: which series of the kind: 'train', a block, a device.
        best: it is kept, however long the training, until a better one comes.
        about: what the page must know beside the numbers; JSON.
    """

    step: int
    values: Sequence[float]
    label: str = ""
    best: bool = False
    about: Mapping[str, Any] = dataclasses.field(default_factory=dict)


Maker = Callable[[Any, tuple[str, ...], Mapping[str, str]], Iterable[Row]]  # event, tasks, metrics watched


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of chart: the events of which it makes rows, and how many of them are kept."""

    name: str
    events: tuple[type[Event], ...]
    rows: Maker
    keeps: int


KINDS: dict[str, Kind] = {}


def kind(name: str, *events: type[Event], keeps: int = 2048) -> Callable[[Maker], Maker]:
    """Registers the function that makes rows of these events.

    Args:
        keeps: rows of a series that stay, thinned; 1: the last one only.
    """

    def wrap(rows: Maker) -> Maker:
        KINDS[name] = Kind(name, events, rows, keeps)
        return rows

    return wrap


@dataclasses.dataclass(frozen=True)
class Frame:
    """Rows of one series, as they travel: a head in the message, float32 in a buffer."""

    kind: str
    label: str
    about: Mapping[str, Any]
    rows: np.ndarray  # (n, columns) float32; column 0: step

    def head(self) -> dict[str, Any]:
        return {"kind": self.kind, "label": self.label, "columns": int(self.rows.shape[1]), "about": dict(self.about)}

    def data(self) -> bytes:
        return self.rows.astype("<f4", copy=False).tobytes()
