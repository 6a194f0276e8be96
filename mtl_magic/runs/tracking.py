"""A training in MLflow: parameters, metrics of each epoch, and the run's folder; by the flag `--mlflow`.

MLflow's own settings say where: MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, or `mlflow.set_experiment` in the notebook.
A server that fails later on costs the log, never the training. A training that goes on is logged to the MLflow run that it
was logged to before (`runs/logged.py`).
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

from mtl_magic.problems import MtlError, MtlWarning, Problem, Span, first_line
from mtl_magic.runs.logged import GoneError, Logged, id_in, keep_id
from mtl_magic.train.events import Changed, Evaluated, Event, Kept, Started

if TYPE_CHECKING:
    from mtl_magic.program import Program
    from mtl_magic.runs.project.recorder import Keep
    from mtl_magic.runs.run import Run

LONGEST = 500  # characters of a parameter, which servers of any age take
LONGEST_TAG = 5000
ODD = re.compile(r"[^\w.\- /]")  # in the name of a parameter or metric
STATUS = {"interrupted": "KILLED"}


class Tracker:
    """One MLflow run: it listens to a training, and `finish` closes it.

    It is a child of the MLflow run that is active here, if there is one. That of a training that goes on is left alone
    until it does, with `Started`: before, it may be refused, or another process may be at it.

    Args:
        name, program: of the run.
        keep: where it is kept, if it is; a run that goes on is logged to the MLflow run whose id its folder holds.

    Raises:
        MtlError: MTL460 MLflow is not installed; MTL461 it cannot begin a run, or does not answer.
    """

    def __init__(self, name: str, program: Program, keep: Keep | None = None) -> None:
        if missing := not_installed():
            raise MtlError(missing)
        import mlflow

        self._mlflow: Any = mlflow
        self._name, self._program = name, program
        self._place: pathlib.Path | None = None  # the run's folder, once it has one
        self._id, self._open, self._well = "", False, True
        self._logged: Logged | None = None
        self._changes: list[str] = []
        self._before = id_in(keep.place) if keep is not None and keep.place is not None else ""
        self._lost = ""  # why that one is not gone on with
        try:
            if self._before:
                self._look()
            else:
                self._start()
        except Exception as error:  # whatever a server, a file store or a network raises
            where = first_line(error)
            hint = "MLFLOW_TRACKING_URI names the server or folder that keeps its runs"
            raise MtlError(Problem("MTL461", f"MLflow cannot begin a run: {where}", hint=hint)) from error
        if self._open:
            self._try(self._begin)

    def _look(self) -> None:
        try:
            self._logged = Logged(self._mlflow, self._before)
        except GoneError as error:
            self._lost = str(error)

    def _start(self, **which: str) -> None:
        nested = self._mlflow.active_run() is not None
        started = self._mlflow.start_run(**(which or {"run_name": self._name}), nested=nested)
        self._id, self._open = started.info.run_id, True
        self._keep_id()

    def _keep_id(self) -> None:
        if self._place is not None and self._id:
            keep_id(self._place, self._id)

    def _begin(self) -> None:
        found = params(self._program)
        self._mlflow.log_params(self._logged.new_params(found) if self._logged is not None else found)
        self._mlflow.log_text(self._program.canonical + "\n", "cell.mtl")

    def _go_on(self) -> None:
        """With the MLflow run of before, else with a new one, which is told of the past epochs."""
        if self._logged is not None:
            try:
                self._start(run_id=self._before)
            except Exception as error:  # noqa: BLE001  deleted since, or of another experiment than is set here
                self._logged, self._lost = None, first_line(error).partition(". ")[0]
        if self._logged is None:
            self._start()
            message = (
                f"MLflow's run {self._before} of '{self._name}' cannot go on ({self._lost}): {self._id} is a new one"
            )
            warnings.warn(MtlWarning(Problem("MTL462", message, severity="warning")), stacklevel=2)
        self._begin()

    def __call__(self, event: Event) -> None:
        match event:
            case Kept():
                self._place = pathlib.Path(event.folder)
                self._keep_id()
            case Started() if not self._open:
                self._try(self._go_on)
            case Evaluated():
                self._try(lambda: self._log(metrics(event), event.step))
            case Changed():
                default = "the default"
                what = f"{event.what} {event.before or default} → {event.after or default}"
                self._changes.append(f"from step {event.step}: {what}")
                said = "\n".join(self._changes)[-LONGEST_TAG:]
                self._try(lambda: self._mlflow.set_tags({"mtl_magic.changes": said}))

    def _log(self, found: dict[str, float], step: int) -> None:
        if self._logged is not None:
            found = self._logged.new_metrics(found, step)
        if found:
            self._mlflow.log_metrics(found, step=step)

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
        if not self._open:
            return
        self._well, self._open = True, False
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
def tracked(name: str, program: Program, *, keep: Keep | None = None, wanted: bool = True) -> Iterator[list[Tracker]]:
    """The tracker of a training as a list, which is empty where none is wanted; a training that fails closes it.

    Example:
        ::

            with tracked("feed", program, keep=keep) as trackers:
                run = train(program, prepared, listeners=[*listeners, *trackers], keep=keep)
                for tracker in trackers:
                    tracker.finish(run)
    """
    trackers = [Tracker(name, program, keep)] if wanted else []
    if not wanted and keep is not None and keep.place is not None and (before := id_in(keep.place)):
        message = f"'{keep.again}' was logged to MLflow, as {before}; what comes now is not"
        hint = "--mlflow goes on with that MLflow run"
        warnings.warn(MtlWarning(Problem("MTL462", message, hint=hint, severity="warning")), stacklevel=2)
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
    """Of an epoch: 'lr', 'loss/click', 'weight/click', 'valid_auc/click', 'epoch'; this one last, so that whoever finds it
    finds all.
    """
    found = {"lr": event.lr}
    found |= {f"loss/{task}": value for task, value in event.train_losses.items()}
    found |= {f"weight/{task}": value for task, value in event.weights.items()}
    for task, scores in event.metrics.items():
        found |= {f"valid_{metric}/{task}": value for metric, value in scores.items()}
    return _safe(found | {"epoch": float(event.epoch)})


def _safe(found: dict[str, float]) -> dict[str, float]:
    """Names and values that MLflow takes: NaN, of what nothing defines, is none."""
    return {ODD.sub("_", name): float(value) for name, value in found.items() if math.isfinite(value)}
