"""The folder of a training in a store, from its first moment to its end.

    run.json          status, process, what was asked for; renamed into place, and last of all files in the end
    cell.mtl          the cell's text
    environment.json  Python, machine, packages with versions
    history.csv       one row an epoch, anew after each
    checkpoint/       what a training goes on from (`train/checkpoint.py`); gone once the run is finished
    events/           TensorBoard's
    and, in the end, what `runs/store.py` says of any run.

A run that was stopped has a model; while it goes on its text and history grow in checkpoint/, so that what belongs to the
model stays as it is until the end.

Nothing that a disk refuses ends a training: it is said once, as `Trouble`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem, first_line
from mtl_magic.runs import store as folder
from mtl_magic.runs.project import files, index
from mtl_magic.runs.project.board import Board
from mtl_magic.runs.project.owner import me
from mtl_magic.runs.project.store import Store, shown
from mtl_magic.train.checkpoint import Keeper
from mtl_magic.train.events import Evaluated, Event, Kept, Listener, Progress, Started, Trouble

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.runs.history import History
    from mtl_magic.runs.run import Run

ENVIRONMENT, EVENTS = "environment.json", "events"
BEAT, EPOCH = 5.0, 1.0  # seconds between two signs of life within an epoch, and after epochs
PAUSE = 5.0  # seconds between two checkpoints, at least


@dataclasses.dataclass(frozen=True)
class Keep:
    """Where a training is kept, and how.

    Attributes:
        store: of the run.
        asked: what else of the cell's line is needed to run it again: 'data' (a list), 'valid', 'test' (their Python),
            'stream'; nothing where no text says it.
        seconds: between two checkpoints within an epoch; 0: after every look at the losses.
        again: the id of the run of the store that goes on; None: a new one.
        exact: a new run's folder has exactly the run's name, and a training that cannot be kept there does not begin.
        replace: with `exact`, what has that name goes into the trash.
        ours: the process that trained the run that goes on is known to be dead, whatever its machine says.
        claimed: called once the run has its folder.
        marks: what else `run.json` says of the run: the search that it is a trial of.
        stays: the last moment is a checkpoint, and it stays though the training has ended by itself: another may go on
            from it with more epochs.
    """

    store: Store
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seconds: float = 30.0
    again: str | None = None
    exact: bool = False
    replace: bool = False
    ours: bool = False
    claimed: Callable[[], None] | None = None
    marks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    stays: bool = False

    @property
    def place(self) -> pathlib.Path | None:
        """The folder of the run that goes on."""
        return self.store.root / self.again if self.again is not None else None


class Recorder:
    """Listens to a training, and keeps what is known of it.

    Args:
        keep: where.
        name: of the run.
        program, facts: what is known when it begins: 'created', 'seed', 'rows', 'data', 'versions'.
        history: the listener whose rows are written; it hears events before this one.
        tell: hears of `Kept` and `Trouble`.

    Raises:
        MtlError: MTL323 the run that is to go on is of another text or other data; MTL417 it trains elsewhere; MTL432 it
            has ended by itself.
    """

    def __init__(
        self,
        keep: Keep,
        name: str,
        program: Program,
        *,
        facts: Mapping[str, Any],
        history: History,
        tell: Listener,
    ) -> None:
        self._history, self._tell = history, tell
        self._marks, self._stays = dict(keep.marks), keep.stays
        self.troubles: list[str] = []
        self.place: pathlib.Path | None = None
        self.keeper: Keeper | None = None
        self._board: Board | None = None
        self._text = program.canonical + "\n"
        self._before: dict[str, Any] | None = None  # what `run.json` said of a run that goes on, until it does
        self._growing = pathlib.Path()  # where text and history are written until the end
        self._beat, self._pause = time.monotonic(), min(EPOCH, keep.seconds)
        self._facts: dict[str, Any] = {
            "format": folder.FORMAT,
            "name": name,
            "status": "running",
            "tasks": [t.name for t in program.tasks],
            **facts,
            "asked": dict(keep.asked),
            **keep.marks,
            "owner": me(),
            "progress": {},
        }
        try:
            self._begin(keep, name, program)
        except OSError as error:
            if keep.again is None and self.place is not None:
                shutil.rmtree(self.place, ignore_errors=True)
            if keep.again is not None or keep.exact:
                _cannot(f"the run '{keep.again or name}' cannot be written", error)
            self.trouble(f"the run is not kept in '{keep.store.title}'", error)
            self.place = self.keeper = self._board = None

    def _begin(self, keep: Keep, name: str, program: Program) -> None:
        if keep.again is None:
            place = keep.store.claim_exactly(name, replace=keep.replace) if keep.exact else keep.store.claim(name)
            self.place = place
            files.put(place / index.CELL, self._text)
            files.put_json(place / index.RUN, self._facts)
        else:
            place = keep.store.root / keep.again
            with index.locked(keep.store.root):
                found = going_on(place, program.canonical, self._facts, ours=keep.ours)
                kept = {k: v for k, v in found.items() if k not in ("owner", "problem")}
                now = {k: self._facts[k] for k in ("format", "status", "owner", "versions", *keep.marks)}
                asked = self._facts["asked"] or found.get("asked", {})
                progress = found.get("progress") or {k: found.get(k) for k in ("step", "epoch", "seconds", "metrics")}
                self._facts = {**self._facts, **kept, **now, "asked": asked, "progress": progress}
                files.put_json(place / index.RUN, self._facts)
            self.place, self._before = place, found
        if keep.claimed is not None:
            keep.claimed()
        self._growing = place / index.CHECKPOINT if "why" in self._facts else place
        files.put_json(place / ENVIRONMENT, environment())
        index.note(place)
        self._board = Board(place / EVENTS)
        least = min(PAUSE, keep.seconds)
        self.keeper = Keeper(place / index.CHECKPOINT, keep.seconds, least=least, last=keep.stays)
        self._tell(Kept(str(place)))

    # -- while it trains ----------------------------------------------------------------------------------------------

    def __call__(self, event: Event) -> None:
        if isinstance(event, Trouble):
            self.troubles.append(event.text)
        if self.place is None:
            return
        if isinstance(event, Started):
            self._goes_on()
        if self._board is not None:
            try:
                self._board(event)
            except OSError as error:
                self._board = None
                self.trouble("TensorBoard's events cannot be written", error)
        if isinstance(event, Progress):
            self._facts["progress"] |= {"step": event.step, "epoch": int(event.epoch), "seconds": event.seconds}
        elif isinstance(event, Evaluated):
            self._facts["progress"] |= {
                "step": event.step,
                "epoch": event.epoch,
                "seconds": event.seconds,
                "metrics": {"valid": {t: dict(m) for t, m in event.metrics.items()}},
            }
        pause = self._pause if isinstance(event, Evaluated) else BEAT
        if isinstance(event, (Evaluated, Progress)) and time.monotonic() - self._beat >= pause:
            self._beat = time.monotonic()
            self._progress()

    def _goes_on(self) -> None:
        """The checkpoint fits: from now on the run is that of the new text."""
        before, self._before = self._before, None
        if before is not None and self.place is not None:
            try:
                files.put(self._growing / index.CELL, self._text)
            except OSError as error:
                self.trouble("the cell's text cannot be written", error)

    def _progress(self) -> None:
        assert self.place is not None
        try:
            if self._facts["progress"].get("metrics") is not None:
                files.put(self._growing / folder.HISTORY, self._history.frame().to_csv(index=False))
            files.put_json(self.place / index.RUN, self._facts)
        except OSError as error:
            self.trouble("the history cannot be written", error)

    def trouble(self, what: str, error: OSError) -> None:
        """Say it once."""
        said = f"{what}: {error.strerror or error}"
        if said not in self.troubles:
            self._tell(Trouble(said))
            if said not in self.troubles:
                self.troubles.append(said)

    # -- its end ------------------------------------------------------------------------------------------------------

    def ended(self, run: Run) -> None:
        """Write the run; its checkpoint goes where it is finished."""
        self._close()
        if self.place is None:
            return
        run.facts |= {"asked": self._facts["asked"], "created": self._facts["created"], **self._marks}
        try:
            folder.commit(run, self.place)
        except OSError as error:
            hint = "the run is whole in memory: run.save(path) keeps it elsewhere"
            self.trouble(f"the run cannot be kept in '{shown(self.place)}', {hint}", error)
            run.notes = tuple(dict.fromkeys((*run.notes, *self.troubles)))
            self._status("failed", {"message": first_line(error)})
            return
        run.folder = self.place
        if self._growing != self.place:
            for name in (index.CELL, folder.HISTORY):
                (self._growing / name).unlink(missing_ok=True)
        if index.ENDED.get(run.why) == "finished" and not self._stays:
            shutil.rmtree(self.place / index.CHECKPOINT, ignore_errors=True)
        index.note(self.place)

    def failed(self, error: BaseException) -> None:
        """The training has ended with an error; what there is of it stays, with what went wrong."""
        self._close()
        if self.place is None:
            return
        if self._before is not None:  # it has not gone on: it is what it was
            self._facts = self._before
            self._status(str(self._before.get("status", "stopped")))
            return
        if isinstance(error, KeyboardInterrupt):
            self._status("interrupted")
            return
        first = error.problems[0] if isinstance(error, MtlError) else None
        said = (
            {"code": first.code, "message": first.message}
            if first
            else {"message": f"{type(error).__name__}: {first_line(error)}"}
        )
        self._status("failed", said)

    def _status(self, status: str, problem: Mapping[str, str] | None = None) -> None:
        assert self.place is not None
        with contextlib.suppress(OSError):
            self._facts |= {"status": status, **({"problem": dict(problem)} if problem else {})}
            files.put_json(self.place / index.RUN, self._facts)
        index.note(self.place)

    def _close(self) -> None:
        if self._board is not None:
            try:
                self._board.close()
            except OSError as error:
                self.trouble("TensorBoard's events cannot be written", error)
        self._board = None


def going_on(place: pathlib.Path, canonical: str, facts: Mapping[str, Any], *, ours: bool = False) -> dict[str, Any]:
    """What `run.json` says of a run that goes on with this text and this data.

    Args:
        place: its folder.
        canonical: the text.
        facts: 'data', a hash of the training rows, and 'data_of', hashes of the other parts.
        ours: see `Keep`.

    Raises:
        MtlError: MTL323 it is of another text or other data; MTL413, MTL414 it cannot be read; MTL417 it trains now;
            MTL432 it has ended by itself.
    """
    from mtl_magic.train.changes import between

    found = may_go_on(place, ours=ours)
    between(text_in(place), canonical)
    parts = {"training": (found.get("data"), facts.get("data"))}
    titles = {"valid": "validation", "test": "test"}
    before, now = found.get("data_of") or {}, facts.get("data_of") or {}
    parts |= {titles[k]: (before.get(k), now.get(k)) for k in titles}
    other = [title for title, (a, b) in parts.items() if a != b]
    if other:
        message = f"'{place.name}' was made with other data: the {' and the '.join(other)} rows are not those of then"
        asked = found.get("asked") or {}
        was = " ".join(f"--data {e}" for e in asked.get("data") or [])
        hint = (
            "give the rows of then"
            + (f" (it was {was})" if was else "")
            + ", or start anew: train warm_start takes what was learnt"
        )
        raise MtlError(Problem("MTL323", message, hint=hint))
    return found


def text_in(place: pathlib.Path) -> str:
    """The text with which a run goes on: of one that was stopped, went on and died, the later one."""
    later = place / index.CHECKPOINT
    return folder.text_in(later if (later / index.CELL).is_file() else place)


def may_go_on(place: pathlib.Path, *, ours: bool = False) -> dict[str, Any]:
    """What `run.json` says of a run that has not ended by itself, and that nobody trains.

    Raises:
        MtlError: see `going_on`.
    """
    found = folder.facts_in(place)
    status = index.status_of(found, place)
    if status == "running" and not ours:
        owner = found.get("owner") or {}
        message = f"'{place.name}' trains now, in process {owner.get('pid')} on {owner.get('host')}"
        raise MtlError(Problem("MTL417", message, hint="stop it there first: one process trains a run"))
    if status == "finished":
        hint = "start anew with more epochs; train warm_start takes what was learnt"
        raise MtlError(Problem("MTL432", f"'{place.name}' is finished: there is nothing to go on from", hint=hint))
    if "why" in found and not (place / index.CHECKPOINT).is_dir():
        hint = "train anew; train warm_start takes what was learnt"
        raise MtlError(
            Problem("MTL432", f"'{place.name}' has no checkpoint: it was saved by hand, or cleaned", hint=hint)
        )
    return found


@functools.cache
def packages() -> dict[str, str]:
    """What is installed, with its version."""
    import importlib.metadata

    found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))


def environment() -> dict[str, Any]:
    """What the training runs in."""
    import platform
    import sys

    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": packages(),
    }


def _cannot(what: str, error: OSError) -> None:
    hint = "nothing has changed there"
    raise MtlError(Problem("MTL411", f"{what}: {error.strerror or error}", hint=hint)) from error


def heard_by(listeners: tuple[Listener, ...]) -> Listener:
    """Tells all of them."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
