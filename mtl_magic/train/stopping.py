"""Early stopping that knows of heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

FEW = 30  # events of a head that give it half of its say


def _capped(ratio: float) -> float:
    """A head that is worse than the best constant is useless, and no more than that: the rest counts a hundredth."""
    return ratio if ratio <= 1 else 1 + (ratio - 1) / 100


def events(task: Any, labels: np.ndarray) -> int:
    """How much a part can say of a head: labelled rows, or those of the rarer side of a binary task; labels (n,)."""
    known = labels[np.isfinite(labels)]
    if task.kind.word != "binary":
        return len(known)
    return int(min(known.sum(), len(known) - known.sum()))


@dataclasses.dataclass(frozen=True)
class Verdict:
    best: bool
    stop: bool
    reason: str = ""


class Stopping:
    """Keeps the best epoch's weights, and ends training when no epoch has been better for a while.

    The score is the mean over tasks of the validation loss over the best constant's, each by its weight, so that no
    head's unit decides, and hardly more than 1 for any head; or one metric of one task, where the person named it. A
    head with few events in the validation part has less say, m / (m + FEW) of it: three positives rank epochs by chance.

    Args:
        constants: task -> loss of the best constant predictor.
        weights: task -> the person's weight; a task of weight 0 has no say.
        patience: epochs without a better one before the end; None: never ends early, and the last epoch is kept.
        watch: (task, metric, higher is better), or None.
        events: task -> events in the validation part (see `events`); none: all heads have their whole say.
    """

    def __init__(
        self,
        constants: dict[str, float],
        weights: dict[str, float],
        patience: int | None = 3,
        watch: tuple[str, str, bool] | None = None,
        events: dict[str, int] | None = None,
    ) -> None:
        self.constants, self.patience, self.watch = constants, patience, watch
        say = {task: m / (m + FEW) for task, m in (events or {}).items()}
        said = {task: weight * say.get(task, 1.0) for task, weight in weights.items()}
        self.weights = said if any(said.values()) else weights  # no head has an event: their losses are all there is
        self.best_score = np.inf
        self.best_epoch: int | None = None
        self.best_metrics: dict[str, dict[str, float]] = {}
        self.best_weights: dict[str, np.ndarray] | None = None
        self._since = 0

    def memory(self) -> dict[str, Any]:
        """What it has seen, without the weights, as a checkpoint keeps it."""
        return {
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "best_metrics": self.best_metrics,
            "since": self._since,
        }

    def remember(self, memory: dict[str, Any], weights: dict[str, np.ndarray] | None) -> None:
        """The opposite of `memory`; `weights` are those of the best epoch."""
        self.best_score, self.best_epoch = memory["best_score"], memory["best_epoch"]
        self.best_metrics, self._since = memory["best_metrics"], memory["since"]
        self.best_weights = weights

    def judge_again(self) -> None:
        """What is remembered was judged by other weights, another metric or another patience than now."""
        if self.patience is None:
            self.best_epoch, self.best_weights, self.best_metrics = None, None, {}
        score = self.score(self.best_metrics) if self.best_epoch is not None else np.inf
        self.best_score = score if np.isfinite(score) else np.inf

    @property
    def judged_by(self) -> str:
        return f"{self.watch[0]}.{self.watch[1]}" if self.watch else "the heads' mean validation loss"

    def score(self, metrics: dict[str, dict[str, float]]) -> float:
        """Lower is better; NaN where nothing can be said."""
        if self.watch is not None:
            task, metric, higher = self.watch
            value = metrics.get(task, {}).get(metric, float("nan"))
            return -value if higher else value
        terms = [
            (self.weights.get(task, 1.0), _capped(found["loss"] / self.constants[task]))
            for task, found in metrics.items()
            if task in self.constants and np.isfinite(found["loss"])
        ]
        total = sum(w for w, _ in terms)
        return sum(w * v for w, v in terms) / total if total else float("nan")

    def update(self, epoch: int, metrics: dict[str, dict[str, float]], weights: Callable[[], Any]) -> Verdict:
        """After an epoch; `weights()` is called only where they are to be kept."""
        if self.patience is None or not metrics:
            return Verdict(False, False)
        score = self.score(metrics)
        if np.isfinite(score) and score < self.best_score:
            self.best_score, self.best_epoch, self.best_weights, self._since = score, epoch, weights(), 0
            self.best_metrics = metrics
            return Verdict(True, False)
        if np.isfinite(score):  # an epoch that cannot be judged is no worse than another
            self._since += 1
        stop = self._since >= self.patience
        reason = (
            f"stopped after epoch {epoch}: {self.judged_by} was best in epoch {self.best_epoch}, whose weights are kept"
        )
        return Verdict(False, stop, reason if stop else "")
