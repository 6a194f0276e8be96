"""A search from its cell to its run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs import fitting
from mtl_magic.runs.project import files, index
from mtl_magic.settings.tune import CHANGEABLE, TRIALS
from mtl_magic.tune.changes import but_for_changeable
from mtl_magic.tune.events import SearchEnded, TrialEnded
from mtl_magic.tune.folder import RUNNING, UNFINISHED, Folder, Trial, searched_in
from mtl_magic.tune.objectives import Objective, objectives_of
from mtl_magic.tune.oracles import oracle_of
from mtl_magic.tune.search import Search
from mtl_magic.tune.space import Space
from mtl_magic.tune.trial import Data, Trainer, several_graphs
from mtl_magic.tune.tuner import Clock, Guide, failed_all, nothing_learnt, search
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.language.spec import Spec
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.settings.tune import Tune
    from mtl_magic.train.control import Control
    from mtl_magic.train.events import Event, Listener


@dataclasses.dataclass
class Plan:
    """What is searched, before its data is known.

    Attributes:
        spec, program: the cell, and its program; `tune` of it says how.
        namespace: where `{…}` is evaluated.
        space: its search spaces.
        first: the program of trial 0.
    """

    spec: Spec
    program: Program
    namespace: Mapping[str, Any] | None
    space: Space = dataclasses.field(init=False)
    first: Program = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.space = Space(self.spec, vocabulary())
        if self.tune.method == "hyperband" and any(h.name == "epochs" for h in self.space.hypers):
            message = "hyperband gives each trial its epochs, and 'epochs' of train is searched"
            hint = "write the most epochs that a trial may have: train epochs=15"
            raise MtlError(Problem("MTL045", message, self.program.places.get("tune.method"), hint), self.program.text)
        first = fitting.compile_program(self.space.cell({}), self.namespace)
        self.first = dataclasses.replace(first, places={**self.program.places, **first.places})

    @property
    def tune(self) -> Tune:
        found: Tune = self.program.tune
        return found

    @property
    def trials(self) -> int | None:
        """At most; None: one round of hyperband."""
        return self.tune.trials or (None if self.tune.method == "hyperband" else TRIALS)


@dataclasses.dataclass
class Searching:
    """A search that has its data and its folder.

    Attributes:
        plan, folder, objectives: of what, where, for what.
        search: as an object, which reads the folder.
        goes_on: whether it had begun before.
        asked: what its folder is to say of its data.
    """

    plan: Plan
    folder: Folder
    objectives: tuple[Objective, ...]
    search: Search
    goes_on: bool
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def oracle(self) -> Any:
        return oracle_of(
            self.plan.tune.method,
            self.plan.space.hypers,
            self.objectives,
            trials=self.plan.trials,
            epochs=self.plan.first.train.epochs,
            seed=self.plan.tune.seed,
        )


def prepared_search(
    plan: Plan,
    prepared: Prepared,
    *,
    root: pathlib.Path,
    name: str,
    resume: bool = False,
    again: str | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Searching:
    """The search in its folder: one that goes on, or a new one.

    It goes on where the newest search of this name, or with `resume` that of the folder `again`, was cut short and has this
    text and these rows; with `resume`, where it has ended, too, and `trials` or `time` leave more to do.

    Raises:
        MtlError: MTL416 `resume`, and there is none; MTL323 it is of another text or other rows; MTL417 it runs now; and of
            `objectives_of`.
    """
    objectives = objectives_of(plan.first, prepared, plan.tune.objective, plan.space.hypers)
    data = fitting.fingerprint(prepared.train)
    found = Folder(root / again) if resume and again else Folder.newest(root, name)
    facts = found.facts if found is not None else {}
    asked = asked or {}
    text = but_for_changeable(plan.spec)
    same = facts.get("fixed") == text and facts.get("data") == data
    if found is None or not (resume or (same and facts["status"] in UNFINISHED)):
        if resume:
            raise MtlError(
                Problem("MTL416", f"there is no search '{name}' to go on with", hint="without --resume one begins")
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        said = [dataclasses.asdict(o) for o in objectives]
        new = {"text": str(plan.spec), "fixed": text, "data": data, "objectives": said, "created": now, "seconds": 0.0}
        found = Folder.claim(root, name, new)
        return Searching(plan, found, objectives, Search(found, plan.space), goes_on=False, asked=asked)
    may_go_on(found)
    if not same:
        changed = facts.get("fixed") != text
        what = "another text" if changed else "other rows"
        was = " ".join(f"--data {e}" for e in (facts.get("asked") or {}).get("data") or [])
        hint = (
            f"what may change of 'tune' is {' and '.join(CHANGEABLE)}"
            if changed
            else "give the rows of then" + (f" (it was {was})" if was else "")
        )
        hint += "; without --resume a new search begins"
        raise MtlError(Problem("MTL323", f"the search '{found.name}' was made with {what}", hint=hint))
    return Searching(plan, found, objectives, Search(found, plan.space), goes_on=True, asked=asked)


def may_go_on(folder: Folder) -> dict[str, Any]:
    """What is known of a search that does not run now.

    Raises:
        MtlError: MTL417 it does; MTL413, MTL414 it cannot be read.
    """
    facts = folder.facts
    if facts["status"] == RUNNING:
        hint = "wait for it, or choose another name"
        raise MtlError(Problem("MTL417", f"the search '{folder.name}' runs now", hint=hint))
    return facts


def run_search(
    plan: Plan,
    prepared: Prepared,
    prepare: Callable[[Program], Prepared],
    *,
    root: pathlib.Path | None,
    name: str = "run",
    resume: bool = False,
    again: str | None = None,
    asked: Mapping[str, Any] | None = None,
    seconds: float = 30.0,
    control: Control | None = None,
    listeners: Sequence[Listener] = (),
    began: Callable[[Search], None] = lambda search: None,
) -> Run:
    """Search in this process; the best trial's run, with `search`.

    Args:
        plan: what is searched.
        prepared: the data of trial 0.
        prepare: makes that of others, where features are searched.
        root: the store; None: a folder for temporary files, which goes with the search.
        name, resume, again: of the search; see `prepared_search`.
        asked: what its folder, and those of its trials' runs, say of its data.
        seconds: between two checkpoints of a trial.
        control, listeners: of the trainings; the latter hear of trials, too.
        began: is given the search once it has its folder.

    Raises:
        MtlError: MTL492 every trial failed; and of `prepared_search`.
    """
    from mtl_magic.train.control import Control

    fitting.keras_quietly()
    with contextlib.ExitStack() as opened:
        passing = tempfile.TemporaryDirectory(prefix=f"mtl_magic-{os.getpid()}-search-") if root is None else None
        place = root if root is not None else pathlib.Path(passing.name)  # type: ignore[union-attr]
        found = prepared_search(plan, prepared, root=place, name=name, resume=resume, again=again, asked=asked)
        found.search.passing = passing
        began(found.search)
        opened.enter_context(several_graphs())
        data = opened.enter_context(contextlib.closing(Data(prepare, (plan.space.cell({}), plan.first, prepared))))
        trainer = Trainer(
            plan.space,
            plan.namespace,
            data,
            found.objectives,
            found.folder,
            control or Control(),
            listeners,
            asked=asked or {},
            seconds=seconds,
            goes_on=plan.tune.method == "hyperband",
        )

        with sitting(found, plan.tune.seconds) as clock:

            def tell(event: Event) -> None:
                if isinstance(event, TrialEnded):
                    found.folder.change(seconds=clock.spent)  # whatever becomes of this process
                for listener in listeners:
                    listener(event)

            guide = Guide(trainer, clock, tell)
            why = search(found.oracle, guide)
        ended(found, why, clock)
        tell(SearchEnded(why))
        return best_of(found, root)


@contextlib.contextmanager
def sitting(found: Searching, seconds: float | None) -> Iterator[Clock]:
    """While it lasts the folder says that the search runs, in this process."""
    from mtl_magic.runs.project.owner import me

    asked = {**(found.folder.facts.get("asked") or {}), **found.asked}
    found.folder.change(status=RUNNING, owner=me(), text=str(found.plan.spec), asked=asked)
    clock = Clock.of(found.folder, seconds)
    try:
        yield clock
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        found.folder.change(status=status, seconds=clock.spent)
        raise


def ended(found: Searching, why: str, clock: Clock) -> None:
    """What the folder says once no trial follows."""
    status = {"time": "finished"}.get(why, why)
    found.folder.change(status=status, why=why, seconds=clock.spent)


def best_of(found: Searching, root: pathlib.Path | None) -> Run:
    """The run of the best trial, as the cell's: a copy in the store under the cell's own name.

    Raises:
        MtlError: MTL492 every trial failed; MTL493 none has ended.
    """
    trials = found.folder.trials()
    best = found.search.best_trial
    if best is None:
        if (last := failed_all(trials)) is not None:
            raise nothing_learnt(last, found.plan.program.text)
        hint = "run the cell again: it goes on"
        if root is None or found.folder.facts.get("why") == "time":
            hint = "let it have more time" + ("" if root is None else ": a longer 'tune time=', and --resume")
        raise MtlError(Problem("MTL493", "the search was ended before a trial was", hint=hint), found.plan.program.text)
    place = found.folder.run_of(best)
    if root is not None:
        place = _copied(found, place, root, best)
    run = fitting_load(place)
    run.name = found.folder.facts.get("name") or run.name
    run.search = found.search
    if root is None:
        run.folder = None
    return run


def fitting_load(place: pathlib.Path) -> Run:
    """The run of a folder that this process wrote."""
    from mtl_magic.runs.store import load

    run = load(place)
    run.folder = place
    return run


def _copied(found: Searching, source: pathlib.Path, root: pathlib.Path, trial: Trial) -> pathlib.Path:
    """The best trial's folder under the cell's name; the search says which it is, so that one that goes on replaces it."""
    from mtl_magic.runs.project.store import Store

    facts = found.folder.facts
    name, before = str(facts.get("name") or found.folder.name), facts.get("run")
    at = [trial.number, trial.epochs, trial.status]
    # A person may have deleted it, and made another of its name.
    mine = bool(before) and searched_in(root / str(before)) == found.folder.name
    if mine and facts.get("best") == at:
        return root / str(before)
    try:
        store = Store(root)
        place = store.claim_exactly(str(before), replace=True) if mine else store.claim(name)
        for path in sorted(source.iterdir(), key=lambda p: p.name == index.RUN):  # run.json last: it commits
            if path.name.startswith(".") or path.name == index.CHECKPOINT:
                continue
            if path.name == index.RUN:
                said = files.read_json(path) or {}
                files.put_json(place / index.RUN, {**said, "name": name})
            elif path.is_dir():
                shutil.copytree(path, place / path.name)
            else:
                shutil.copy2(path, place / path.name)
    except OSError as error:
        hint = f"the run is whole in '{source}'"
        raise MtlError(
            Problem("MTL411", f"the best run cannot be copied: {error.strerror or error}", hint=hint)
        ) from error
    index.note(place)
    found.folder.change(best=at, run=place.name)
    return place
