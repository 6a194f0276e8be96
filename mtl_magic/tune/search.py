"""A search as an object: its trials as a table, the front, the best, the cell of any trial, what mattered."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.language.names import did_you_mean
from mtl_magic.numbers import counted
from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.runs.project.index import RUN
from mtl_magic.tune.folder import FAILED, RUNNING, SUFFIX, Folder, Trial, searches_in
from mtl_magic.tune.objectives import Objective, front
from mtl_magic.tune.space import Space

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from mtl_magic.runs.run import Run


FACTS = ("trial", "status", "epochs", "seconds", "error")  # columns of every search


class Search:
    """What a cell with a `tune` line leaves, also while it runs: it reads the search's folder.

    Args:
        folder: of the search.
        space: of its cell; None: read off the cell.

    Attributes:
        name: the search's folder without its ending.
        objectives: what trials are compared by, on the validation part.

    Example:
        ::

            search = feed.search
            search.trials            # a DataFrame, one row a trial
            print(search.cell(7))    # the cell of trial 7
            search.run(7)            # its run
    """

    def __init__(self, folder: Folder, space: Space | None = None) -> None:
        self.folder = folder
        self.passing: Any = None  # what keeps a folder of temporary files there as long as this object
        self._space = space

    @property
    def name(self) -> str:
        return self.folder.name

    @functools.cached_property
    def space(self) -> Space:
        """Its search spaces."""
        from mtl_magic.runs.fitting import parse
        from mtl_magic.vocabulary import vocabulary

        return self._space or Space(parse(self.text), vocabulary())

    @property
    def text(self) -> str:
        """The cell, with its spaces."""
        return str(self.folder.facts["text"])

    @functools.cached_property
    def objectives(self) -> tuple[Objective, ...]:
        return tuple(Objective(**o) for o in self.folder.facts["objectives"])

    @property
    def status(self) -> str:
        """'running', 'finished', 'stopped', 'interrupted', 'failed' or 'died'."""
        return str(self.folder.facts["status"])

    # --- trials

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial, in their order: trial, status, the objectives, the spaces' values ('' where a space is not there),
        epochs, seconds, error. A space of such a name is 'epochs (searched)'.
        """
        import pandas as pd

        objectives = [o.name for o in self.objectives]
        spaces = {h.name: f"{h.name} (searched)" if h.name in FACTS else h.name for h in self.space.hypers}
        rows = []
        for t in self.folder.trials():
            row: dict[str, Any] = {"trial": t.number, "status": t.status}
            row |= {name: t.objectives.get(name, float("nan")) for name in objectives}
            row |= {column: t.values.get(name, "") for name, column in spaces.items()}
            rows.append({**row, "epochs": t.epochs, "seconds": t.seconds, "error": t.error.get("message", "")})
        columns = [*FACTS[:2], *objectives, *spaces.values(), *FACTS[2:]]
        return pd.DataFrame(rows, columns=columns)

    @property
    def front(self) -> list[int]:
        """The trials that no other beats in all objectives; of one objective the best."""
        return self._front(self.folder.trials())

    def _front(self, trials: Sequence[Trial]) -> list[int]:
        return front(
            {t.number: tuple(o.sign * t.objectives[o.name] for o in self.objectives) for t in trials if t.counts}
        )

    @property
    def best_trial(self) -> Trial | None:
        """The best of all; of several objectives that of the front with the greatest mean relative change against the first
        trial (Δm).
        """
        return self._best(self.folder.trials())

    def _best(self, trials: Sequence[Trial]) -> Trial | None:
        import numpy as np

        from mtl_magic.tune.oracles import scored

        done = [t for t in trials if t.counts]
        if not done:
            return None
        scores = scored(self.objectives, np.array([[t.objectives[o.name] for o in self.objectives] for t in done]))
        return done[int(np.argmax(scores))]

    @property
    def best(self) -> int | None:
        """Its number."""
        found = self.best_trial
        return None if found is None else found.number

    def trial(self, number: int) -> Trial:
        """What is known of a trial.

        Raises:
            MtlError: MTL494 there is none.
        """
        found = {t.number: t for t in self.folder.trials()}
        if number not in found:
            hint = f"trials: 0 to {max(found)}" if found else "none has begun"
            raise MtlError(Problem("MTL494", f"the search '{self.name}' has no trial {number}", hint=hint))
        return found[number]

    def cell(self, number: int) -> str:
        """The cell of a trial, to be run by itself."""
        return self.trial(number).cell

    def run(self, number: int) -> Run:
        """The run of a trial.

        Raises:
            MtlError: MTL494 there is no such trial; MTL418 it has no model, or its run was removed.
        """
        import mtl_magic

        trial = self.trial(number)
        if trial.status in (FAILED, RUNNING) or not trial.run:
            said = f": {trial.error['message']}" if trial.error.get("message") else ""
            raise MtlError(
                Problem("MTL418", f"trial {number} has no model{said}", hint=f"its cell: search.cell({number})")
            )
        if not (self.folder.run_of(trial) / RUN).is_file():
            hint = f"what it was is kept, to be run again: print(search.cell({number}))"
            raise MtlError(Problem("MTL418", f"the run of trial {number} was removed", hint=hint))
        found = mtl_magic.load(self.folder.run_of(trial))
        found.search = self
        return found

    # --- what it shows

    @property
    def importance(self) -> pd.DataFrame:
        """How much each space mattered for each objective; see `importance.importance`."""
        from mtl_magic.tune.importance import importance

        return importance(self)

    def plot(self) -> Figure:
        """The search as a matplotlib figure: front, parallel coordinates, importance."""
        from mtl_magic.tune.picture import draw

        return draw(self)

    def dashboard(self) -> Any:
        """The search's dashboard, as a widget: click a trial for its cell."""
        from mtl_magic.dashboard.search import SearchBoard

        return SearchBoard.of(self)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows of what is shown: the default, then the front, best first."""
        trials = self.folder.trials()
        found, best = {t.number: t for t in trials}, self._best(trials)
        shown = list(dict.fromkeys([0, *([best.number] if best is not None else []), *self._front(trials)]))
        changed = [h.name for h in self.space.hypers]
        header = ["trial", *(o.name for o in self.objectives), *changed]
        body = []
        for number in shown:
            if (t := found.get(number)) is None:
                continue
            mark = " best" if t is best else " default" if number == 0 else ""
            objectives = [_said(t.objectives.get(o.name, float("nan"))) for o in self.objectives]
            values = [_said(t.values.get(name, "")) for name in changed]
            body.append([f"{number}{mark}", *objectives, *values])
        return header, body

    def headline(self) -> str:
        """'12 trials, 1 failed, finished, best trial 7'."""
        trials, facts = self.folder.trials(), self.folder.facts
        best = self._best(trials)
        failed = sum(t.status == FAILED for t in trials)
        over = ": its time is over" if (facts["status"], facts.get("why")) == ("finished", "time") else ""
        parts = [counted(len(trials), "trial"), *([f"{failed} failed"] if failed else []), f"{facts['status']}{over}"]
        if best is not None:
            parts.append(f"best trial {best.number}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        header, body = self.rows()
        widths = [max(len(row[i]) for row in (header, *body)) for i in range(len(header))]
        lines = [f"Search {self.name}: {self.headline()}"]
        for row in (header, *body):
            cells = [
                cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            ]
            lines += [("  " + "  ".join(cells)).rstrip()]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from mtl_magic.tune.picture import bundle

        return bundle(self)


def _said(value: Any) -> str:
    """A value for a table: four digits, for trials differ in the third."""
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def search_of(run: Run) -> Search | None:
    """The search of which a loaded run is a trial, or the best; None: of none, or it is gone."""
    facts = run.facts.get("search")
    if not isinstance(facts, dict) or run.folder is None:
        return None
    name = str(facts.get("name"))
    for place in (run.folder.parent / f"{name}{SUFFIX}", run.folder.parent):
        if place.name == f"{name}{SUFFIX}" and (place / "search.json").is_file():
            return Search(Folder(place))
    return None


def named(root: pathlib.Path, name: str) -> Search:
    """The newest search of a name in a store.

    Raises:
        MtlError: MTL416 there is none.
    """
    found = Folder.newest(root, name)
    if found is None:
        there = [place.name.removesuffix(SUFFIX) for place in searches_in(root)]
        hint = did_you_mean(name, there) or (f"searches there: {listed(there)}" if there else "")
        raise MtlError(Problem("MTL416", f"there is no search '{name}' in '{root}'", hint=hint))
    return Search(found)
