"""MTL102: losses of different orders of magnitude that are added as they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mtl_magic.checks.places import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

RATIO = 100.0  # two orders of magnitude


def unequal(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """Once a cell, for a balancing method that reads raw losses: the best constants' losses, times the weights."""
    if getattr(program.balance, "normalised", True):
        return
    found = [(program.task(t.name).weight * t.constant_loss, t.name) for t in prepared.schema.tasks]
    sizes = sorted((size, task) for size, task in found if math.isfinite(size) and size > 0)
    if len(sizes) < 2 or sizes[-1][0] < RATIO * sizes[0][0]:
        return
    (small, less), (large, more) = sizes[0], sizes[-1]
    word = getattr(program.balance, "word", "this method")
    message = (
        f"balance {word} adds raw losses, and that of task '{more}' is {large / small:,.0f} times that of '{less}' "
        f"at the best constants ({large:.3g} and {small:.3g}, weights counted): '{less}' will hardly be learnt"
    )
    way = "balance equal, the default, divides each by its constant's; or give the tasks weights"
    yield warning("MTL102", message, program.places.get("balance"), way, *(program.task(t).span for t in (more, less)))
