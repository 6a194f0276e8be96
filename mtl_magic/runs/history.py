"""The history of a training: a listener that turns its events into one row an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.train.conflicts import Windows
from mtl_magic.train.events import Changed, Evaluated, Event, Finished, Gates, Gradients, Started, Steered, Trouble

if TYPE_CHECKING:
    import pandas as pd


class History:
    """Listens to a training and keeps what a run remembers of it.

    Columns: `epoch`, `step`, `seconds`, `lr`, `best`, then for each task `TASK.loss` (training), `TASK.val_loss` and
    `TASK.val_METRIC` (validation), `TASK.weight` (as applied); behind them of each conditional `CHILD|PARENT.val_METRIC`.
    """

    def __init__(self) -> None:
        self.watched: dict[str, str] = {}  # task -> the metric by which a person watches it
        self.finished: Finished | None = None
        self.steered: list[Steered] = []  # what a person did while it trained
        self.changes: list[dict[str, Any]] = []  # what was other when the training went on: step, what, from, to
        self.troubles: list[str] = []  # what could not be kept
        self._gates: dict[str, Gates] = {}  # of each block, the last
        self._gradients = Windows()
        self._rows: list[dict[str, Any]] = []

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self.watched = dict(event.metrics)
            case Evaluated():
                self._rows.append(_row(event))
            case Gates():
                self._gates[event.block] = event
            case Gradients():
                self._gradients.add(event)
            case Steered():
                self.steered.append(event)
            case Changed():
                self.changes.append({"step": event.step, "what": event.what, "from": event.before, "to": event.after})
            case Trouble() if event.text not in self.troubles:
                self.troubles.append(event.text)
            case Finished():
                self.finished = event

    def gates(self) -> list[dict[str, Any]]:
        """How the tasks used experts last, plainly: block, tasks, experts, use."""
        names = ("block", "tasks", "experts", "use")
        return [{name: getattr(event, name) for name in names} for event in self._gates.values()]

    def gradients(self) -> pd.DataFrame | None:
        """How the tasks' gradients stood to each other (`runs/gradients.py`); None: they were not compared."""
        from mtl_magic.runs.gradients import frame_of

        return frame_of(events) if (events := self._gradients.events()) else None

    def commands(self) -> list[dict[str, Any]]:
        """What a person did while it trained, plainly: step, what, and where it has them task, from and to."""
        found = []
        for event in self.steered:
            values = {"from": event.before, "to": event.value} if event.value is not None else {}
            found.append(
                {"step": event.step, "what": event.what, **({"task": event.task} if event.task else {}), **values}
            )
        return found

    def frame(self) -> pd.DataFrame:
        """One row an epoch; empty where training ended before the first."""
        import pandas as pd

        return pd.DataFrame(self._rows) if self._rows else pd.DataFrame({"epoch": [], "step": [], "seconds": []})


def _row(event: Evaluated) -> dict[str, Any]:
    row: dict[str, Any] = {
        "epoch": event.epoch,
        "step": event.step,
        "seconds": event.seconds,
        "lr": event.lr,
        "best": event.best,
    }
    for task, loss in event.train_losses.items():
        row[f"{task}.loss"] = loss
        for metric, value in event.metrics.get(task, {}).items():
            row[f"{task}.val_{metric}"] = value
        row[f"{task}.weight"] = event.weights.get(task, float("nan"))
    for title, found in event.metrics.items():
        if title not in event.train_losses:
            row |= {f"{title}.val_{metric}": value for metric, value in found.items()}
    return row
