"""MTL104: a feature that is, or nearly is, a function of a label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mtl_magic.checks import measure
from mtl_magic.checks.places import feature_span, warning
from mtl_magic.checks.sample import Sample
from mtl_magic.language.format import name
from mtl_magic.language.spec import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from mtl_magic.data.schema import EncodedFeature, Prepared, TaskSchema
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

# Of a feature by itself on held-out rows. On the feed log watch time has an AUC of 0.986 for the click that it is
# measured after, no input more than 0.77; on the census no input has more than 0.86 for income, and the household's
# "never married" 0.978 for being so; on the bike hours `registered` explains 97.8% of the ranks of its sum `cnt`, no
# other input more than 64%.
AUC = 0.975
SHARE = 0.95  # of a number's rank variance, or of the errors of always guessing the commonest class


def leaks(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For each feature and task that it gives away."""
    sample = Sample.of(prepared)
    targets = [_target(task, sample.labels[:, k]) for k, task in enumerate(prepared.schema.tasks)]
    for feature in prepared.schema.features:
        vector = feature.kind.word == "vector"
        values = sample.vector(feature) if vector else sample.codes(feature)
        lists = sample.lists(feature)
        for task, labels in zip(prepared.schema.tasks, targets, strict=True):
            said = _copied(feature, task) or _said(task, values, labels, sample.half, vector)
            if not said and lists is not None and task.kind.word == "binary":
                said = _held(measure.member(lists, labels))
            if said:
                yield _warn(program, feature, task, said)


def _target(task: TaskSchema, labels: np.ndarray) -> np.ndarray:
    return labels if task.kind.word in ("binary", "multiclass") else measure.ranks(labels)


def _copied(feature: EncodedFeature, task: TaskSchema) -> str:
    return "its column is the task's label" if feature.source in task.columns else ""


def _said(task: TaskSchema, values: np.ndarray, labels: np.ndarray, half: int, vector: bool) -> str:
    """How far the values give the label away, for a sentence; '' where they do not."""
    if vector:
        found = math.nan if task.kind.word == "multiclass" else measure.correlation(values, labels)
        return f"one of its dimensions explains {_percent(found)} of the label's variance" if found >= SHARE else ""
    if task.kind.word == "binary":
        found = measure.auc(values, labels, half)
        return f"by itself it ranks held-out rows with an AUC of {_three(found)}" if found >= AUC else ""
    if task.kind.word == "multiclass":
        found = measure.avoided(values, labels, half)
        best = "that always guessing the commonest class makes on held-out rows"
        return f"by itself it avoids {_percent(found)} of the errors {best}" if found >= SHARE else ""
    found = measure.explained(values, labels, half)
    return f"by itself it explains {_percent(found)} of the order of held-out labels" if found >= SHARE else ""


def _held(found: float) -> str:
    return f"one of its items by itself ranks rows with an AUC of {_three(found)}" if found >= AUC else ""


def _three(value: float) -> str:
    return "1" if value == 1 else f"{math.floor(value * 1000) / 1000:.3f}"


def _percent(share: float) -> str:
    return "all" if share > 0.9999 else f"{math.floor(share * 1000) / 10:.1f}%"


def _warn(program: Program, feature: EncodedFeature, task: TaskSchema, said: str) -> Problem:
    own, plan = feature_span(program, feature), program.task(task.name)
    way = f"if it is known only after the fact, leave it out: ignore {name(Word(feature.name))}"
    if own:
        way = "if it is known only after the fact, take it out of the features"
    message = f"feature '{feature.name}' gives task '{task.name}' away: {said}"
    return warning("MTL104", message, own or plan.span, way, plan.span)
