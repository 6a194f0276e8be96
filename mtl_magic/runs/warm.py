"""The run that `train warm_start=` means: found before the data is read, loaded when training begins."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from typing import TYPE_CHECKING, Any, Self

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, typed
from mtl_magic.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.program import Program
    from mtl_magic.train.warm import Source

KEY = "train.warm_start"


class Start(str):
    """What a person calls the run; behind it, the run itself where it is in memory, else its folder."""

    __slots__ = ("run",)

    run: Run | None

    def __new__(cls, called: str, run: Run | None = None) -> Self:
        made = super().__new__(cls, called)
        made.run = run
        return made


def found(program: Program, namespace: Mapping[str, Any] | None) -> Program:
    """The program with the run, or the folder, that its `warm_start` names.

    Raises:
        MtlError: MTL306 there is no such run.
    """
    asked = program.train.warm_start
    if asked is None or isinstance(asked, Start):
        return program
    start = _start(asked, namespace or {}, program)
    return dataclasses.replace(program, train=dataclasses.replace(program.train, warm_start=start))


def _start(asked: Any, namespace: Mapping[str, Any], program: Program) -> Start:
    from mtl_magic.runs.project.store import Store, folder_of, shown
    from mtl_magic.runs.store import RUN

    if isinstance(asked, Run):
        return Start(asked.name, asked)
    if isinstance(asked, str) and isinstance(run := namespace.get(asked), Run):
        return Start(asked, run)
    path = os.fspath(asked)
    if (pathlib.Path(path).expanduser() / RUN).is_file():
        return Start(path)
    kept = folder_of(path) if path not in namespace else None
    if kept is not None:
        return Start(shown(kept))
    runs = [name for name, value in namespace.items() if isinstance(value, Run) and not name.startswith("_")]
    if path in namespace:
        message = f"'{path}' is {typed(namespace[path])}, not a run"
    elif pathlib.Path(path).expanduser().exists():
        message = f"'{path}' is not the folder of a run: it holds no {RUN}"
    else:
        message = f"there is no run '{path}', neither in this notebook nor in the store nor as a folder"
    hint = did_you_mean(path, [*runs, *Store().names()]) or (
        f"runs here: {', '.join(runs)}" if runs else "run.save(path) keeps a run as a folder"
    )
    raise MtlError(Problem("MTL306", message, program.places.get(KEY), hint), program.text)


def source(program: Program) -> Source | None:
    """The run to start from, its model in memory; None: the cell names none.

    Raises:
        MtlError: the folder cannot be read.
    """
    from mtl_magic.runs.store import load
    from mtl_magic.train.warm import Source

    start = program.train.warm_start
    if start is None:
        return None
    run = start.run
    if run is None:
        try:
            run = load(start)
        except MtlError as error:
            placed = [dataclasses.replace(p, span=program.places.get(KEY)) for p in error.problems]
            raise MtlError(placed, program.text) from error
    return Source(f"run '{start}'", run.model, run.schema)
