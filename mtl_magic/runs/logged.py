"""What MLflow already has of a training that goes on: the id of its run, kept in the run's folder, and what it was told."""

from __future__ import annotations

import contextlib
import pathlib
import re
from typing import Any

from mtl_magic.problems import first_line
from mtl_magic.runs.project import files

FILE = "mlflow.json"  # in a run's folder: {"run_id": …}; no address, which may hold a password
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")  # what MLflow takes for one
GONE = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}  # what MLflow says of an id that it has not


def id_in(place: pathlib.Path) -> str:
    """The id of MLflow's run that the training in this folder was logged to; '': there is none, or the file is damaged."""
    found = files.read_json(place / FILE)
    named = found.get("run_id") if isinstance(found, dict) else None
    return named if isinstance(named, str) and ID.fullmatch(named) else ""


def keep_id(place: pathlib.Path, run_id: str) -> None:
    """Keep the id. Where the disk refuses, which the recorder says, the log of a training that goes on is a new one."""
    with contextlib.suppress(OSError):
        files.put_json(place / FILE, {"run_id": run_id})


class GoneError(Exception):
    """MLflow answers, and has no such run any more."""


class Logged:
    """What an MLflow run holds.

    Args:
        mlflow: the module.
        run_id: of the run.

    Raises:
        GoneError: the run is not there any more.
        Exception: whatever MLflow raises where its server does not answer.
    """

    def __init__(self, mlflow: Any, run_id: str) -> None:
        try:
            found = mlflow.get_run(run_id)
        except Exception as error:
            if getattr(error, "error_code", "") in GONE:
                raise GoneError(first_line(error)) from error
            raise
        if found.info.lifecycle_stage != "active":
            raise GoneError("it was deleted there")
        self._client, self._id = mlflow.MlflowClient(), run_id
        self._params = dict(found.data.params)
        self._points: dict[str, set[tuple[int, float]]] = {}
        self._last = max((step for step, _ in self._of("epoch")), default=-1)

    def new_params(self, params: dict[str, str]) -> dict[str, str]:
        """Those that it lacks: MLflow refuses another value for one that it has."""
        return {name: value for name, value in params.items() if name not in self._params}

    def new_metrics(self, metrics: dict[str, float], step: int) -> dict[str, float]:
        """Those that it lacks. A training that goes on tells of its past epochs again, and makes those since its checkpoint
        again, to the same values unless something has been changed.
        """
        if step > self._last:
            return metrics
        return {name: value for name, value in metrics.items() if (step, value) not in self._of(name)}

    def _of(self, name: str) -> set[tuple[int, float]]:
        """All points of a metric, (step, value); asked for once."""
        if name not in self._points:
            history = self._client.get_metric_history(self._id, name)
            self._points[name] = {(int(point.step), float(point.value)) for point in history}
        return self._points[name]
