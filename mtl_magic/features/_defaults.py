"""What a feature is made into where the cell does not say: every default of the data room that quality depends on.

`SCALE`, `BINS`, `FEW`, `min_count` and `dim` were compared on a feed log and on a census; the rest is judgement.
"""

from __future__ import annotations

SCALE = "log"  # of a number
BINS = 32  # quantile bins of a number that get an embedding beside the scaled value; 0: none
ROWS_PER_BIN = 20  # a small table gets fewer bins
BUCKETS = 32  # of `bucket`
CLIP: float | None = None  # scaled numbers are cut at ± this many standard deviations; None: never
FEW = 100  # whole numbers of at most so many values are categories
ROWS_PER_VALUE = 20  # and only where a value has so many rows on average
FEW_CLASSES = 20  # whole numbers of at most so many values, as a label, are classes
MANY_CLASSES = 1000  # texts of more values than this are no label that we would guess
SELDOM = 0.9  # a category with a larger share of values that are too rare to be known is left out where it may be
TAGS_LENGTH = 32  # longer lists of tags are cut
TAGS_SHARE = 0.005  # share of texts that must be joined lists for a column to be tags


def min_count(rows: int) -> int:
    """How often the training rows must show a value for it to get an embedding of its own; `rows`: how many there are."""
    return 1 if rows < 200 else 2


def dim(values: int) -> int:  # noqa: ARG001 - the measured rule is one width for all
    """Width of an embedding of so many values."""
    return 8


def bins(rows: int) -> int:
    """Quantile bins of a number in a table of so many training rows."""
    found = min(BINS, rows // ROWS_PER_BIN)
    return found if found >= 2 else 0


def few(rows: int) -> int:
    """Whole numbers of at most so many values are categories in a table of so many training rows."""
    return max(2, min(FEW, rows // ROWS_PER_VALUE))
