"""What several commands of `mtl-magic` can be told, in the same words."""

from __future__ import annotations

import argparse
import math
import pathlib
import re
from typing import Any

from mtl_magic.runs.project.store import NOWHERE, USUAL, VARIABLE, root_of

TABLE = "a path, a folder or a glob of Parquet or CSV files"


def source(parser: argparse.ArgumentParser) -> None:
    """SPEC, `--data`, `--valid` and `--test` of a command that trains."""
    parser.add_argument("spec", type=pathlib.Path, metavar="SPEC", help="the file with the text")
    parser.add_argument(
        "--data", action="append", required=True, metavar="PATH", help=f"a table to train on: {TABLE}; may be repeated"
    )
    parts(parser)


def running(parser: argparse.ArgumentParser, between: str) -> None:
    """How a command that trains reads, keeps checkpoints and talks; `between` says what lies between two of them."""
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="read the data piece by piece, or never; else what would not fit in memory",
    )
    parser.add_argument("--checkpoint", type=seconds, default=30.0, metavar="SECONDS", help=f"{between} (%(default)g)")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    parser.add_argument("--json", action="store_true", help="print one JSON object in the end, and errors as one")
    python(parser)


def kept(parser: argparse.ArgumentParser, what: str) -> None:
    """`--name` and `--store` of a command that keeps something; `what` has the name."""
    parser.add_argument("--name", metavar="NAME", help=f"of the {what}; else that of the file")
    parser.add_argument(
        "--store", type=pathlib.Path, metavar="DIR", help=f"where it is kept ({VARIABLE}, else {USUAL})"
    )


def check_kept(parser: argparse.ArgumentParser, found: dict[str, Any]) -> None:
    """The name that holds, and the store's folder; wrong ones end the process with 2."""
    name = found["name"] = found["name"] or found["spec"].stem
    if not re.fullmatch(r"[^\W_][\w.-]*", name):
        parser.error(f"--name: {name!r} cannot be a folder of the store: letters, digits, '_', '-' and '.'")
    found["store"] = root_of(found["store"])
    if found["store"] is None:
        parser.error(f"--store and {VARIABLE}: '{NOWHERE}' keeps no run, and this command must: name a folder")


def restarting(parser: Any, hung: str) -> None:
    """When processes that train together are started again; `hung` says of which one it is too late."""
    parser.add_argument(
        "--restarts", type=count, default=3, metavar="N", help="how often a dead worker is started again (%(default)s)"
    )
    parser.add_argument(
        "--hung-after", type=moment, default=900.0, metavar="SECONDS", help=f"a worker {hung} (%(default)g)"
    )


def count(text: str) -> int:
    """How many: 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def seconds(text: str) -> float:
    """How long: 0 or more."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds of at least 0")
    return found


def moment(text: str) -> float:
    """How long: more than 0."""
    if (found := seconds(text)) == 0:
        raise argparse.ArgumentTypeError("0 is no time: a number of seconds above it is meant")
    return found


def python(parser: argparse.ArgumentParser) -> None:
    """`--allow-python`."""
    parser.add_argument(
        "--allow-python",
        action="store_true",
        help="evaluate {…} in the file, with keras, tf and np: it can do anything",
    )


def parts(parser: argparse.ArgumentParser) -> None:
    """`--valid` and `--test`."""
    for part, word in (("valid", "validation"), ("test", "test")):
        text = f"the {word} table; may be repeated where --data is"
        parser.add_argument(f"--{part}", action="append", metavar="PATH", help=text)


def check_parts(parser: argparse.ArgumentParser, found: dict[str, Any]) -> None:
    """One path of each part, or several where several tables train."""
    for part in ("valid", "test"):
        given = found.get(part) or []
        if len(given) > 1 and len(found["data"]) < 2:
            parser.error(f"--{part} is given twice; several tables need several --data")
        if part in found:
            found[part] = tuple(given) if len(given) > 1 else next(iter(given), None)
