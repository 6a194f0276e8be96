"""The folder of a search: what has been tried, whatever process tried it, and what a search goes on from.

    search.json       what is searched: the text, objectives, data, status
    trials/007.json   a trial: its values, cell, objectives, or what went wrong
    feed.7/           its run, as the store keeps runs
    oracle/           keras-tuner's own files: what the oracle has proposed

A folder stands in the store beside the runs, as `feed.search`; its trials are a store of their own, so that thirty trials do
not hide three runs. Every file is written beside its place and renamed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs.project import files, index
from mtl_magic.runs.project.owner import alive, me
from mtl_magic.runs.project.store import Store
from mtl_magic.tune.space import Value

FORMAT = 1
SUFFIX = ".search"
SEARCH, TRIALS, ORACLE = "search.json", "trials", "oracle"
RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
UNFINISHED = ("died", "stopped", "interrupted", "failed")  # of a search: it goes on


@dataclasses.dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: from 0, which has the defaults.
        values: of the spaces that are there in it, by name.
        cell: its text.
        status: 'running', 'finished', 'stopped' (it may go on, or was cut short) or 'failed'.
        objectives: by name, on the validation part.
        epochs: that its run has made.
        seconds: of training; `overhead`: of everything else, the writing of its folder included.
        run: id of its run in the folder of the search; '': there is none.
        error: 'code' and 'message' of what it failed with.
        came_from: the trial whose training it goes on with (hyperband).
        worker: which process had it.
    """

    number: int
    values: Mapping[str, Value]
    cell: str
    status: str = RUNNING
    objectives: Mapping[str, float] = dataclasses.field(default_factory=dict)
    epochs: int = 0
    seconds: float = 0.0
    overhead: float = 0.0
    run: str = ""
    error: Mapping[str, str] = dataclasses.field(default_factory=dict)
    came_from: int | None = None
    worker: str = ""

    @property
    def counts(self) -> bool:
        """Whether it can be compared."""
        return (
            self.status in (FINISHED, STOPPED)
            and bool(self.objectives)
            and all(map(math.isfinite, self.objectives.values()))
        )


def searches_in(root: pathlib.Path) -> list[pathlib.Path]:
    """The folders of a store's searches."""
    return sorted(place for place in root.glob(f"*{SUFFIX}") if (place / SEARCH).is_file())


def searched_in(place: pathlib.Path) -> str:
    """The name of the folder, without its suffix, of the search that has left the run in a folder; '': none has."""
    facts = files.read_json(place / index.RUN)
    said = facts.get("search") if isinstance(facts, dict) else None
    return str(said.get("name") or "") if isinstance(said, dict) else ""


class Folder:
    """A search on disk.

    Args:
        place: its folder.
    """

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place

    @classmethod
    def claim(cls, root: pathlib.Path, name: str, facts: Mapping[str, Any]) -> Folder:
        """A new one: 'feed.search', then 'feed-2.search', …

        Raises:
            MtlError: MTL411 it cannot be made.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            base = index.base_of(name)
            taken = [n for p in root.glob(f"*{SUFFIX}") if (n := index.number_of(base, p.name.removesuffix(SUFFIX)))]
            for number in itertools.count(max(taken, default=0) + 1):
                place = root / f"{base if number == 1 else f'{base}-{number}'}{SUFFIX}"
                with contextlib.suppress(FileExistsError):
                    place.mkdir()
                    break
            (place / TRIALS).mkdir()
            found = cls(place)
            found.put({"format": FORMAT, "name": name, "status": RUNNING, "owner": me(), **facts})
        except OSError as error:
            message = f"the search cannot be kept in '{root}': {error.strerror or error}"
            raise MtlError(Problem("MTL411", message, hint="--store names another place")) from error
        return found

    @classmethod
    def newest(cls, root: pathlib.Path, name: str) -> Folder | None:
        """The newest search of a name in a store."""
        base = index.base_of(name)
        found = {
            index.number_of(base, p.name.removesuffix(SUFFIX)): p
            for p in root.glob(f"*{SUFFIX}")
            if (p / SEARCH).is_file()
        }
        numbers = [n for n in found if n]
        return cls(found[max(numbers)]) if numbers else None

    # --- the whole

    @property
    def facts(self) -> dict[str, Any]:
        """What `search.json` says; its 'status' is 'died' where its process is gone.

        Raises:
            MtlError: MTL413 it cannot be read; MTL414 it is of a newer version.
        """
        found = files.read_json(self.place / SEARCH)
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise MtlError(Problem("MTL413", f"'{self.place / SEARCH}' is damaged", hint="start the search anew"))
        if found.get("format", 0) > FORMAT:
            raise MtlError(
                Problem("MTL414", f"'{self.place}' is a search of a newer version", hint="upgrade mtl-magic")
            )
        if found.get("status") == RUNNING and not alive(found.get("owner"), self._changed()):
            found["status"] = "died"
        return found

    def _changed(self) -> float:
        """When it last gave a sign of life."""
        places = [self.place / SEARCH, *(self.place / TRIALS).glob("*.json")]
        return max(p.stat().st_mtime for p in places if p.exists())

    def put(self, facts: Mapping[str, Any]) -> None:
        """Replace `search.json`."""
        files.put_json(self.place / SEARCH, facts)

    def change(self, **facts: Any) -> None:
        """Change some of it; a disk that refuses ends no search."""
        with contextlib.suppress(OSError):
            self.put({**self.facts, **facts})

    @property
    def name(self) -> str:
        return self.place.name.removesuffix(SUFFIX)

    @property
    def oracle(self) -> pathlib.Path:
        return self.place / ORACLE

    @property
    def store(self) -> Store:
        """Of the trials' runs."""
        return Store(self.place)

    # --- trials

    def write(self, trial: Trial) -> None:
        files.put_json(self.place / TRIALS / f"{trial.number:03}.json", dataclasses.asdict(trial))

    def trials(self) -> list[Trial]:
        """All that have begun, in their order."""
        found = []
        for path in (self.place / TRIALS).glob("*.json"):
            facts = files.read_json(path)
            if isinstance(facts, dict) and re.fullmatch(r"\d+", path.stem):
                with contextlib.suppress(TypeError):
                    trial = Trial(**facts)
                    values = {k: math.nan if v is None else float(v) for k, v in trial.objectives.items()}
                    found.append(dataclasses.replace(trial, objectives=values))
        return sorted(found, key=lambda t: t.number)

    def run_id(self, number: int) -> str:
        """What the run of a trial is called."""
        return f"{self.name}.{number}"

    def run_of(self, trial: Trial) -> pathlib.Path:
        """Where its run is."""
        return self.place / (trial.run or self.run_id(trial.number))
