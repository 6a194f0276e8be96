"""A cell with a `tune` line: the search instead of one training."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.magic.keeping import MINE, Troubles
from mtl_magic.magic.runs import Shown
from mtl_magic.magic.work import Work
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.magic.flags import Flags
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.train.control import Control
    from mtl_magic.tune.running import Plan
    from mtl_magic.tune.search import Search


def searches(text: str) -> bool:
    """Whether a cell has a `tune` line, right or wrong otherwise."""
    from mtl_magic.language import examine
    from mtl_magic.language.spec import tunes
    from mtl_magic.vocabulary import vocabulary

    whole, _ = examine(text, vocabulary())
    return any(map(tunes, whole.statements))


def preparer(flags: Flags, namespace: Mapping[str, Any]) -> Callable[[Program], Prepared]:
    """Encodes the tables of the line, each of whose expressions is evaluated once, for trials that search features."""
    from mtl_magic.magic.given import given
    from mtl_magic.runs import fitting

    found: list[Any] = []

    def prepare(program: Program) -> Prepared:
        if not found:
            found.append(given(flags, namespace))
        (tables,) = found
        return fitting.prepare(program, tables.data, tables.valid, tables.test, stream=flags.stream)

    return prepare


def plan_of(flags: Flags, header: str, cell: str, program: Program, namespace: Mapping[str, Any]) -> Plan:
    """What a cell searches.

    Raises:
        MtlError: MTL406 a flag does not go with a search; what is wrong with trial 0.
    """
    from mtl_magic.runs.fitting import parse
    from mtl_magic.tune.running import Plan

    if flags.mlflow:
        hint = "leave it out, and log the best: run its cell again with --mlflow"
        message = "--mlflow does not log the trials of a search"
        raise MtlError(Problem("MTL406", message, flags.places.get("mlflow"), hint))
    return Plan(parse(cell, header), program, namespace)


def spaces(plan: Plan) -> Shown:
    """The search spaces of a cell, as a table."""
    from mtl_magic.explanation.tables import Table

    rows = []
    for h in plan.space.hypers:
        scale = ", log" if h.log else ""
        there = ", ".join(f"{name} is {option}" for name, option in h.when)
        values = ", ".join(h.options) if h.options else f"{h.low:g} to {h.high:g}{scale}"
        rows.append((h.name, values, str(h.default), there))
    tune = plan.tune
    trials = plan.trials or "one round of"
    title = f"Search: {trials} {'trials, ' if plan.trials else ''}{tune.method}; below, what trial 0 would do"
    return Shown(Table(title, ("space", "values", "default", "only where"), tuple(rows)))


@dataclasses.dataclass
class Tuning(Work):
    """What is to be searched.

    Attributes:
        plan: of the cell; `program` is that of trial 0.
        prepare: encodes the tables for the program of another trial.
    """

    plan: Plan = dataclasses.field(kw_only=True)
    prepare: Callable[[Program], Prepared] = dataclasses.field(kw_only=True)

    @classmethod
    def of(cls, work: Work, plan: Plan, namespace: Mapping[str, Any]) -> Tuning:
        """The search in place of a training of trial 0."""
        said = {f.name: getattr(work, f.name) for f in dataclasses.fields(work)}
        return cls(**said, plan=plan, prepare=preparer(work.flags, namespace))

    def _train(self, control: Control, listeners: list[Any]) -> Run:
        from mtl_magic.tune.running import run_search

        keep = self.keep_in

        def began(search: Search) -> None:
            MINE.add(search.folder.place.resolve())
            for listener in listeners:
                if hasattr(listener, "search"):
                    listener.search = search

        return run_search(
            self.plan,
            self.prepared,
            self.prepare,
            root=keep.store.root if keep is not None else None,
            name=self.name,
            resume=self.flags.resume,
            again=keep.again if keep is not None else None,
            asked=keep.asked if keep is not None else {},
            seconds=self.flags.checkpoint,
            control=control,
            listeners=listeners,
            began=began,
        )

    @contextlib.contextmanager
    def _shown(self, control: Control) -> Iterator[list[Any]]:
        if self.flags.quiet:
            yield []
        elif getattr(self.shell, "kernel", None) is None:
            from mtl_magic.tune.lines import TrialLines

            yield [Troubles(), TrialLines(self.plan.trials, print)]
        else:
            from IPython.display import display

            from mtl_magic.dashboard.search import SearchFeed

            feed = SearchFeed(self.plan, control, shell=self.shell, background=self.flags.background)
            display(feed.board)
            with contextlib.closing(feed):
                yield [Troubles(), feed]
