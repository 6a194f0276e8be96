"""What can be written behind `mtl-magic evaluate`, `predict` and `explain`: the commands that train nothing."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
from typing import Any

from mtl_magic.cli.shared import TABLE, parts, python
from mtl_magic.runs.project.store import USUAL, VARIABLE

RUN = "the folder of a run, its name in the store, or the file that it was trained from"
KINDS = (".parquet", ".csv")  # of predictions


@dataclasses.dataclass(frozen=True)
class Reading:
    """The arguments of a command that reads a run or a text."""

    command: str
    what: str  # RUN or SPEC
    data: tuple[str, ...]
    stream: bool | None
    json: bool
    quiet: bool = False
    store: str | None = None
    out: pathlib.Path | None = None
    keep: tuple[str, ...] = ()
    prefix: str = ""
    overwrite: bool = False
    valid: str | tuple[str, ...] | None = None
    test: str | tuple[str, ...] | None = None
    svg: pathlib.Path | None = None
    mermaid: pathlib.Path | None = None
    allow_python: bool = False

    @property
    def spec(self) -> pathlib.Path:
        """The file of `explain`."""
        return pathlib.Path(self.what)


def add(commands: Any) -> None:
    """Put the commands beside `train`; `commands` are argparse's subparsers."""
    evaluate = _command(
        commands,
        "evaluate",
        "metrics of a run on a table",
        "Exact metrics of a run on a table with labels: a row a task and metric, on stdout.",
        RUN,
    )
    _store(evaluate)
    predict = _command(
        commands,
        "predict",
        "predictions of a run for a table",
        "Write the predictions of a run for a table, row by row in the table's order, in chunks: it need not fit in memory.",
        RUN,
    )
    _store(predict)
    predict.add_argument(
        "--out", type=_file, required=True, metavar="FILE", help="where they are written: *.parquet or *.csv"
    )
    predict.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of the table, an id, to stand beside them; may be repeated",
    )
    predict.add_argument("--prefix", default="", metavar="TEXT", help="before the name of each column of predictions")
    predict.add_argument("--overwrite", action="store_true", help="replace FILE")
    predict.add_argument("--quiet", action="store_true", help="show nothing but errors")
    explain = _command(
        commands,
        "explain",
        "say what train would do",
        "Say what train would do with a file and its tables: features, topology, parameters, settings. Nothing is trained.",
        "the file with the text",
    )
    parts(explain)
    explain.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="write the picture of the topology, too")
    explain.add_argument("--mermaid", type=pathlib.Path, metavar="FILE", help="write it as Mermaid source, too")
    python(explain)


def reading(found: dict[str, Any]) -> Reading:
    """The arguments that argparse found."""
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Reading(**{**found, **lists})


def _command(commands: Any, word: str, summary: str, about: str, what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(word, allow_abbrev=False, help=summary, description=about)
    parser.add_argument("what", metavar="SPEC" if word == "explain" else "RUN", help=what)
    more = "; may be repeated" if word == "explain" else ""
    parser.add_argument(
        "--data",
        action="append" if word == "explain" else _Once,
        required=True,
        metavar="PATH",
        help=f"the table: {TABLE}{more}",
    )
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="read the table piece by piece, or never; else what would not fit in memory",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout; errors as one on stderr")
    return parser


def _store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", metavar="DIR", help=f"where a run is looked for by its name ({VARIABLE}, else {USUAL})"
    )


class _Once(argparse.Action):
    """A value that is given once, kept as a list like those that may be repeated."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: str | None = None) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} is given twice")
        setattr(namespace, self.dest, [values])


def _file(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if path.suffix.lower() not in KINDS:
        raise argparse.ArgumentTypeError(f"{text!r} ends neither in {' nor in '.join(KINDS)}")
    return path
