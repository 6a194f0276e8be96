"""A run on disk: a folder of standard files that anyone can read without this package.

    run.json         format version, name, text, seed, versions, hash of the data, why it ended, weights, metrics
    cell.mtl         the cell's text
    schema.json      features and tasks as they were fitted
    encoders.parquet one row; a column FEATURE.ARRAY holds a vocabulary or the edges of bins as a list
    history.csv      one row an epoch
    gradients.csv    how the tasks' gradients stood to each other, where they were compared
    model.keras      the model, as Keras writes it

`save` writes it beside its place and renames it, so that a folder that is there is whole. `commit` puts the files into the
folder that a training has been kept in (`runs/project/recorder.py`), `run.json` last. Reading executes nothing of it.

Format 1 had no status. A run of it is read as one that `save` wrote.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import os
import pathlib
import pkgutil
import shutil
import uuid
from typing import TYPE_CHECKING, Any, NoReturn

from mtl_magic.problems import MtlError, Problem, Span
from mtl_magic.runs import gradients, safety
from mtl_magic.runs.plain import schema_from_plain, schema_to_plain
from mtl_magic.runs.project import files, index
from mtl_magic.runs.project.index import ENDED

if TYPE_CHECKING:
    import keras

    from mtl_magic.runs.run import Run

FORMAT = 2
RUN, CELL, SCHEMA, ENCODERS, HISTORY, MODEL = (
    "run.json", "cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras",
)  # fmt: skip
GRADIENTS = "gradients.csv"  # not every run has it
BOOKKEEPING = {"format", "status", "tasks", "owner", "progress", "problem"}  # of the folder, not of the run


def _fail(code: str, message: str, hint: str, cause: BaseException | None = None) -> NoReturn:
    raise MtlError(Problem(code, message, hint=hint)) from cause


def save(run: Run, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write `run` to the folder `path`."""
    place = pathlib.Path(path).expanduser().absolute()
    if place.exists() or place.is_symlink():
        if not (place / RUN).is_file():
            _fail(
                "MTL410",
                f"'{place}' exists and is not a run",
                "a run is never written over anything else: choose another path",
            )
        if index.status_of(facts_in(place), place) == "running":
            _fail("MTL417", f"the run at '{place}' trains now", "choose another path, or wait for it")
        if not overwrite:
            _fail("MTL410", f"a run is already at '{place}'", "choose another path, or replace it with overwrite=True")
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        _write(run, beside)
        _rename(beside, place)
        run.folder = run.folder or place
    except OSError as error:
        hint = "nothing that was there before has changed"
        _fail("MTL411", f"the run cannot be written to '{place}': {error.strerror or error}", hint, error)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def commit(run: Run, place: pathlib.Path) -> None:
    """Write `run` into its folder in a store; until the last moment the folder is what it was.

    Raises:
        OSError: the file system refuses. Nothing that was there before has changed.
    """
    beside = place / f".{uuid.uuid4().hex[:8]}.part"
    try:
        beside.mkdir()
        _write(run, beside)
        _without_model(place)
        if run.gradients is None:  # one that was stopped may have had some
            (place / GRADIENTS).unlink(missing_ok=True)
        else:
            (beside / GRADIENTS).replace(place / GRADIENTS)
        for name in (CELL, SCHEMA, ENCODERS, HISTORY, MODEL, RUN):
            (beside / name).replace(place / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _without_model(place: pathlib.Path) -> None:
    """A run that was stopped and has gone on has a model: `run.json` is silent of it until the new one is there, so that
    nobody reads files of both.
    """
    facts = files.read_json(place / RUN)
    if isinstance(facts, dict) and "why" in facts:
        files.put_json(place / RUN, {k: v for k, v in facts.items() if k != "why"})


def _write(run: Run, folder: pathlib.Path) -> None:
    plain, arrays = schema_to_plain(run.schema)
    facts = {
        "format": FORMAT,
        "name": run.name,
        "status": ENDED.get(run.why, "finished"),
        "tasks": list(run.tasks),
        "why": run.why,
        "step": run.step,
        "epoch": run.epoch,
        "best_epoch": run.best_epoch,
        "outputs": [list(pair) for pair in run.outputs],
        "weights": run.weights,
        "metrics": run.metrics,
        "notes": list(run.notes),
        "warnings": [dataclasses.asdict(problem) for problem in run.warnings],
        **run.facts,
    }
    _write_json(folder / RUN, facts)
    _write_json(folder / SCHEMA, plain)
    (folder / CELL).write_text(run.text + "\n", encoding="utf-8")
    _write_arrays(folder / ENCODERS, arrays)
    run.history.to_csv(folder / HISTORY, index=False)
    if run.gradients is not None:
        gradients.write(run.gradients, folder / GRADIENTS)
    run.model.save(folder / MODEL)
    for file in folder.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())


def _numbers(value: Any) -> Any:
    """Metrics or weights as they were before null stood for what JSON has no form of."""
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return math.nan if value is None else value


def _write_json(path: pathlib.Path, value: Any) -> None:
    path.write_text(files.json_text(value), encoding="utf-8")


def _write_arrays(path: pathlib.Path, arrays: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = {}
    for name, array in arrays.items():
        values = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else pa.array(array)
        lists[name] = pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)
    pq.write_table(pa.table(lists or {"": pa.array([0])}), path)


