"""What trials are compared by, on the validation part: metrics, losses, or the mean that chooses the epoch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared, Schema
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run
    from mtl_magic.tune.space import Hyper

MEAN = "mean loss"  # over the heads, each over its constant's


@dataclasses.dataclass(frozen=True)
class Objective:
    """A metric of a task, or its loss; the mean loss of all, where `metric` is ''.

    Attributes:
        task, metric: of which head, and which; 'loss' is its validation loss.
        higher: whether more is better.
        weights, constants: of the mean: each head's say, and the loss of its best constant.
    """

    task: str
    metric: str
    higher: bool
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    constants: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """'click.auc'."""
        return f"{self.task}.{self.metric}" if self.metric else MEAN

    @property
    def sign(self) -> int:
        """By which a value is multiplied so that more is better."""
        return 1 if self.higher else -1

    def of(self, run: Run) -> float:
        """Its value for the weights that a run has kept; NaN where it has none."""
        history = run.history
        rows = history[history["epoch"] == run.best_epoch] if run.best_epoch is not None else history.tail(1)
        if not len(rows):
            return math.nan
        row: Mapping[Any, Any] = rows.iloc[-1]
        if self.metric:
            return float(row.get(f"{self.task}.val_{self.metric}", math.nan))
        from mtl_magic.train.stopping import Stopping

        found = {task: {"loss": float(row.get(f"{task}.val_loss", math.nan))} for task in self.constants}
        return Stopping(dict(self.constants), dict(self.weights)).score(found)


def objectives_of(
    program: Program, prepared: Prepared, asked: Sequence[str] | None, hypers: Sequence[Hyper]
) -> tuple[Objective, ...]:
    """The objectives that a cell asks for.

    Args:
        program, prepared: of trial 0.
        asked: as the `tune` line says.
        hypers: the search spaces.

    Raises:
        MtlError: MTL490 there is no validation part; MTL303 a metric that no task reports, or that is best at a value between;
            MTL491 a loss cannot compare trials whose losses are different quantities.
    """
    from mtl_magic.model.settle import settle
    from mtl_magic.train.fit import stopping_of, watched, with_constants

    place = program.places.get("tune.objective")
    if prepared.valid is None or not len(prepared.valid):
        hint = "give one: split valid=0.1, or --valid"
        raise MtlError(
            Problem("MTL490", "trials are compared on a validation part, and there is none", place, hint), program.text
        )
    settled = settle(program, prepared.schema)
    schema = with_constants(settled, prepared)
    judge = stopping_of(settled, schema, {t.name: t.weight for t in settled.tasks}, prepared.valid)
    if asked:
        found = tuple(Objective(*watched(name, "objective", place, program, schema)) for name in asked)
    elif judge.watch is not None:
        found = (Objective(*judge.watch),)
    else:
        found = (Objective("", "", False, dict(judge.weights), dict(judge.constants)),)
    for objective in found:
        if objective.metric not in ("", "loss"):
            continue
        tasks = [objective.task] if objective.task else list(objective.constants)
        changed = next((h for h in hypers if set(tasks) & set(h.of_loss)), None)
        if changed is None:
            continue
        message = f"the objective '{objective.name}' cannot compare trials: the space '{changed.name}' changes what that loss is"
        raise MtlError(Problem("MTL491", message, place, _hint(schema, tasks)), program.text)
    return found


def _hint(schema: Schema, tasks: Sequence[str]) -> str:
    """A metric of one of the tasks that may stand in the place of its loss."""
    from mtl_magic.language.format import name
    from mtl_magic.language.spec import Word

    for task in tasks:
        for metric in schema.task(task).kind.metrics_of():
            if metric.higher_is_better is not None and metric.title == metric.word:
                return f"name a metric: tune objective={name(Word(task))}.{metric.word}"
    return "name a metric that is better or worse"


def gain(objectives: Sequence[Objective], values: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """Mean relative change against the reference, more is better: Δm of Maninis et al. 2019, equation 4, as a share.

    Example:
        >>> gain([Objective("a", "auc", True), Objective("b", "rmse", False)], {"a.auc": 0.77, "b.rmse": 9.0}, {"a.auc": 0.7, "b.rmse": 10.0})
        0.1
    """
    changes = [o.sign * (values[o.name] - reference[o.name]) / max(abs(reference[o.name]), 1e-12) for o in objectives]
    return round(sum(changes) / len(changes), 12)


def front(points: Mapping[int, Sequence[float]]) -> list[int]:
    """Which points no other beats: better in one entry, and as good in all others; more is better.

    Example:
        >>> front({0: (1.0, 1.0), 1: (2.0, 0.5), 2: (1.0, 0.9), 3: (0.5, 2.0)})
        [0, 1, 3]
    """

    def beaten(one: Sequence[float]) -> bool:
        return any(
            all(a >= b for a, b in zip(other, one, strict=True)) and tuple(other) != tuple(one)
            for other in points.values()
        )

    return [number for number, point in points.items() if not beaten(point)]
