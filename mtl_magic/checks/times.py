"""MTL107: a validation or test table that lies in the time of the training rows, or before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.checks.places import warning
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.moments import moments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared
    from mtl_magic.data.sources import Table
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

SHARE = 0.05  # of the part's rows; a few late events are no mistake


def earlier(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For tables of `--valid` and `--test` that have the split's time; what the split itself cuts is in order."""
    raw, name = prepared.raw, program.split.time
    if raw is None or not name:
        return
    past = _times(raw.table, name, raw.parts.train)
    for part, table in (("valid", raw.valid), ("test", raw.test)):
        if table is None or not len(past):
            continue
        then = _times(table, name)
        early = int((then < past.max()).sum())
        if early and early > SHARE * len(then):
            share = f"{early:,} of {len(then):,} rows of {table.title} ({100 * early / len(then):.0f}%)"
            message = f"{share} are earlier in '{name}' than the last training row"
            way = f"a model is used on days that it has not seen: give later rows, or leave out --{part} and let the split cut"
            yield warning("MTL107", message, program.places.get("split.time"), way)


def _times(table: Table, name: str, rows: np.ndarray | None = None) -> np.ndarray:
    column = table.resolve(name)
    try:
        found = moments(table[column]).values if column else np.empty(0)
    except MisfitError:
        return np.empty(0)
    if rows is not None and len(found):
        found = found[rows]
    return found[~np.isnan(found)]
