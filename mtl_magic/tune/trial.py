"""One trial of a search: its cell, its data, its training, its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.negatives import share
from mtl_magic.language.format import statement as written
from mtl_magic.language.spec import Call, Feature, Ignore, Settings, Spec, Task
from mtl_magic.problems import MtlError, first_line
from mtl_magic.runs.project import files, index
from mtl_magic.tasks._base import OF_THE_HEAD
from mtl_magic.tune.folder import FAILED, FINISHED, STOPPED, Folder, Trial

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.train.control import Control
    from mtl_magic.train.events import Listener
    from mtl_magic.tune.objectives import Objective
    from mtl_magic.tune.space import Space, Value

GRAPHS = 4  # that are kept, of those between which trials change
TABLES = 3  # encoded, where what decides the rows or what is known of their labels is searched


class Data:
    """The encoded tables of trials: of all the same, where nothing is searched that reaches them (`_rows`).

    Args:
        prepare: encodes the tables for a program.
        first: of trial 0, with its program.
    """

    def __init__(self, prepare: Callable[[Program], Prepared], first: tuple[Spec, Program, Prepared]) -> None:
        self._prepare = prepare
        spec, program, prepared = first
        self._known: dict[str, tuple[Program, Prepared]] = {_rows(spec, program): (program, prepared)}
        self._first = prepared

    def of(self, spec: Spec, program: Program) -> Prepared:
        """What a trial trains on."""
        key = _rows(spec, program)
        if key not in self._known:
            while len(self._known) >= TABLES:
                self._let_go(next(iter(self._known)))
            self._known[key] = (program, self._prepare(program))
        before, prepared = self._known[key]
        return with_kinds(prepared, before, program)

    def close(self) -> None:
        for key in list(self._known):
            self._let_go(key)

    def _let_go(self, key: str) -> None:
        _, prepared = self._known.pop(key)
        if prepared is not self._first:  # the caller's own
            prepared.close()


def _rows(spec: Spec, program: Program) -> str:
    """What of a cell decides what is prepared: the rows, what is known of the labels, and what is said of both.

    Of a task only what its head alone reads is left out. Its loss, weights and sample decide constants, scales and columns
    beside the labels.
    """
    kept = []
    for each in spec.statements:
        if isinstance(each, (Feature, Ignore)) or (isinstance(each, Settings) and each.word == "split"):
            kept.append(written(each))
        elif isinstance(each, Task):
            kind: Any = each.kind
            if isinstance(kind, Call):
                kind = dataclasses.replace(kind, args=tuple(a for a in kind.args if a.name not in OF_THE_HEAD))
            kept.append(written(dataclasses.replace(each, kind=kind, weight=None, sources=(), allow=())))
    if any(share(task.kind) < 1 for task in program.tasks):
        kept.append(f"seed {program.train.seed}")  # draws the negatives that are left
    if program.train.mix is not None:
        kept.append(f"mix {program.train.mix}")  # is checked against the tables
    return "\n".join(kept)


def with_kinds(prepared: Prepared, before: Program, after: Program) -> Prepared:
    """The same rows for a program whose tasks have other heads: towers, dropout, rates."""
    tasks, changed = [], False
    for task in prepared.schema.tasks:
        kind: Any = after.task(task.name).kind
        other = kind is not None and kind != before.task(task.name).kind
        tasks.append(dataclasses.replace(task, kind=kind) if other else task)
        changed = changed or other
    if not changed:
        return prepared
    return dataclasses.replace(prepared, schema=dataclasses.replace(prepared.schema, tasks=tuple(tasks)))


@dataclasses.dataclass
class Trainer:
    """Trains trials in this process.

    Attributes:
        space, namespace: the cell, and where its `{…}` is evaluated.
        data: of trials.
        objectives: what is read off a run.
        folder: of the search.
        control, listeners: of the trainings.
        asked: what a run's folder says of its data.
        seconds: between two checkpoints.
        goes_on: whether a later trial may go on with an earlier one's training.
        worker: the name of this process.
    """

    space: Space
    namespace: Mapping[str, Any] | None
    data: Data
    objectives: Sequence[Objective]
    folder: Folder
    control: Control
    listeners: Sequence[Listener] = ()
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seconds: float = 30.0
    goes_on: bool = False
    worker: str = ""

    def begun(
        self, number: int, values: Mapping[str, Value], epochs: int | None = None, came_from: int | None = None
    ) -> Trial:
        """What is known of a trial before it trains."""
        there = self.space.there(values)
        cell = self.space.cell(there, epochs)
        return Trial(number, there, str(cell), run=self.folder.run_id(number), came_from=came_from, worker=self.worker)

    def train(self, trial: Trial, epochs: int | None = None) -> tuple[Trial, Run | None]:
        """Train it, and write what came of it.

        Returns:
            The trial as it ended; its run, where there is one.

        Raises:
            KeyboardInterrupt, OSError of the search's own files: anything else is the trial's error.
        """
        from mtl_magic.runs import fitting

        began = time.perf_counter()
        self.folder.write(trial)
        run, ended = None, trial
        try:
            spec = self.space.cell(trial.values, epochs)
            program = fitting.compile_program(spec, self.namespace)
            prepared = self.data.of(spec, program)
            keep = self._keep(trial)
            run = fitting.train(
                program,
                prepared,
                name=trial.run,
                control=self.control,
                listeners=self.listeners,
                keep=keep,
            )
            ended = self._measured(trial, run)
        except Exception as error:  # noqa: BLE001  whatever it is, it is this trial's
            ended = dataclasses.replace(trial, status=FAILED, error=said(error))
        if run is None and not (self.folder.run_of(trial) / index.RUN).is_file():
            ended = dataclasses.replace(ended, run="")
        whole = time.perf_counter() - began
        ended = dataclasses.replace(ended, overhead=max(whole - ended.seconds, 0.0), seconds=ended.seconds or whole)
        self.folder.write(ended)
        return ended, run

    def _measured(self, trial: Trial, run: Run) -> Trial:
        values = {o.name: o.of(run) for o in self.objectives}
        status = STOPPED if run.why in ("stopped", "interrupted") else FINISHED
        found = dataclasses.replace(
            trial, status=status, objectives=values, epochs=run.epoch, seconds=float(run.facts["seconds"] or 0.0)
        )
        broken = [name for name, value in values.items() if not np.isfinite(value)]
        if broken and status == FINISHED:
            message = f"'{broken[0]}' is not a number on the validation part"
            return dataclasses.replace(found, status=FAILED, error={"code": "", "message": message})
        return found

    def _keep(self, trial: Trial) -> Any:
        """Where its run is kept: anew, or from where it was cut short, or from where another one ended."""
        from mtl_magic.runs.project.recorder import Keep

        place = self.folder.run_of(trial)
        if trial.came_from is not None and not (place / index.CHECKPOINT).is_dir():
            self._copy(self.folder.place / self.folder.run_id(trial.came_from), place)
        again = trial.run if (place / index.CHECKPOINT).is_dir() and (place / index.RUN).is_file() else None
        marks = {"search": {"name": self.folder.name, "trial": trial.number}}
        return Keep(
            self.folder.store,
            self.asked,
            self.seconds,
            again,
            exact=True,
            replace=True,
            ours=True,
            marks=marks,
            stays=self.goes_on,
        )

    @staticmethod
    def _copy(source: Any, place: Any) -> None:
        """The folder of a run that another goes on with, which was not stopped but has more epochs now."""
        if not (source / index.CHECKPOINT).is_dir():
            return
        shutil.rmtree(place, ignore_errors=True)
        beside = place.with_name(f".{place.name}.part")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(source, beside)
        facts = files.read_json(beside / index.RUN) or {}
        files.put_json(beside / index.RUN, {**facts, "status": "stopped"})
        beside.replace(place)


def said(error: BaseException) -> dict[str, str]:
    """What a trial failed with, for a table."""
    if isinstance(error, MtlError) and error.problems:
        return {"code": error.problems[0].code, "message": error.problems[0].message}
    return {"code": "", "message": f"{type(error).__name__}: {first_line(error)}"}


@contextlib.contextmanager
def several_graphs() -> Any:
    """Trials that change between a few graphs trace each of them once."""
    from mtl_magic.train import reuse

    with reuse.room_for(GRAPHS):
        yield
