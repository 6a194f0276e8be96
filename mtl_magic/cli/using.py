"""`mtl-magic evaluate` and `predict`: a run at work on a table."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from mtl_magic.numbers import short
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.cli.reading import Reading
    from mtl_magic.runs.run import Run


def opened(asked: Reading) -> Run:
    """The run that is meant: a folder, the run of a file's name, or of a name, in the store.

    Raises:
        MtlError: MTL416 the store has none, or what `mtl_magic.load` says of the folder.
    """
    from mtl_magic.runs import store
    from mtl_magic.runs.project.store import Store, root_of

    path = pathlib.Path(asked.what).expanduser()
    if path.is_dir():
        return store.load(path)
    of_file = path.suffix == ".mtl"
    if not of_file and os.sep in asked.what:
        return store.load(path)  # a path that is not there is said so
    kept = Store(root_of(asked.store))
    run = store.load(kept.place(kept.find(path.stem if of_file else asked.what)))
    if of_file:
        _same_text(path, run)
    return run


def _same_text(path: pathlib.Path, run: Run) -> None:
    """Say where a file is no longer what the run was trained from."""
    from mtl_magic.runs.fitting import parse

    with contextlib.suppress(OSError, UnicodeDecodeError, MtlError):
        if str(parse(path.read_text(encoding="utf-8"))) == run.text:
            return
    print(f"{path} is not the text that '{run.name}' was trained from; the run counts", file=sys.stderr, flush=True)


def evaluate(asked: Reading) -> int:
    """Print metrics."""
    run = opened(asked)
    from mtl_magic.runs.batch import measured

    metrics, rows = measured(run, asked.data[0], asked.stream)
    if asked.json:
        say_json({"run": run.name, "rows": rows, "metrics": metrics})
        return 0
    body = [(task, metric, short(value)) for task, found in metrics.items() for metric, value in found.items()]
    widths = [max(len(row[i]) for row in (("task", "metric", "value"), *body)) for i in range(3)]
    for task, metric, value in (("task", "metric", "value"), *body):
        say(f"{task.ljust(widths[0])}  {metric.ljust(widths[1])}  {value.rjust(widths[2])}")
    return 0


def predict(asked: Reading) -> int:
    """Write predictions.

    Raises:
        MtlError: MTL410 there is something at the path; MTL411 it cannot be written.
    """
    assert asked.out is not None
    place = asked.out.expanduser().absolute()
    if place.is_dir() or (place.exists() and not asked.overwrite):
        hint = "choose another --out" if place.is_dir() else "choose another --out, or replace it with --overwrite"
        raise MtlError(Problem("MTL410", f"there is something at '{place}'", hint=hint))
    run = opened(asked)
    from mtl_magic.runs.batch import written

    tell = None if asked.quiet or asked.json or not sys.stderr.isatty() else _progress
    rows, columns = written(
        run, asked.data[0], place, keep=asked.keep, prefix=asked.prefix, stream=asked.stream, tell=tell
    )
    if asked.json:
        say_json({"run": run.name, "rows": rows, "out": str(place), "columns": columns})
    elif not asked.quiet:
        say(f"{rows:,} rows written to {place}")
    return 0


def _progress(rows: int) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"\r\x1b[K{rows:,} rows")
        sys.stderr.flush()


def say(line: str) -> None:
    """A line of the answer; whoever stopped reading has had enough."""
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


def say_json(value: Any) -> None:
    """The answer as JSON; numbers that JSON has no form of are null."""
    from mtl_magic.runs.project.files import nulls

    say(json.dumps(nulls(value), indent=1, ensure_ascii=False, allow_nan=False, default=str))
