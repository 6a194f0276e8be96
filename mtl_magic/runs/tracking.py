"""A training in MLflow: parameters, metrics of each epoch, and the run's folder; by the flag `--mlflow`.

MLflow's own settings say where: MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, or `mlflow.set_experiment` in the notebook.
A server that fails later on costs the log, never the training.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import pathlib
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem, Span, first_line
from mtl_magic.train.events import Evaluated, Event

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run

LONGEST = 500  # characters of a parameter, which servers of any age take
ODD = re.compile(r"[^\w.\- /]")  # in the name of a parameter or metric
STATUS = {"interrupted": "KILLED"}


class Tracker:
    """One MLflow run: it listens to a training, and `finish` closes it.

    It is a child of the MLflow run that is active here, if there is one.

    Raises:
        MtlError: MTL460 MLflow is not installed; MTL461 it cannot begin a run.
    """

    def __init__(self, name: str, program: Program) -> None:
        if missing := not_installed():
            raise MtlError(missing)
        import mlflow

        self._mlflow: Any = mlflow
        self._well = True
        try:
            nested = mlflow.active_run() is not None
            mlflow.start_run(run_name=name, nested=nested)
        except Exception as error:  # whatever a server, a file store or a network raises
            where = first_line(error)
            hint = "MLFLOW_TRACKING_URI names the server or folder that keeps its runs"
            raise MtlError(Problem("MTL461", f"MLflow cannot begin a run: {where}", hint=hint)) from error
        self._try(lambda: self._begin(program))

    def _begin(self, program: Program) -> None:
        self._mlflow.log_params(params(program))
        self._mlflow.log_text(program.canonical + "\n", "cell.mtl")

    def __call__(self, event: Event) -> None:
        if isinstance(event, Evaluated):
            self._try(lambda: self._mlflow.log_metrics(metrics(event), step=event.step))

    def finish(self, run: Run, folder: pathlib.Path | None = None) -> None:
        """The training is over.

        Args:
            run: what came of it.
            folder: where it is kept; None: it is written for MLflow.
        """
        self._try(lambda: self._finish(run, folder))
        self.end(STATUS.get(run.why, "FINISHED"))

    def _finish(self, run: Run, folder: pathlib.Path | None) -> None:
        found = {
            f"{part}_{metric}/{task}": value
            for part, tasks in run.metrics.items()
            for task, scores in tasks.items()
            for metric, value in scores.items()
        }
        self._mlflow.log_metrics(_safe({f"final_{name}": value for name, value in found.items()}), step=run.step)
        self._mlflow.set_tags({"mtl_magic.ended": run.why, "mtl_magic.data": str(run.facts.get("data", ""))})
        if folder is not None:
            self._mlflow.log_artifacts(str(folder), "run")
            return
        with tempfile.TemporaryDirectory(prefix="mtl_magic-") as scratch:
            run.save(pathlib.Path(scratch) / "run")
            self._mlflow.log_artifacts(str(pathlib.Path(scratch) / "run"), "run")

    def end(self, status: str) -> None:
        """Close it, whatever went wrong before."""
        self._well = True
        self._try(lambda: self._mlflow.end_run(status))

    def _try(self, log: Callable[[], object]) -> None:
        if not self._well:
            return
        try:
            log()
        except Exception as error:  # noqa: BLE001  as in `__init__`; a training is worth more than its log
            self._well = False
            warnings.warn(f"MLflow takes no more of this training: {first_line(error)}", stacklevel=2)


@contextlib.contextmanager
def tracked(name: str, program: Program, *, wanted: bool = True) -> Iterator[list[Tracker]]:
    """The tracker of a training as a list, which is empty where none is wanted; a training that fails closes it.

    Example:
        ::

            with tracked("feed", program) as trackers:
                run = train(program, prepared, listeners=[*listeners, *trackers])
                for tracker in trackers:
                    tracker.finish(run)
    """
    trackers = [Tracker(name, program)] if wanted else []
    try:
        yield trackers
    except BaseException as error:
        for tracker in trackers:
            tracker.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise


def not_installed(place: Span | None = None) -> Problem | None:
    """The problem of the flag that stands at `place`, where MLflow is not installed. It is not imported."""
    with contextlib.suppress(ValueError):
        if importlib.util.find_spec("mlflow") is not None:
            return None
    hint = "pip install mlflow, or mlflow-skinny, which is smaller"
    return Problem("MTL460", "--mlflow needs MLflow, which is not installed", place, hint)


def params(program: Program) -> dict[str, str]:
    """Everything that decides a training, by dotted names: 'train.lr', 'balance', 'task.click.weight'."""
    from mtl_magic.runs.plain import to_plain

    found: dict[str, Any] = {"balance": program.balance.word}
    for title, declaration in (("train", program.train), ("split", program.split), ("balance", program.balance)):
        for option in declaration.options():
            found[f"{title}.{option.name}"] = getattr(declaration, option.name)
    for block in program.blocks:
        found[f"share.{block.title}"] = getattr(block.block, "word", None) or type(block.block).__name__
    for task in program.tasks:
        found[f"task.{task.name}.kind"] = task.kind.word if task.kind is not None else "inferred"
        found[f"task.{task.name}.weight"] = task.weight
    return {ODD.sub("_", name): str(to_plain(value))[:LONGEST] for name, value in found.items()}


def metrics(event: Evaluated) -> dict[str, float]:
    """Of an epoch: 'loss/click', 'valid_auc/click', 'weight/click', 'epoch', 'lr'."""
    found = {"epoch": float(event.epoch), "lr": event.lr}
    found |= {f"loss/{task}": value for task, value in event.train_losses.items()}
    found |= {f"weight/{task}": value for task, value in event.weights.items()}
    for task, scores in event.metrics.items():
        found |= {f"valid_{metric}/{task}": value for metric, value in scores.items()}
    return _safe(found)


def _safe(found: dict[str, float]) -> dict[str, float]:
    """Names and values that MLflow takes: NaN, of what nothing defines, is none."""
    return {ODD.sub("_", name): float(value) for name, value in found.items() if math.isfinite(value)}
