"""MTL103: a label so rare, or so common, that most batches hold one value of it only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mtl_magic.checks.places import warning
from mtl_magic.data.negatives import sampled_mean, sampled_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared, TaskSchema
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

SHARE = 0.5  # of the batches


def rare(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For each binary task of which more than half of the batches are expected to hold no positive (or no negative)."""
    rows = sum(map(len, prepared.train))
    batch = min(program.train.step_rows(rows), rows)
    for task in prepared.schema.tasks:
        if task.kind.word != "binary":
            continue
        mean, labels = sampled_mean(task), sampled_rows(task)
        few, word = min((mean, "positive"), (1 - mean, "negative"))
        count = few * labels
        if not 0 < count < rows:
            continue
        shares = [(few * known / size, taken / rows) for known, size, taken in _tables(program, prepared, task)]
        empty = math.exp(batch * sum(part * math.log1p(-rate) for rate, part in shares))
        if empty > SHARE:
            message = (
                f"task '{task.name}' has {round(count):,} {word}s in {rows:,} training rows: "
                f"an expected {100 * empty:.0f}% of the batches of {batch:,} hold none"
            )
            a_row = sum(part * rate for rate, part in shares)
            enough = 2 ** math.ceil(math.log2(3 / a_row))  # three of them a batch: one batch in twenty has none
            asked = -(-enough // program.train.accumulate)
            way = f"a larger batch helps (train batch={asked})" if enough < rows else "it needs more labelled rows"
            if len(shares) > 1:
                way += ", and so does a larger part of its table (train mix=[…])"
            yield warning("MTL103", message, program.task(task.name).span, way)


def _tables(program: Program, prepared: Prepared, task: TaskSchema) -> list[tuple[float, int, int]]:
    """Of each table labelled rows of the task, training rows, and rows that an epoch takes."""
    if not prepared.tables:
        rows = sum(map(len, prepared.train))
        return [(sampled_rows(task), rows, rows)]
    plan = program.train.plan(prepared.tables)
    return [(t.labels.get(task.name, 0), t.rows, taken) for t, taken in zip(prepared.tables, plan, strict=True)]
