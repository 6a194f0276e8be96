"""Negative sampling: a share of a binary task's negatives teaches it, and what it predicts is the rate of all rows.

With a share w of the negatives the odds of a label are 1/w times what they are in the data, whatever the features
(King & Zeng 2001, section 4.1; He et al. 2014, section 6.3: p = q / (q + (1 - q) / w)). So the head's logit z stays that of
all rows, and the loss of a training row is taken at z + log(1/w). Predictions, metrics, the products of dependencies and
everything that is exported are then right as they are.

The draw is of labels, not of rows: a row whose negative one task forgets still teaches the others. It is one number a row,
the same for all tasks, so that labels go together, and a row that no task learns from any more goes too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.streaming import draws
from mtl_magic.numbers import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.problems import Found
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.program import Program

DRAWN = 0x4E45474154495645  # apart from the draws of the split, which may have the same seed


def share(kind: Any) -> float:
    """The share of its negatives from which a task of this kind learns."""
    return float(getattr(kind, "negatives", 1.0))


def offset(kind: Any) -> float:
    """What the logit of a training row has more than that of all rows: log(1/w).

    Example:
        >>> from mtl_magic.tasks.binary import Binary
        >>> offset(Binary(negatives=0.1)), offset(Binary())
        (2.302585092994046, 0.0)
    """
    return math.log(1 / share(kind)) if share(kind) < 1 else 0.0


def sampled_mean(task: TaskSchema) -> float:
    """The rate of positives among the labels that are left."""
    return task.mean / (task.mean + share(task.kind) * (1 - task.mean)) if task.kind.word == "binary" else task.mean


def sampled_rows(task: TaskSchema) -> float:
    """How many of its labels are left, about."""
    return task.rows * (task.mean + share(task.kind) * (1 - task.mean)) if share(task.kind) < 1 else task.rows


def sampled(kinds: Sequence[Any], labels: np.ndarray, numbers: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels of training rows without the negatives that are not drawn, and which rows teach a task.

    Args:
        kinds: of the tasks, in the order of the first columns of the labels.
        labels: (n, width) float32, NaN where there is none.
        numbers: of the rows among all that were read, (n,): the draw of a row depends on nothing else.
        seed: of the training.

    Returns:
        labels (n, width), and rows that stay (n,) bool: all, where no task samples.
    """
    shares = np.array([share(kind) for kind in kinds])
    if (shares == 1).all():
        return labels, np.ones(len(labels), bool)
    drawn = draws.uniform(numbers.astype("uint64") ^ np.uint64(DRAWN), seed)
    left = labels.copy()
    some = left[:, : len(shares)]
    some[(some == 0) & (drawn[:, None] >= shares)] = np.nan
    return left, np.isfinite(some).any(axis=1)


def check(program: Program, kinds: dict[str, Any], found: Found) -> None:
    """Dependencies whose own terms count the negatives of all rows."""
    for plan in program.tasks:
        for given in plan.givens:
            for name in (plan.name, given.parent):
                if getattr(given.method, "adds", False) and share(kinds.get(name)) < 1:
                    word = given.method.word
                    message = f"task '{name}' samples its negatives, and the risk of '{word}' is over all of them"
                    found.add("MTL222", message, given.span, "leave negatives= out, or take 'via esmm'")


def sentences(tasks: Sequence[TaskSchema], rows: int, left: int) -> list[str]:
    """What a person should know of it; `rows` could train, `left` do."""
    said = [
        f"Task '{t.name}' learns from {short(100 * share(t.kind))}% of its negatives; its probabilities are those of all rows."
        for t in tasks
        if share(t.kind) < 1
    ]
    if said and left < rows:
        said.append(f"{rows - left:,} of {rows:,} training rows teach no task any more and are left out.")
    return said
