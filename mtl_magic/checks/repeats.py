"""MTL106: rows of one part that stand in another too; and MTL216, a test part that is the validation part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.checks.keys import alike, repeated, telling
from mtl_magic.checks.places import part_span, warning
from mtl_magic.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtl_magic.checks.keys import Pick
    from mtl_magic.data.schema import Prepared, Raw
    from mtl_magic.program import Program

SHARE = 0.02  # of a part's rows; what fewer can do to a metric is lost in its noise
CHANCE = 3.0  # and so many times what rows of independent values would repeat by chance


def repeats(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For the validation and the test part: rows that are equal, in every column of the table, to earlier parts' rows."""
    raw = prepared.raw
    if raw is None:
        return
    valid, test = _pick(raw, "valid"), _pick(raw, "test")
    train: Pick = (raw.table, raw.parts.train)
    for part, own, pool in (("valid", valid, [train]), ("test", test, [train, *([valid] if valid else [])])):
        if own is None:
            continue
        again, chance = _again(own, pool)
        count, size = int(again.sum()), len(again)
        if not count or count < size * max(SHARE, CHANCE * chance):
            continue
        word, others = ("validation", "training") if part == "valid" else ("test", "training or validation")
        others = "training" if len(pool) == 1 else others
        message = f"{count:,} of {size:,} {word} rows ({100 * count / size:.1f}%) are exact copies of {others} rows"
        table = getattr(raw, part)
        way = "drop the copies first (drop_duplicates), or keep them together: split time=… or group=…"
        if table is not None:
            way = f"give rows that training has not seen, or leave out --{part} and let the split divide"
        span = part_span(program, part, own=table is not None)
        yield warning("MTL106", message, span, way, line=table is None)


def same_rows(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """The mistake of testing on the rows that choose the epoch to keep."""
    raw = prepared.raw
    valid, test = (_pick(raw, "valid"), _pick(raw, "test")) if raw else (None, None)
    if raw is None or valid is None or test is None or len(valid[1]) != len(test[1]):
        return
    if raw.valid is None and raw.test is None:  # a split's parts share no row
        return
    names = _names(valid, [test])
    if names and alike(valid, test, names):
        message = f"the test part is the validation part: the same {len(test[1]):,} rows"
        hint = (
            "validation chooses the epoch that is kept, so a test needs rows of its own: give others, or leave one out"
        )
        yield Problem("MTL216", message, program.places.get("--test"), hint)


def _pick(raw: Raw, part: str) -> Pick | None:
    table, rows = getattr(raw, part), getattr(raw.parts, part)
    if table is not None:
        return table, np.arange(len(table))
    return (raw.table, rows) if len(rows) else None


def _names(part: Pick, pool: Sequence[Pick]) -> list[str]:
    return [n for n in part[0].names if all(n in table.columns for table, _ in pool)]


def _again(part: Pick, pool: Sequence[Pick]) -> tuple[np.ndarray, float]:
    """Which rows stand in the pool, and the share that would by chance, were the columns independent."""
    order = telling(*part, _names(part, pool))
    if not order:
        return np.zeros(len(part[1]), bool), 1.0
    others = sum(len(rows) for _, rows in pool)
    chance = -math.expm1(-others * math.prod(same for same, _ in order))
    return repeated(part, pool, [name for _, name in order]), chance
