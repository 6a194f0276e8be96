"""A checkpoint: all that a training is between two steps, so that another process goes on as if nothing had been.

    state.npz     what `state.state_of` gives, and `facts`: JSON of where the loop stands and what it has heard
    best-N.npz    the weights of the best epoch so far, N

Plain arrays, no pickle. A file is written beside its place and renamed, so that one that is there is whole; `state.npz`
is renamed last and names the file of the best epoch that belongs to it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import time
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.problems import MtlError, Problem
from mtl_magic.train.changes import apply, between
from mtl_magic.train.conflicts import Windows
from mtl_magic.train.events import Changed, Evaluated, Steered
from mtl_magic.train.state import set_state, state_of

if TYPE_CHECKING:
    from mtl_magic.train.loop import Loop

FORMAT = 1
STATE, FACTS = "state.npz", "facts"
SHARE = 0.1  # of the time that writing may take: a large model is written less often


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Named arrays and facts.

    Attributes:
        state: see `state.state_of`.
        facts: of JSON: position, losses, what stopping remembers, the epochs so far.
        best: the weights of the best epoch, by the names of `state.weights_of`; None: there is none yet.
    """

    state: dict[str, np.ndarray]
    facts: dict[str, Any]
    best: dict[str, np.ndarray] | None = None


class Keeper:
    """Keeps one checkpoint of a training in a folder.

    Args:
        folder: it is made; nobody else writes there.
        seconds: between two checkpoints inside an epoch. After an epoch there is one in any case, unless writing would
            then take more than a tenth of the time.
        least: seconds between any two, those after an epoch too.
        last: whether there is one of the last moment in any case.
    """

    def __init__(
        self, folder: str | os.PathLike[str], seconds: float = 30.0, least: float = 0.0, *, last: bool = False
    ) -> None:
        self.folder, self.seconds, self.least, self.last = pathlib.Path(folder), seconds, least, last
        self._at, self._took = time.perf_counter(), 0.0
        self._best: str | None = None  # the file of the best epoch that is there

    def due(self, *, epoch: bool = False) -> bool:
        """Whether it is time for another one, after an epoch or within one."""
        passed = time.perf_counter() - self._at
        return passed >= max(self.least if epoch else self.seconds, self._took / SHARE)

    @property
    def there(self) -> bool:
        """Whether there is one."""
        return (self.folder / STATE).exists()

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace what is there."""
        began = time.perf_counter()
        self.folder.mkdir(parents=True, exist_ok=True)
        best = None
        if checkpoint.best is not None:
            best = f"best-{checkpoint.facts['stopping']['best_epoch']}.npz"
            if best != self._best:
                _save(self.folder / best, checkpoint.best)
        facts = {**checkpoint.facts, "format": FORMAT, "best": best}
        _save(self.folder / STATE, {**checkpoint.state, FACTS: np.array(json.dumps(facts))})
        self._best = best
        for old in self.folder.glob("best-*.npz"):
            if old.name != best:
                old.unlink()
        self._at = time.perf_counter()
        self._took = self._at - began

    def read(self) -> Checkpoint | None:
        """What is there; None: nothing is.

        Raises:
            MtlError: MTL322 it is damaged, or of another format.
        """
        place = self.folder / STATE
        if not place.exists():
            return None
        try:
            state = _load(place)
            facts = json.loads(str(state.pop(FACTS)))
            if facts["format"] != FORMAT:
                raise ValueError(f"its format is {facts['format']}, and this version reads {FORMAT}")
            best = _load(self.folder / facts["best"]) if facts["best"] else None
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            hint = "start anew without it: remove the folder"
            raise MtlError(Problem("MTL322", f"the checkpoint '{place}' cannot be read: {error}", hint=hint)) from error
        self._best = facts["best"]
        return Checkpoint(state, facts, best)


def _save(place: pathlib.Path, arrays: dict[str, Any]) -> None:
    beside = place.with_suffix(".part")
    try:
        with beside.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException:  # a full disk gets its room back
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _load(place: pathlib.Path) -> dict[str, np.ndarray]:
    with np.load(place, allow_pickle=False) as found:
        return dict(found)


def taken(loop: Loop) -> Checkpoint:
    """Where a loop stands, between two steps."""
    facts = {
        "canonical": loop.program.canonical,
        "rows": loop.batches.rows,
        "batch": loop.batches.batch,
        "epoch": loop.at.epoch,
        "step_in_epoch": loop.at.step_in_epoch,
        "steps": loop.steps,
        "seconds": loop.seconds(),
        "why": "early_stop" if loop.why == "early_stop" else "",
        "peak": loop.peak,
        "seen": loop.seen.tolist(),
        "last_losses": loop.last_losses,
        "metrics": loop.metrics,
        "stopping": loop.stopping.memory(),
        "past": [dataclasses.asdict(event) for event in loop.past],
        "changes": [dataclasses.asdict(event) for event in loop.changes],
        "steered": [dataclasses.asdict(event) for event in loop.steered],
        "method": loop.method,
        "gradients": loop.conflicts.windows.memory(),
    }
    return Checkpoint(state_of(loop.step), facts, loop.stopping.best_weights)


def go_on(loop: Loop) -> None:
    """From the chief's checkpoint, where it has one: all workers take it over."""
    saved = loop.keeper.read() if loop.keeper is not None and loop.team.chief else None
    told = None
    if saved is not None:
        told = {**saved.state, FACTS: np.frombuffer(json.dumps(saved.facts).encode(), "uint8")}
    state = loop.team.spread(told)
    if state is not None:
        facts = json.loads(state.pop(FACTS).tobytes())
        put_back(loop, Checkpoint(state, facts, saved.best if saved else None))


def put_back(loop: Loop, checkpoint: Checkpoint) -> None:
    """A loop of the same program and data, before its first step, goes on from there.

    Raises:
        MtlError: MTL323 the checkpoint is of other data, or of a cell in which more has changed than may
            (`changes.CHANGEABLE`).
    """
    facts = checkpoint.facts
    changed = between(facts["canonical"], loop.program.canonical)
    here, there = (loop.batches.rows, loop.batches.batch), (facts["rows"], facts["batch"])
    other = next((w for w, a, b in zip(("other data", "another batch"), here, there, strict=True) if a != b), None)
    try:
        if other:
            raise ValueError(f"it was made with {other}")
        if method := facts.get("method", ""):
            loop.change_method(method)
        set_state(loop.step, checkpoint.state)
    except ValueError as error:
        hint = "a training goes on with the text and the data with which it began; start anew for others"
        raise MtlError(Problem("MTL323", f"the checkpoint does not fit: {error}", hint=hint)) from error
    loop.at.epoch, loop.at.step_in_epoch, loop.steps = facts["epoch"], facts["step_in_epoch"], facts["steps"]
    loop.before = facts["seconds"]
    loop.why, loop.metrics = facts["why"], facts["metrics"]
    if "train lr" not in changed:
        loop.peak = facts["peak"]
    loop.seen, loop.last_losses = np.array(facts["seen"]), facts["last_losses"]
    loop.stopping.remember(facts["stopping"], checkpoint.best)
    loop.past = [Evaluated(**event) for event in facts["past"]]
    loop.changes = [Changed(**event) for event in facts.get("changes", ())]  # the first checkpoints have none
    loop.steered = [Steered(**event) for event in facts.get("steered", ())]
    loop.conflicts.windows = Windows.of(facts.get("gradients", {}))
    apply(loop, changed)
