"""How the tasks' gradients stood to each other while a run trained: a table, and back to the events that it is made of.

A bounded number of windows (`train/conflicts.py`), each the mean of the steps since the one before it. Of each window a row a
task, with an empty `other`, and a row a pair of tasks:

    step, seconds   of the window's last step
    task, other
    steps           in how many steps the task had a gradient; of a pair: both had
    norm            of a task: the mean size of its gradient
    left_out        of a task: in how many steps it had none that is finite and not 0
    weight          of a task: as the last step applied it
    cosine          of a pair: the mean
    conflict        of a pair: in which share of the steps the cosine was below 0
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.train.events import Gradients

if TYPE_CHECKING:
    import pathlib

    import numpy as np
    import pandas as pd

COLUMNS = ("step", "seconds", "task", "other", "steps", "norm", "left_out", "weight", "cosine", "conflict")
NAMES = ("task", "other")


def frame_of(events: Iterable[Gradients]) -> pd.DataFrame:
    """The table of such events."""
    import pandas as pd

    return pd.DataFrame([row for event in events for row in _rows(event)], columns=list(COLUMNS))


def write(frame: pd.DataFrame, path: pathlib.Path) -> None:
    """As CSV, to six digits."""
    frame.to_csv(path, index=False, float_format="%.6g")


def read(path: pathlib.Path, tasks: Sequence[str]) -> pd.DataFrame:
    """What `write` has written of these tasks.

    Raises:
        ValueError: it is something else.
    """
    import pandas as pd

    numbers = [c for c in COLUMNS if c not in NAMES]
    frame = pd.read_csv(  # a task may be called NA
        path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values={c: [""] for c in numbers}
    )
    if tuple(frame.columns) != COLUMNS or not all(pd.api.types.is_numeric_dtype(frame[c]) for c in numbers):
        raise ValueError("it is no table of gradients")
    others = (set(frame["task"]) | set(frame["other"])) - {*tasks, ""}
    if others:
        raise ValueError(f"there is no task {min(others)!r}")
    return frame


def _rows(event: Gradients) -> Iterator[tuple[Any, ...]]:
    nan, at = math.nan, (event.step, event.seconds)
    for k, task in enumerate(event.tasks):
        yield (*at, task, "", event.steps[k][k], event.norms[k], event.left_out[k], event.weights[k], nan, nan)
        for m in range(k + 1, len(event.tasks)):
            other = event.tasks[m]
            yield (*at, task, other, event.steps[k][m], nan, nan, nan, event.cosines[k][m], event.conflict[k][m])


def events_of(frame: pd.DataFrame, tasks: Sequence[str]) -> list[Gradients]:
    """The opposite of `frame_of`, for tasks in that order; what it lacks of them is 0 steps, or NaN."""
    import numpy as np

    from mtl_magic.train.conflicts import PLANES, told

    at = {task: k for k, task in enumerate(tasks)}
    found: list[Gradients] = []
    before = np.zeros((PLANES, len(tasks), len(tasks)))
    for (step, seconds), window in frame.groupby(["step", "seconds"], sort=True):
        sums, weights = np.zeros_like(before), np.full(len(tasks), np.nan)
        for row in window.itertuples(index=False):
            if row.task in at and (row.other in at or not row.other):
                _add(sums, weights, at, row)
        found.append(told(int(step), float(seconds), tasks, sums, weights, before=before))
        before = before + sums
    return found


def _add(sums: np.ndarray, weights: np.ndarray, at: dict[str, int], row: Any) -> None:
    """A row of the table into the sums of its window."""
    k, m = at[row.task], at[row.other or row.task]
    sums[1, [k, m], [m, k]] = row.steps
    if row.other:
        if row.steps:
            sums[0, [k, m], [m, k]] = row.cosine * row.steps
            sums[2, [k, m], [m, k]] = row.conflict * row.steps
        return
    sums[0, k, k] = row.steps  # with itself its cosine is 1
    sums[3, k, k] = row.norm * row.steps if row.steps else 0.0
    sums[4, k, k] = row.left_out
    weights[k] = row.weight


def whole(frame: pd.DataFrame, tasks: Sequence[str]) -> Gradients | None:
    """All of a training as one event: means over its steps; None where nothing was compared."""
    import numpy as np

    from mtl_magic.train.conflicts import sums_of, told

    events = events_of(frame, tasks)
    if not events:
        return None
    last = events[-1]
    return told(last.step, last.seconds, tasks, np.sum([sums_of(e) for e in events], axis=0), last.weights)


def worst(event: Gradients) -> str:
    """'like pulls against watch in 62% of steps': the pair that does so most.

    Example:
        >>> conflict = ((0.0, 0.625), (0.625, 0.0))
        >>> worst(Gradients(9, 1.0, ("a", "b"), conflict, (1.0, 1.0), conflict, (1.0, 1.0)))
        'a pulls against b in 62% of steps'
    """
    pairs = [
        (share, k, m)
        for k, row in enumerate(event.overall or event.conflict)
        for m, share in enumerate(row)
        if k < m and not math.isnan(share)
    ]
    if not pairs:
        return ""
    share, k, m = max(pairs, key=lambda pair: pair[0])
    if share == 0:
        return "no task pulls against another"
    said = "less than 1%" if share < 0.01 else f"{share:.0%}"
    return f"{event.tasks[k]} pulls against {event.tasks[m]} in {said} of steps"