def _rename(beside: pathlib.Path, place: pathlib.Path) -> None:
    """Put the finished folder in its place; a run that is there steps aside first and goes last."""
    if not place.exists():
        beside.rename(place)
        return
    old = beside.with_suffix(".old")
    place.rename(old)
    try:
        beside.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run that `Run.save` wrote, or that a store keeps.

    Raises:
        MtlError: there is none, or a part of it is missing, damaged, or of a newer version; it names the file.
    """
    place = pathlib.Path(path).expanduser().absolute()
    facts = facts_in(place)
    if "why" not in facts and "status" in facts:
        status = index.status_of(facts, place)
        message = f"the run at '{place}' has no model yet: it is {'running' if status == 'running' else 'unfinished'} ({status})"
        _fail("MTL418", message, f"%mtl resume {place.name} goes on with it" if status != "running" else "wait for it")
    missing = [name for name in (CELL, SCHEMA, ENCODERS, HISTORY, MODEL) if not (place / name).is_file()]
    if missing:
        _fail("MTL412", f"the run at '{place}' lacks {', '.join(missing)}", "copy the whole folder again")
    _read(place, lambda p: safety.check_links(p, (RUN, CELL, SCHEMA, ENCODERS, HISTORY, GRADIENTS, MODEL)))
    return _run(place, facts)


def facts_in(place: pathlib.Path) -> dict[str, Any]:
    """What `run.json` of a folder says, of any format up to this one.

    Raises:
        MtlError: MTL412 there is none; MTL413 it is damaged; MTL414 it is of a newer format.
    """
    if not (place / RUN).is_file():
        what = f"'{place}' is not a run: it holds no {RUN}" if place.exists() else f"there is no run at '{place}'"
        _fail("MTL412", what, "a run is the folder that run.save(path) wrote, or one of a store")
    facts = _read(place / RUN, _read_json)
    if not isinstance(facts, dict) or not isinstance(facts.get("format"), int):
        _damaged(place / RUN, "it names no format version")
    if facts["format"] > FORMAT:
        newer = f"the run at '{place}' has format {facts['format']}; this version of mtl_magic reads up to {FORMAT}"
        _fail(
            "MTL414",
            newer,
            f"it was written by mtl_magic {facts.get('versions', {}).get('mtl_magic', '')}: install that or a newer one",
        )
    return facts


def text_in(place: pathlib.Path) -> str:
    """The cell's text in a folder.

    Raises:
        MtlError: MTL413 it cannot be read.
    """
    text: str = _read(place / CELL, lambda p: p.read_text(encoding="utf-8")).rstrip("\n")
    return text


def _run(place: pathlib.Path, facts: dict[str, Any]) -> Run:
    import pandas as pd

    from mtl_magic.runs.run import Run

    arrays = _read(place / ENCODERS, _read_arrays)
    plain = _read(place / SCHEMA, _read_json)
    schema = _read(place / SCHEMA, lambda _: schema_from_plain(plain, arrays))
    names = [task.name for task in schema.tasks]
    conflicts = _read(place / GRADIENTS, lambda p: gradients.read(p, names)) if (place / GRADIENTS).is_file() else None
    facts = {k: v for k, v in facts.items() if k not in BOOKKEEPING}
    try:
        return Run(
            name=facts.pop("name"),
            text=text_in(place),
            model=_read(place / MODEL, _read_model),
            schema=schema,
            outputs=tuple((safety.key(key), str(title)) for key, title in facts.pop("outputs")),
            history=_read(place / HISTORY, pd.read_csv),
            weights=_numbers(facts.pop("weights")),
            metrics=_numbers(facts.pop("metrics")),
            why=facts.pop("why"),
            step=facts.pop("step"),
            epoch=facts.pop("epoch"),
            best_epoch=facts.pop("best_epoch"),
            notes=tuple(facts.pop("notes")),
            warnings=tuple(map(_warning, facts.pop("warnings", ()))),  # the first runs have none
            facts=facts,
            folder=place,
            gradients=conflicts,
        )
    except KeyError as error:
        _damaged(place / RUN, f"it lacks {error}", error)
    except (AttributeError, TypeError, ValueError) as error:
        _damaged(place / RUN, str(error), error)


def _warning(plain: dict[str, Any]) -> Problem:
    places = tuple(Span(**place) for place in plain["related"])
    span = Span(**plain["span"]) if plain["span"] else None
    return Problem(**{**plain, "span": span, "notes": tuple(plain["notes"]), "related": places})


def _read(path: pathlib.Path, reader: Any) -> Any:
    try:
        return reader(path)
    except MtlError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a damaged file makes a reader raise
        _damaged(path, f"{type(error).__name__}: {error}".split("\n", 1)[0], error)


def _damaged(path: pathlib.Path, why: str, cause: BaseException | None = None) -> NoReturn:
    _fail(
        "MTL413", f"'{path}' cannot be read: {why}", "the file is damaged or not of a run: copy the folder again", cause
    )


def _read_json(path: pathlib.Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_arrays(path: pathlib.Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, partitioning=None)  # a folder called 'lr=0.1' is no column
    for field in table.schema:
        safety.check_array(field.name, field.type)
    return {name: table.column(name).combine_chunks().flatten() for name in table.column_names if name}


def _read_model(path: pathlib.Path) -> keras.Model:
    from mtl_magic.runs.quiet import keras_quietly

    keras = keras_quietly()
    layers = importlib.import_module("mtl_magic.layers")
    for module in pkgutil.iter_modules(layers.__path__):  # Keras finds our layers by their registered names
        importlib.import_module(f"mtl_magic.layers.{module.name}")
    safety.check_model(path)
    return keras.models.load_model(path, compile=False, safe_mode=True)
