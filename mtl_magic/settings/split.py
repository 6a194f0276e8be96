"""The `split` statement."""

from __future__ import annotations

from mtl_magic.registry import Declaration, Float, Int, Name, Nothing, OneOf, declare, maybe, option

PART = OneOf((Float(minimum=0), Name("text"), Nothing()))


@declare("settings", "split", example="split valid=0.1 test=0.1 time=time_ms")
class Split(Declaration):
    """How the rows are divided into training, validation and test parts.

    A value between 0 and 1 is a share of the rows; with `time`, a quoted date or a number of at least 1 is the first
    value of that part. `--valid` and `--test` each replace their part.
    """

    valid: float | str | None = option(
        PART, None, "share (or first time) of the validation part; 0.1 where nothing is said"
    )
    test: float | str | None = option(
        PART, None, "share (or first time) of the test part; no test part where nothing is said"
    )
    time: str | None = option(
        maybe(Name("column")), None, "column to split by: earlier rows train, later rows validate and test"
    )
    group: str | None = option(maybe(Name("column")), None, "column whose equal values stay in one part")
    stratify: str | None = option(maybe(Name("task")), None, "task whose label has the same distribution in every part")
    seed: int = option(Int(minimum=0), 0, "seed of a random split")
