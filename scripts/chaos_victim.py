"""What the processes of `chaos.py` do: train and be killed, look whether a store is whole, write into it meanwhile."""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import io
import json
import math
import os
import pathlib
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from chaos_moments import CADENCES, CELLS, Aim

import mtl_magic
from mtl_magic.data.schema import Schema
from mtl_magic.problems import MtlError
from mtl_magic.runs import store as folder
from mtl_magic.runs.project import index, recorder, space
from mtl_magic.runs.project.store import Store
from mtl_magic.runs.run import Run
from mtl_magic.train import checkpoint, team
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Event, Progress, Started

NAME, OTHER = "feed", "other"
PIECE = 2**13  # bytes of a file that are written at a time
Tell = Callable[[dict[str, Any]], None]


def table(rows: int = 420, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    user, x = draw.integers(0, 120, rows), draw.standard_normal(rows)
    score = draw.standard_normal(120)[user] + x
    click = (draw.random(rows) < 1 / (1 + np.exp(-score))).astype(int)
    return pd.DataFrame(
        {"user": [f"u{i}" for i in user], "x": x, "click": click, "watch": score + draw.standard_normal(rows)}
    )


class Watch:
    """Follows a training's steps and its file operations, and ends the process at one of them.

    Args:
        root: the store; operations elsewhere are none of ours.
        tell: of steps and of what is about to happen.
        aim: where it ends; None: nowhere.
        stop: the step at which a person stops it.
    """

    def __init__(self, root: pathlib.Path, tell: Tell, aim: Aim | None = None, stop: int | None = None) -> None:
        self.root, self.tell, self.aim, self.stop = str(root) + os.sep, tell, aim, stop
        self.control = Control()
        self.step, self.log, self.struck = -1, [], False
        self._left = aim.count if aim else 0
        self._on = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, (Started, Progress, Evaluated)):
            if event.step != self.step:
                self.tell({"began" if isinstance(event, Started) else "step": event.step})
            self.step = max(self.step, event.step)
            if self.aim is not None and self.aim.phase == "training" and self.step >= self.aim.step:
                self._strike()
            if self.stop is not None and self.step >= self.stop:
                self.control.stop()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        fsync, opened, self._on = os.fsync, io.open, True

        def synced(file: Any) -> None:
            self.reached(_path_of(file if isinstance(file, int) else file.fileno()))
            fsync(file)

        def counted(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
            if isinstance(file, int) or not os.fspath(file).startswith(self.root) or not set(mode) & set("wax+"):
                return opened(file, mode, *args, **more)
            return _opened(Pieces(file, mode.replace("b", "").replace("t", ""), self), mode, *args, **more)

        sys.addaudithook(self._audit)  # for the life of the process: `_on` ends it
        os.fsync, io.open, builtins.open = synced, counted, counted
        try:
            yield
        finally:
            os.fsync, io.open, builtins.open, self._on = fsync, opened, opened, False

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            path, _, flags = args
            if not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.reached(os.fsdecode(path))
        elif event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            below = {"os.rename": 2, "os.mkdir": 2}.get(event, 1)
            above = _path_of(args[below]) + os.sep if args[below] >= 0 else ""
            self.reached(above + os.fsdecode(args[0]), renames=event == "os.rename")

    def reached(self, path: str, *, writes: bool = False, renames: bool = False) -> None:
        """The next operation is about to happen."""
        if not path.startswith(self.root):
            return
        phase = phase_of(path.removeprefix(self.root))
        phase = "committing" if renames and phase == "saving" else phase
        self.log.append((phase, self.step, writes))
        aim = self.aim
        if aim is None or self.struck or self.step < aim.step:
            return
        if phase == aim.phase or (aim.phase == "starting" and self.step < 0):
            if self._left == 0:
                self._strike()
            self._left -= 1

    def _strike(self) -> None:
        if self.struck:
            return
        self.struck = True
        self.tell({"kill": self.aim.late})
        if not self.aim.late:
            os.kill(os.getpid(), signal.SIGKILL)


class Pieces(io.FileIO):
    """A file that is written piece by piece, each an operation of its own, so that a kill leaves a part of it."""

    def __init__(self, path: Any, mode: str, watch: Watch) -> None:
        self._watch = watch
        super().__init__(path, mode)

    def write(self, content: Any) -> int:
        self._watch.reached(os.fspath(self.name), writes=True)
        return super().write(memoryview(content).cast("B")[:PIECE])


def _opened(raw: Pieces, mode: str, _: int = -1, encoding: Any = None, errors: Any = None, newline: Any = None) -> Any:
    """As `open` would open it."""
    buffered = io.BufferedRandom(raw, PIECE) if "+" in mode else io.BufferedWriter(raw, PIECE)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)


