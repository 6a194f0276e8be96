"""A training from a file, in this process: alone, or as one worker of several."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING, Any

from mtl_magic.cli.arguments import Asked
from mtl_magic.cli.source import checked, remembered, with_python
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.run import Run
    from mtl_magic.train.team import Alone

DIED = 75  # the exit code of a worker that can be started again
BEGUN = "begun"  # a file that is there once the run has its folder
WRITTEN = "written"  # and once it is whole


def make_way(asked: Asked) -> None:
    """Whether the run can have its folder, or go on in it, and room for what processes tell each other.

    Raises:
        MtlError: MTL410 there is a run of this name; MTL417 it trains now; MTL432 there is nothing to go on from.
    """
    from mtl_magic.runs.project.recorder import may_go_on
    from mtl_magic.runs.project.store import Store

    several = not _lone(asked)
    if leads(asked):
        if not asked.resume:
            Store(asked.store).check_free(asked.name, replace=asked.overwrite)
        elif asked.place.exists():
            may_go_on(asked.place)
        else:
            hint = f"it would be in '{asked.place}'; without --resume a training begins"
            raise MtlError(Problem("MTL432", f"there is no '{asked.name}' to go on with", hint=hint))
    try:
        if several and leads(asked):
            shutil.rmtree(asked.work, ignore_errors=True)
        (asked.work if several else asked.store).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "choose another --store"
        raise MtlError(Problem("MTL411", f"'{asked.store}' cannot be made: {error.strerror}", hint=hint)) from error


def _lone(asked: Asked) -> bool:
    return asked.workers is None and asked.index is None and "TF_CONFIG" not in os.environ


def alone(asked: Asked, program: Program | None) -> int:
    """Train in this process only."""
    return _train(asked, program or with_python(asked), None)


def leads(asked: Asked) -> bool:
    """Whether the chief runs here: of several hosts one has it, and what it writes is its own to clear away."""
    if asked.index is None and asked.workers is None and "TF_CONFIG" in os.environ:
        return index_of(os.environ["TF_CONFIG"]) == 0
    return not asked.index


def index_of(config: str) -> int:
    """Which worker a TF_CONFIG names.

    Raises:
        MtlError: MTL431 it names none.
    """
    try:
        found = json.loads(config)
        index = int(found["task"]["index"])
        found["cluster"]["worker"][index]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        hint = 'it should be {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
        raise MtlError(Problem("MTL431", "TF_CONFIG in the environment names no worker", hint=hint)) from error
    return index


def tidy(asked: Asked) -> None:
    """After a training of several processes: what they told each other goes."""
    if not leads(asked):
        (asked.work / f"alive.{asked.index}").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            asked.work.rmdir()
    else:
        shutil.rmtree(asked.work, ignore_errors=True)


def as_worker(asked: Asked) -> int:
    """Train as the worker that TF_CONFIG says. It ends with whoever started it, and for a fault that a new start may
    mend with `DIED`.
    """
    from mtl_magic.runs.quiet import keras_quietly

    threading.Thread(target=end_with_parent, daemon=True).start()
    found: list[Alone] = []

    def join() -> None:
        from mtl_magic.train import team

        found.append(team.join())

    try:
        keras_quietly(join)
        program = with_python(asked) if asked.allow_python else checked(asked)
        assert program is not None
        return _train(asked, program, found[0])
    except (MtlError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, a new start may mend it
        _tell(error)
        os._exit(DIED)  # an orderly end would wait for the others


def _tell(error: Exception) -> None:
    """One line where another worker's death broke a sum; everything where it was something else."""
    import traceback

    import tensorflow as tf

    if isinstance(error, (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)):
        print("a sum over the workers was broken off", file=sys.stderr)
    else:
        traceback.print_exception(error)
    sys.stderr.flush()


def end_with_parent() -> None:
    """The supervisor holds the other end of this process's stdin, and never writes."""
    while os.read(0, 1):
        pass
    os._exit(DIED)


def _train(asked: Asked, program: Program, team: Alone | None) -> int:
    from mtl_magic.cli.progress import Alive, Lines, introduce
    from mtl_magic.cli.using import say_json
    from mtl_magic.runs import fitting
    from mtl_magic.runs.tracking import not_installed, tracked

    if asked.mlflow and (missing := not_installed()):
        raise MtlError(missing)
    listeners: list[Any] = []
    chief = team is None or team.chief
    shows = chief and not asked.quiet
    if team is not None:
        asked.work.mkdir(parents=True, exist_ok=True)  # on a machine of its own
        listeners.append(Alive(asked.work / f"alive.{team.index}"))
    lines = Lines(asked.name)
    if shows:
        listeners.append(lines)
    prepared = fitting.prepare(
        program, list(asked.data), asked.valid, asked.test, stream=asked.stream, listeners=listeners
    )
    keep = _keep(asked, team) if chief else None
    try:
        if shows:
            lines.clear()
        if shows and not asked.json and (keep is None or keep.again is None):
            introduce(prepared, program)
        with tracked(asked.name, program, keep=keep, wanted=asked.mlflow and chief) as trackers:
            told = [*listeners, *trackers]
            run = fitting.train(program, prepared, name=asked.name, listeners=told, team=team, keep=keep)
            for tracker in trackers:
                tracker.finish(run, asked.place)
    finally:
        prepared.close()
    if chief and run.folder is None:
        said = next(iter(run.notes[::-1]), f"the run cannot be kept in '{asked.place}'")
        hint = "once there is room, --resume goes on from the last checkpoint"
        raise MtlError(Problem("MTL411", said, hint=hint))
    if chief:
        with contextlib.suppress(BrokenPipeError):  # the run is there, whoever still reads
            if asked.json:
                say_json(_summary(run, asked))
            elif shows:
                print(f"{run!r}\n\nkept in {asked.place}", flush=True)
        if run.why == "interrupted":
            print(f"interrupted: --resume goes on from step {run.step:,}", file=sys.stderr, flush=True)
    if team is not None:
        if chief:
            (asked.work / WRITTEN).touch()
        team.meet()  # none leaves before the chief has written
    return 130 if run.why == "interrupted" else 0


def _keep(asked: Asked, team: Alone | None) -> Keep:
    """The run's folder, and what a notebook needs to go on with it."""
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.project.store import Store

    begun = asked.work / BEGUN
    goes_on = team is not None and begun.exists()  # a worker died
    return Keep(
        Store(asked.store),
        remembered(asked),
        asked.checkpoint,
        asked.name if asked.resume or goes_on else None,
        exact=True,
        replace=asked.overwrite,
        ours=goes_on,
        claimed=begun.touch if team is not None else None,
    )


def _summary(run: Run, asked: Asked) -> dict[str, Any]:
    """What `--json` prints."""
    names = ("name", "why", "step", "epoch", "best_epoch", "metrics", "weights", "notes")
    found = {name: getattr(run, name) for name in names}
    return {**found, "seconds": run.facts["seconds"], "folder": str(asked.place)}
