"""What can be written behind `mtl-magic`. The one list of it: help and errors are made of it."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import mtl_magic
from mtl_magic.cli import reading, searching
from mtl_magic.cli.reading import Reading
from mtl_magic.cli.searching import Tuned
from mtl_magic.cli.shared import check_kept, check_parts, kept, restarting, running, source

ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,]+):\d{1,5}")


@dataclasses.dataclass(frozen=True)
class Workers:
    """How many processes train, and where: on this machine, on the hosts of `addresses`, or on a Ray cluster."""

    count: int
    addresses: tuple[str, ...] = ()
    ray: bool = False


@dataclasses.dataclass(frozen=True)
class Asked:
    """The arguments of `mtl-magic train`."""

    spec: pathlib.Path
    data: tuple[str, ...]
    valid: str | tuple[str, ...] | None
    test: str | tuple[str, ...] | None
    name: str
    store: pathlib.Path
    overwrite: bool
    resume: bool
    allow_python: bool
    quiet: bool
    json: bool
    stream: bool | None
    mlflow: bool
    workers: Workers | None
    index: int | None
    restarts: int
    checkpoint: float
    hung_after: float
    worker: bool

    @property
    def place(self) -> pathlib.Path:
        """The run's folder."""
        return self.store / self.name

    @property
    def work(self) -> pathlib.Path:
        """Where processes that train together tell each other what they do."""
        return self.store / f".{self.name}.work"


def understood(words: Sequence[str]) -> Asked | Reading | Tuned:
    """The arguments of any command; wrong ones end the process with 2, as argparse does."""
    parser = _parser()
    found = vars(parser.parse_args(words))
    if found["command"] == "tune":
        check_parts(parser, found)
        return searching.tuned(parser, found)
    if found["command"] != "train":
        check_parts(parser, found)
        return reading.reading(found)
    found.pop("command")
    check_parts(parser, found)
    return _asked(parser, found)


def parse(words: Sequence[str]) -> Asked:
    """The arguments of `train`."""
    found = understood(words)
    assert isinstance(found, Asked)
    return found


def _asked(parser: argparse.ArgumentParser, found: dict[str, Any]) -> Asked:
    check_kept(parser, found)
    workers, index = found["workers"], found["index"]
    listed = bool(workers and workers.addresses)
    if listed != (index is not None):
        parser.error("--index goes with a list of workers: it says which of them this process is")
    if listed and not 0 <= index < workers.count:
        parser.error(f"--index: {workers.count} workers are listed, which are 0 to {workers.count - 1}")
    return Asked(**{**found, "data": tuple(found["data"])})


def workers_of(text: str) -> Workers:
    """'4', 'ray:4' or 'host:port,host:port'.

    Example:
        >>> workers_of("ray:2"), workers_of("a:1,b:1").addresses
        (Workers(count=2, addresses=(), ray=True), ('a:1', 'b:1'))
    """
    number = text.removeprefix("ray:")
    if number.isdecimal() and int(number):
        return Workers(int(number), ray=number != text)
    addresses = tuple(part.strip() for part in text.split(","))
    if all(map(ADDRESS.fullmatch, addresses)) and len(set(addresses)) == len(addresses):
        return Workers(len(addresses), addresses)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number, nor ray:N, nor a list host:port,host:port")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "mtl-magic", description="Train multi-task models that a text declares, and use them."
    )
    parser.add_argument("--version", action="version", version=mtl_magic.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train: Any = commands.add_parser(
        "train",
        allow_abbrev=False,
        help="train what a file declares",
        description="Train what a file declares: the text that stands below %%mtl in a notebook. The run becomes a folder that mtl_magic.load reads.",
    )
    source(train)
    kept(train, "run")
    train.add_argument(
        "--overwrite", action="store_true", help="replace the run of this name, which goes into the store's trash"
    )
    train.add_argument(
        "--resume", action="store_true", help="go on with the run of this name, from its last checkpoint"
    )
    running(train, "between two checkpoints inside an epoch")
    train.add_argument(
        "--mlflow",
        action="store_true",
        help="log parameters, metrics and the run's folder to MLflow, as its settings say",
    )
    several = train.add_argument_group("several processes")
    several.add_argument(
        "--workers",
        type=workers_of,
        metavar="N",
        help="train with N processes on this machine; with ray:N on a Ray cluster; or as one of HOST:PORT,HOST:PORT,…",
    )
    several.add_argument("--index", type=int, metavar="I", help="which of the listed workers this one is, from 0")
    restarting(several, "that makes no step for so long counts as dead: all go on from the last checkpoint")
    train.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # of the processes that it starts
    reading.add(commands)
    searching.add(commands)
    return parser
