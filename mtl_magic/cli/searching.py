"""What can be written behind `mtl-magic tune`."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
from typing import Any

from mtl_magic.cli.shared import check_kept, count, kept, restarting, running, source


@dataclasses.dataclass(frozen=True)
class Tuned:
    """The arguments of `mtl-magic tune`."""

    spec: pathlib.Path
    data: tuple[str, ...]
    valid: str | tuple[str, ...] | None
    test: str | tuple[str, ...] | None
    name: str
    store: pathlib.Path
    resume: bool
    stream: bool | None
    checkpoint: float
    quiet: bool
    json: bool
    allow_python: bool
    workers: int
    restarts: int
    hung_after: float
    worker: bool


def add(commands: Any) -> None:
    """Put the command beside the others; `commands` are argparse's subparsers."""
    about = (
        "Search what a file declares with choose(…), range(…) and a 'tune' line. Trials and the best run are kept in the store. "
        "Under KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT this process is the chief or a worker of "
        "a search over several machines, which share the store."
    )
    tune: argparse.ArgumentParser = commands.add_parser(
        "tune", allow_abbrev=False, help="search what a file declares", description=about
    )
    source(tune)
    kept(tune, "search and its run")
    tune.add_argument("--resume", action="store_true", help="go on with the newest search of this name")
    running(tune, "between two checkpoints of a trial")
    several = tune.add_argument_group("several processes")
    several.add_argument(
        "--workers", type=count, default=0, metavar="N", help="so many processes of this machine train trials"
    )
    restarting(several, "without a step for so long counts as dead: its trial goes to another")
    tune.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # of the processes that it starts


def tuned(parser: argparse.ArgumentParser, found: dict[str, Any]) -> Tuned:
    """The arguments that argparse found; wrong ones end the process with 2."""
    check_kept(parser, found)
    return Tuned(**{**{k: v for k, v in found.items() if k != "command"}, "data": tuple(found["data"])})
