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
    *("checkpointing", "indexing", "recording", "committing", "starting"),
)
FILES = ("checkpointing", "saving", "recording")  # phases whose files nothing can be made of anew
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


# Phase, step (-1: before the training began), and whether it writes into a file that is open.
Operation = tuple[str, int, bool]


@dataclasses.dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        phase: what the process does then.
        fraction: how far in what is left of that phase, in [0, 1).
        late: seconds after that operation; 0: before it, by the process itself.
        writing: only where a file is open, and none or a part of what it is to hold is written.
    """

    phase: str
    fraction: float
    late: float
    writing: bool

    def __str__(self) -> str:
        return self.phase + (
            " half written" if self.writing else f" {self.late * 1e3:.0f} ms late" if self.late else ""
        )


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
        kills = ", then in ".join(map(str, self.kills))
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
    writing = phase in FILES and draw.random() < 0.5
    return Kill(phase, float(draw.random()), 0.0 if writing else float(late), bool(writing))


@dataclasses.dataclass(frozen=True)
class Aim:
    """Where a process is killed: at the `count`-th operation of `phase` once it has made `step` steps."""

    phase: str
    step: int
    count: int
    late: float


def aimed(kill: Kill, log: Sequence[Operation], reached: int | None) -> Aim:
    """The operation that a kill means.

    Args:
        kill: the draw.
        log: every operation of an uninterrupted training.
        reached: the steps that were made before, of which some are made again; None: it has just begun.
    """
    first, last = (-1, log[-1][1]) if reached is None else (reached + 1, log[-1][1])
    if kill.phase == "starting":
        known = sum(step < 0 for _, step, _ in log)
        count = known if reached is None else known // 2  # one that resumes makes fewer
        return Aim("starting", -1, int(kill.fraction * count), kill.late)
    found = _places(kill.phase, log, first, writing=kill.writing) or _places("saving", log, min(first, last))
    phase, step, count = found[int(kill.fraction * len(found))]
    return Aim(phase, step, count, kill.late)


def _places(phase: str, log: Sequence[Operation], first: int, *, writing: bool = False) -> list[tuple[str, int, int]]:
    """(phase, step, how many before it at this step) of each operation of the phase from step `first` on."""
    steps = {step for _, step, _ in log}
    if phase == "training":
        return [(phase, step, 0) for step in sorted(steps) if step >= max(first, 1)]
    found, at = [], dict.fromkeys(steps, 0)
    for each, step, writes in log:
        if each == phase:
            late_enough = step >= first or (phase in ("saving", "committing", "indexing") and step == log[-1][1])
            if late_enough and writes >= writing:
                found.append((phase, step, at[step]))
            at[step] += 1
    return found
