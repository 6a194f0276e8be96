"""The `split` statement."""

from __future__ import annotations

from mtl_magic.parameters import SEED, Float, Int, Name, Nothing, OneOf, maybe
from mtl_magic.registry import Declaration, declare, option

PART = OneOf((Float(minimum=0), Name("text"), Nothing()))


@declare("settings", "split", example="split valid=0.1 test=0.1 time=time_ms")
class Split(Declaration):
    """How the rows are divided into training, validation and test parts.

    A value below 1 is a share of the rows, drawn at random, and 0 is no such part; with `time`, a quoted date or a
    number of at least 1 is the first time of that part, and one part may have a share, the other a first time.
    `--valid` and `--test` each replace their part.

    With `time` the latest rows test, those before them validate, the earliest train; rows of one time stay together,
    so that a share is met as nearly as the times allow. Rows without a time train. The column of `time` is no feature
    unless a line other than `feature *` names it.

    With `group` a part holds whole groups, up to the share of rows as nearly as the groups allow; rows without a group
    are divided one by one. Validation and test groups are then unknown to training: with `group=user_id`, ignore
    `user_id`, or the model learns users that no validation row has. With `time` as well, a group stands where its
    latest row does. `stratify` goes with neither of the two.
    """

    valid: float | str | None = option(
        PART,
        0.1,
        "share, or first time, of the validation part, also where only `test` is given; none or 0: no validation part",
    )
    test: float | str | None = option(PART, None, "share, or first time, of the test part; none or 0: no test part")
    time: str | None = option(maybe(Name("column")), None, "column to split by: dates, ISO texts or numbers")
    group: str | None = option(
        maybe(Name("column")), None, "column whose equal values stay in one part; it may be ignored as a feature"
    )
    stratify: str | None = option(
        maybe(Name("task")),
        None,
        "task whose label is distributed alike in every part, to within a row; of a number, its tenths",
    )
    seed: int = option(Int(minimum=0, maximum=SEED), 0, "seed of a random split")
