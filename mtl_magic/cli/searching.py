"""What can be written behind `mtl-magic tune`."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import re
from typing import Any

from mtl_magic.cli.shared import running, source


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
    tune.add_argument("--name", metavar="NAME", help="of the search and its run; else that of the file")
    tune.add_argument(
        "--store", type=pathlib.Path, metavar="DIR", help="where it is kept (MTL_MAGIC_RUNS, else mtl_runs)"
    )
    tune.add_argument("--resume", action="store_true", help="go on with the newest search of this name")
    running(tune, "between two checkpoints of a trial")
    several = tune.add_argument_group("several processes")
    several.add_argument(
        "--workers", type=int, default=0, metavar="N", help="so many processes of this machine train trials"
    )
    several.add_argument(
        "--restarts", type=int, default=3, metavar="N", help="how often a dead worker is started again (%(default)s)"
    )
    several.add_argument(
        "--hung-after",
        type=float,
        default=900.0,
        metavar="SECONDS",
        help="a worker without a step for so long counts as dead: its trial goes to another (%(default)g)",
    )
    tune.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # of the processes that it starts


def tuned(parser: argparse.ArgumentParser, found: dict[str, Any]) -> Tuned:
    """The arguments that argparse found; wrong ones end the process with 2."""
    from mtl_magic.runs.project.store import NOWHERE, VARIABLE, root_of

    found = {k: v for k, v in found.items() if k != "command"}
    name = found["name"] or found["spec"].stem
    if not re.fullmatch(r"[^\W_][\w.-]*", name):
        parser.error(f"--name: {name!r} cannot be a folder of the store: letters, digits, '_', '-' and '.'")
    if found["workers"] < 0 or found["restarts"] < 0 or found["checkpoint"] < 0 or found["hung_after"] <= 0:
        parser.error("--workers, --restarts, --checkpoint and --hung-after are not negative")
    store = root_of(found["store"])
    if store is None:
        parser.error(f"--store and {VARIABLE}: '{NOWHERE}' keeps no run, and this command must: name a folder")
    return Tuned(**{**found, "name": name, "data": tuple(found["data"]), "store": store})
