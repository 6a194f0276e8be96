"""An MLflow in memory, which refuses what MLflow refuses: other values for parameters, runs that are not there."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any


class MlflowError(Exception):
    """As MLflow's own: with a code."""

    def __init__(self, said: str, error_code: str = "INTERNAL_ERROR") -> None:
        super().__init__(said)
        self.error_code = error_code


class Server(types.ModuleType):
    """Stands for the module mlflow. `runs` is what a server keeps, by id; the runs that are active are a process's."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.__spec__ = types.SimpleNamespace(name="mlflow")  # type: ignore[assignment]
        self.runs: dict[str, Any] = {}
        self.active: list[Any] = []
        self.down = ""  # what it says where it does not answer
        self.refuses = ""  # what it says to a run that is to be started again

    def points(self, run_id: str) -> Iterator[tuple[str, int, float]]:
        return ((name, step, value) for name, step, value in self.runs[run_id].points)

    # -- MLflow's functions ---------------------------------------------------------------------------------------------

    def start_run(self, run_id: str = "", run_name: str = "", nested: bool = False) -> Any:
        self._answer()
        if self.active and not nested:
            raise MlflowError("a run is already active")
        if run_id and self.refuses:
            raise MlflowError(self.refuses)
        found = self.get_run(run_id) if run_id else self._made(run_name)
        found.info.status = "RUNNING"
        self.active.append(found)
        return found

    def _made(self, name: str) -> Any:
        run_id = f"{len(self.runs) + 1:032x}"
        info = types.SimpleNamespace(run_id=run_id, status="", lifecycle_stage="active")
        data = types.SimpleNamespace(params={}, tags={})
        self.runs[run_id] = types.SimpleNamespace(info=info, data=data, name=name, points=[], artifacts=[])
        return self.runs[run_id]

    def get_run(self, run_id: str) -> Any:
        self._answer()
        if run_id not in self.runs:
            raise MlflowError(f"Run '{run_id}' not found", "RESOURCE_DOES_NOT_EXIST")
        return self.runs[run_id]

    def active_run(self) -> Any:
        return self.active[-1] if self.active else None

    def end_run(self, status: str) -> None:
        self.active.pop().info.status = status

    def log_params(self, params: dict[str, str]) -> None:
        known = self.active[-1].data.params
        for name, value in params.items():
            if known.setdefault(name, value) != value:
                raise MlflowError(f"'{name}' has another value", "INVALID_PARAMETER_VALUE")

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        self._answer()
        self.active[-1].points += [(name, step, value) for name, value in metrics.items()]

    def log_text(self, text: str, name: str) -> None:
        self.active[-1].artifacts.append((name, text))

    def log_artifacts(self, folder: str, name: str) -> None:
        self.active[-1].artifacts.append((name, folder))

    def set_tags(self, tags: dict[str, str]) -> None:
        self.active[-1].data.tags |= tags

    def MlflowClient(self) -> Any:
        def get_metric_history(run_id: str, key: str) -> list[Any]:
            return [types.SimpleNamespace(step=s, value=v) for name, s, v in self.points(run_id) if name == key]

        return types.SimpleNamespace(get_metric_history=get_metric_history)

    def _answer(self) -> None:
        if self.down:
            raise ConnectionError(self.down)
