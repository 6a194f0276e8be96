"""Entire-space multi-task model."""

from __future__ import annotations

from mtl_magic.dependencies._entire import EntireSpace
from mtl_magic.registry import declare


@declare(
    "given",
    "esmm",
    paper="Ma et al. 2018, Entire Space Multi-Task Model, eq. 1 and 3",
    example="task buy: binary given click via esmm",
)
class Esmm(EntireSpace):
    """Product over all impressions: P(child) = P(parent) · P(child | parent), learnt on every row.

    Both factors are learnt from all rows, so the conditional has no selection bias; `run.predict` gives it as the
    column `child|parent`. Loss and metrics of the child are those of the product, on every row with its label; the
    conditional has no loss of its own, and the child's metrics on the rows where the parent is 1. A parent that is
    itself given another brings its product along. Several parents multiply as if they were independent, and the
    conditional is given all of them: `child|one,two`; where one depends on the other, chain them. Rows in which the
    child is 1 and the parent 0 train as they are (see MTL105).
    """
