"""MTL103: a label so rare, or so common, that most batches hold one value of it only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mtl_magic.checks.places import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared
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
        few, word = min((task.mean, "positive"), (1 - task.mean, "negative"))
        count = few * task.rows
        if not 0 < count < rows:
            continue
        empty = math.exp(batch * math.log1p(-count / rows))
        if empty > SHARE:
            message = (
                f"task '{task.name}' has {round(count):,} {word}s in {rows:,} training rows: "
                f"an expected {100 * empty:.0f}% of the batches of {batch:,} hold none"
            )
            enough = 2 ** math.ceil(math.log2(3 * rows / count))  # three of them a batch: one batch in twenty has none
            asked = -(-enough // program.train.accumulate)
            way = f"a larger batch helps (train batch={asked})" if enough < rows else "it needs more labelled rows"
            yield warning("MTL103", message, program.task(task.name).span, way)
