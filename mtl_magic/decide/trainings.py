"""What is trained beside runs, each once: it is kept in the store by its text and its rows, and found again.

`mtl_runs/.trainings/KEY` is the folder of a run, as `run.save` writes it; `%mtl clean trainings` frees them. A cell with
`{…}` is trained anew each time, for its text does not say what it is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, MtlWarning, Problem

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.language.spec import Spec
    from mtl_magic.runs.run import Run

Tell = Callable[[str], None]


def untold(_: str) -> None:
    """Nobody listens."""


@dataclasses.dataclass(frozen=True)
class Trainings:
    """Trains cells on rows that are there.

    Attributes:
        place: where trainings are kept; None: nowhere.
        namespace: where `{…}` is evaluated.
        tell: hears a sentence of each training.
    """

    place: pathlib.Path | None
    namespace: Mapping[str, Any] | None = None
    tell: Tell = untold

    @classmethod
    def of(
        cls,
        store: str | os.PathLike[str] | None,
        namespace: Mapping[str, Any] | None = None,
        tell: Tell | None = None,
    ) -> Trainings:
        """In a store: a folder, 'none', or as the environment says."""
        from mtl_magic.runs.project.space import TRAININGS
        from mtl_magic.runs.project.store import root_of

        root = root_of(store)
        return cls(None if root is None else root / TRAININGS, namespace, tell or untold)

    def run(self, whole: Spec, prepared: Prepared, name: str, **options: Any) -> Run:
        """The run of a cell, with these options of `train`, on these rows.

        Raises:
            KeyboardInterrupt: a person has stopped it; what was finished before is kept.
        """
        from mtl_magic.runs import fitting

        written = str(fitting.with_options(whole, options)[0] if options else whole)
        folder = self._folder(written, prepared)
        found = _kept(folder)
        if found is not None:
            self.tell(f"{name}: as trained before")
            return dataclasses.replace(found, name=name)
        run = fitting.train(fitting.compile_program(written, self.namespace), prepared, name=name)
        if run.why in ("stopped", "interrupted"):
            raise KeyboardInterrupt
        if folder is not None:
            try:
                run.save(folder, overwrite=True)  # one that is damaged, or that another process has just made
                run.folder = None  # it is no run of the store's list
            except MtlError as error:
                warnings.warn(
                    MtlWarning(Problem("MTL411", str(error.problems[0].message), severity="warning")), stacklevel=2
                )
        self.tell(f"{name}: {run.step:,} steps, {run.facts['seconds']:.1f} s")
        return run

    def _folder(self, text: str, prepared: Prepared) -> pathlib.Path | None:
        if self.place is None or "{" in text:
            return None
        from mtl_magic.runs import fitting

        parts = [fitting.fingerprint([p]) if p is not None else "" for p in (prepared.valid, prepared.test)]
        told = json.dumps([fitting.versions()["mtl_magic"], text, fitting.fingerprint(prepared.train), *parts])
        return self.place / hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _kept(folder: pathlib.Path | None) -> Run | None:
    """A training that is there; one whose folder is damaged is not."""
    from mtl_magic.runs.store import RUN, load

    if folder is None or not (folder / RUN).is_file():
        return None
    try:
        found = load(folder)
    except MtlError:
        return None
    found.folder = None
    return found


def first_of(run: Run, prepared: Prepared, trainings: Trainings) -> Run:
    """The run itself; trained anew where a person has steered or stopped it, for then its text does not say how it was made."""
    steered = run.facts.get("steered") or run.facts.get("changes") or run.why in ("stopped", "interrupted")
    return trainings.run(run.spec, prepared, run.name) if steered else run


def seeds_of(run: Run, count: int) -> list[int]:
    """The seeds of a set: the run's own, and those that follow."""
    first = int(run.facts.get("seed") or 0)
    return [first + k for k in range(count)]
