"""What several commands of `mtl-magic` can be told, in the same words."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

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
    parser.add_argument("--checkpoint", type=float, default=30.0, metavar="SECONDS", help=f"{between} (%(default)g)")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    parser.add_argument("--json", action="store_true", help="print one JSON object in the end, and errors as one")
    python(parser)


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