def _path_of(descriptor: int) -> str:
    try:
        return str(pathlib.Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""


def phase_of(path: str) -> str:
    """What a training does that touches this path below the store.

    Example:
        >>> [phase_of(p) for p in ("index.json", "feed/checkpoint/state.part", "feed/.0123abcd.part/run.json", "feed")]
        ['indexing', 'checkpointing', 'saving', 'recording']
    """
    parts = pathlib.Path(path).parts
    if parts[0].lstrip(".").startswith("index."):
        return "indexing"
    if parts[1:2] == (index.CHECKPOINT,):
        return "checkpointing"
    return "saving" if len(parts) > 1 and re.fullmatch(r"\.[0-9a-f]{8}\.part", parts[1]) else "recording"


def train(root: pathlib.Path, cell: str, cadence: str, watch: Watch, *, resume: bool) -> Run:
    """Every step is looked at, and a checkpoint is written whenever it may be, however long that takes."""
    team.TICK, checkpoint.SHARE, recorder.PAUSE, recorder.EPOCH = 0.0, math.inf, 0.0, 0.0
    text, options = CELLS[cell]
    kept = {"store": root, "name": NAME, "resume": resume, "checkpoint": CADENCES[cadence]}
    with watch.watching():
        return mtl_magic.fit(text, table(), control=watch.control, listeners=[watch], **kept, **options)


def shot(place: pathlib.Path) -> dict[str, Any]:
    """All of a run that must be equal to the last bit, read from its folder."""
    run = mtl_magic.load(place)
    weights = [
        np.array(v) for v in run.model.variables if v.dtype == "float32"
    ]  # the seeds of its dropout are of no use
    history = pd.read_csv(place / folder.HISTORY, float_precision="round_trip").drop(columns="seconds")
    found = {
        "ended": [run.why, run.step, run.epoch, run.best_epoch],
        "history": history.to_dict("list"),
        "metrics": run.metrics,
        "weights of tasks": run.weights,
        "weights": [hashlib.blake2b(w.tobytes()).hexdigest() for w in weights],
        "predictions": run.predict(table(seed=1)).to_dict("list"),
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def other_than(wanted: Any, found: Any, path: str = "") -> str:
    """Where two values of JSON first differ; '': nowhere."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        if wanted.keys() != found.keys():
            return f"{path} has {sorted(found)} instead of {sorted(wanted)}"
        return next((s for k in wanted if (s := other_than(wanted[k], found[k], f"{path} {k}".strip()))), "")
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return next((s for i, (a, b) in pairs if (s := other_than(a, b, f"{path}[{i}]"))), "")
    same = wanted == found or (wanted != wanted and found != found)  # noqa: PLR0124  NaN
    return "" if same else f"{path} is {found} instead of {wanted}"


def contents(place: pathlib.Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


# -- the reference ----------------------------------------------------------------------------------------------------


def refer(place: pathlib.Path, cell: str, tell: Tell) -> None:
    """Trains a cell without harm, once with each cadence, and keeps what is to come of it, and what it does on the way."""
    logs = {}
    for cadence in CADENCES:
        watch = Watch(place, tell)
        run = train(place, cell, cadence, watch, resume=False)
        logs[cadence] = watch.log
    first, second = shot(place / NAME), shot(run.folder)
    if said := other_than(first, second):
        tell({"fault": f"two uninterrupted trainings differ: {said}"})
    found = {"shot": first, "logs": logs, "steps": run.step, "steps_per_epoch": run.step // run.epoch}
    (place / "reference.json").write_text(json.dumps(found), encoding="utf-8")


# -- after a kill -----------------------------------------------------------------------------------------------------


class Whole:
    """Whether a store is whole after a kill.

    Args:
        root: the store.
        place: of the run that was killed.
        reference: what `refer` has kept.
        fault: is told what is wrong.
    """

    def __init__(
        self, root: pathlib.Path, place: pathlib.Path, reference: dict[str, Any], fault: Callable[[str], None]
    ) -> None:
        self.root, self.place, self.wanted, self.fault = root, place, reference["shot"], fault

    def look(self, finished: dict[str, dict[str, bytes]], others: int, stopped: dict[str, Any] | None) -> str:
        """Reports what is not as it must be; the status of the killed run, '' where it had not come to be one.

        Args:
            finished: the files of the runs that were finished before.
            others: how many the neighbour has reported.
            stopped: a `shot` of the killed run as it was when a person stopped it.
        """
        with contextlib.suppress(FileNotFoundError):  # no process has written one yet
            plain = json.loads((self.root / index.INDEX).read_text(encoding="utf-8"))
            if any(e["id"].startswith(".") or e["id"].endswith(".part") for e in plain["runs"]):
                self.fault(f"the index lists leftovers: {[e['id'] for e in plain['runs']]}")
        entries = {e["id"]: e for e in Store(self.root).entries()}
        runs = {p.name for p in self.root.iterdir() if (p / index.RUN).exists() and not p.name.startswith(".")}
        if set(entries) != runs:
            self.fault(f"the store lists {sorted(entries)}, and has {sorted(runs)}")
        for name, files in finished.items():
            if contents(self.root / name) != files or entries[name]["status"] != "finished":
                self.fault(f"the run {name}, which was finished, has changed")
        if finished and (said := other_than(self.wanted, shot(self.root / max(finished)))):
            self.fault(f"a finished run, loaded: {said}")
        self._others(entries, others)
        return self._killed(entries, stopped)

    def _others(self, entries: dict[str, Any], others: int) -> None:
        found = [e for e in entries.values() if e["name"] == OTHER]
        if len(found) != others or any(e["status"] != "finished" for e in found):
            self.fault(f"of {others} runs of another process there are {[e['status'] for e in found]}")
        for entry in found:
            lacks = {folder.CELL, folder.SCHEMA, folder.ENCODERS, folder.HISTORY, folder.MODEL} - {
                p.name for p in (self.root / entry["id"]).iterdir()
            }
            if lacks:
                self.fault(f"a run of another process lacks {sorted(lacks)}")

    def _killed(self, entries: dict[str, Any], stopped: dict[str, Any] | None) -> str:
        if not (self.place / index.RUN).exists():
            if stopped is not None:
                self.fault("a run that was stopped is gone")
            return ""
        facts = json.loads((self.place / index.RUN).read_text(encoding="utf-8"))
        said, status = facts["status"], str(entries[self.place.name]["status"])
        if status != ("died" if said == "running" else said) or said not in ("running", "stopped", "finished"):
            self.fault(f"the killed run is listed as {status}; it says {said}")
        if "why" in facts:
            wanted, found = self.wanted if status == "finished" else stopped or {}, shot(self.place)
            if told := other_than(wanted, found):
                self.fault(f"the killed run ({status}), loaded: {told}")
        else:
            try:
                mtl_magic.load(self.place)
                self.fault("a run that has no model was loaded")
            except MtlError as error:
                if error.problems[0].code != "MTL418":
                    self.fault(f"a run that died is told as {error}")
        return status

    def end(self, *, resumed: bool) -> None:
        """In the end the run is that of a training that nobody has harmed."""
        if said := other_than(self.wanted, shot(self.place)):
            self.fault(f"resumed, it is not what it would have been: {said}")
        if resumed and (self.place / index.CHECKPOINT).exists():
            self.fault("a finished run has a checkpoint")
        if (status := Store(self.root).find(self.place.name)["status"]) != "finished":
            self.fault(f"resumed to the end, it is {status}")
        space.REST = -1.0
        before = {e["id"] for e in Store(self.root).entries()}
        space.free(Store(self.root), ["leftovers"])
        if left := sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*.part")):
            self.fault(f"%mtl clean leftovers leaves {left}")
        if before != {e["id"] for e in Store(self.root).entries()}:
            self.fault("%mtl clean leftovers has removed a run")


# -- another process --------------------------------------------------------------------------------------------------


class Model:
    """A stand-in, so that a run is written in a moment."""

    def save(self, path: pathlib.Path) -> None:
        path.write_bytes(b"weights" * 100)


def write(root: pathlib.Path, enough: pathlib.Path, tell: Tell) -> None:
    """Writes runs into the store until the file `enough` is there."""
    history = pd.DataFrame({"epoch": [1]})
    for number in range(1, 200):
        place = Store(root).claim(OTHER)
        facts = {"created": "2026-01-01T00:00:00+00:00"}
        run = Run(OTHER, "task a", Model(), Schema((), ()), (), history, {}, {}, "epochs", 1, 1, facts=facts)  # type: ignore[arg-type]
        folder.commit(run, place)
        index.note(place)
        tell({"others": number})
        if enough.exists():
            return
        time.sleep(0.01)


def warmed() -> None:
    """Imports whatever a training needs; no operation of TensorFlow runs, which no fork would survive."""
    import filelock  # noqa: F401
    import keras  # noqa: F401
    import pyarrow.dataset
    import pyarrow.parquet  # noqa: F401
    import tensorflow as tf

    import mtl_magic.data.prepare
    import mtl_magic.data.streaming.prepare
    import mtl_magic.runs.fitting
    import mtl_magic.runs.warm
    import mtl_magic.train.fit
    from mtl_magic.checks import run_checks  # noqa: F401

    tf.config.threading.set_intra_op_parallelism_threads(1)  # as many processes as cores
    for text, _ in CELLS.values():
        mtl_magic.parse(text)
    recorder.packages()
    pd.DataFrame({"a": [1]}).to_csv(io.StringIO())
