"""What `chaos.py` draws: which training is killed, in which phase, how far in it, and what else stands in its store.

A moment is a function of the seed and its number alone, so that one that fails is tried again by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

PHASES = (  # of ten moments
    *("training", "checkpointing", "saving", "training", "recording"),
    *("checkpointing", "indexing", "recording", "saving", "starting"),
)
LATE = 0.02  # seconds after its operation that a kill from outside comes, at most: in the middle of what is written

BASE = """\
feature user: category(dim=4)
feature x: number(bins=0)
share mlp(units=[8])
task click: binary
task watch: regression
balance equal
train epochs=4 batch=64 early_stop=none seed=3"""
CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "equal": (BASE, {}),  # of 120 users a batch sees some: Adam's tables rest
    "uncertainty": (BASE.replace("[8]", "[8], dropout=0.3").replace("equal", "uncertainty").replace("none", "2"), {}),
    "stops early": (
        BASE.replace("[8]", "[8], dropout=0.2")
        .replace("epochs=4", "epochs=9")
        .replace("early_stop=none", "early_stop=2 lr=0.2"),
        {},
    ),
    "accumulates": (
        BASE.replace("equal", "uncertainty").replace(
            "batch=64", "batch=32 accumulate=2 tables=lazy_adam schedule=cosine"
        ),
        {},
    ),
    "streamed": (BASE.replace("[8]", "[8], dropout=0.3").replace("none", "3"), {"stream": True}),
}
CADENCES = {"step": 0.0, "epoch": 1e9}  # seconds between two checkpoints within an epoch


@dataclasses.dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        phase: what the process does then.
        fraction: how far in what is left of that phase, in [0, 1).
        late: seconds after that operation; 0: before it, by the process itself.
    """

    phase: str
    fraction: float
    late: float


@dataclasses.dataclass(frozen=True)
class Moment:
    """One trial.

    Attributes:
        number: it and the seed say all the rest.
        cell: of `CELLS`.
        cadence: of `CADENCES`.
        stop: how far in the training a person stops it before it is resumed and killed; None: nobody does.
        kills: the second one hits the process that resumes.
        finished: runs of the same name that are in the store before.
        neighbour: whether another process writes runs into the store meanwhile.
    """

    number: int
    cell: str
    cadence: str
    stop: float | None
    kills: tuple[Kill, ...]
    finished: int
    neighbour: bool

    def __str__(self) -> str:
        kills = ", then in ".join(k.phase + (f" {k.late * 1e3:.0f} ms late" if k.late else "") for k in self.kills)
        stop = "stopped and resumed, " if self.stop is not None else ""
        beside = ", another process writes" if self.neighbour else ""
        return f"'{self.cell}', checkpoint every {self.cadence}, {stop}killed in {kills}{beside}"


def drawn(seed: int, number: int) -> Moment:
    """The moment of this number; ten in a row have all phases."""
    draw = np.random.default_rng([seed, number])
    phase = PHASES[number % len(PHASES)]
    kills = [_kill(draw, phase)]
    if draw.random() < 0.25:
        kills.append(_kill(draw, str(draw.choice(PHASES))))
    return Moment(
        number,
        cell=str(draw.choice(list(CELLS))),
        cadence=str(draw.choice(list(CADENCES))),
        stop=float(draw.random()) if draw.random() < 0.2 else None,
        kills=tuple(kills),
        finished=int(draw.choice([0, 2])),
        neighbour=bool(draw.random() < 0.3),
    )


def _kill(draw: np.random.Generator, phase: str) -> Kill:
    late = draw.random() * LATE if phase == "training" or draw.random() < 0.4 else 0.0
    return Kill(phase, float(draw.random()), float(late))


@dataclasses.dataclass(frozen=True)
class Aim:
    """Where a process is killed: at the `count`-th operation of `phase` once it has made `step` steps."""

    phase: str
    step: int
    count: int
    late: float


def aimed(kill: Kill, log: Sequence[tuple[str, int]], reached: int | None) -> Aim:
    """The operation that a kill means.

    Args:
        kill: the draw.
        log: (phase, step) of every operation of an uninterrupted training; a step of -1: before it began.
        reached: the steps that were made before, of which some are made again; None: it has just begun.
    """
    first, last = (-1, log[-1][1]) if reached is None else (reached + 1, log[-1][1])
    if kill.phase == "starting":
        known = [i for i, (_, step) in enumerate(log) if step < 0]
        count = len(known) if reached is None else len(known) // 2  # one that resumes makes fewer
        return Aim("starting", -1, int(kill.fraction * count), kill.late)
    found = _places(kill.phase, log, first) or _places("saving", log, min(first, last))
    phase, step, count = found[int(kill.fraction * len(found))]
    return Aim(phase, step, count, kill.late)


def _places(phase: str, log: Sequence[tuple[str, int]], first: int) -> list[tuple[str, int, int]]:
    """(phase, step, how many before it at this step) of each operation of the phase from step `first` on."""
    if phase == "training":
        return [(phase, step, 0) for step in sorted({s for _, s in log}) if step >= max(first, 1)]
    found, at = [], dict.fromkeys({step for _, step in log}, 0)
    for each, step in log:
        if each == phase:
            if step >= first or (phase in ("saving", "indexing") and step == log[-1][1]):
                found.append((phase, step, at[step]))
            at[step] += 1
    return found
