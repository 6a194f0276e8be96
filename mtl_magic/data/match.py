"""Two encoders of one feature: which embedding row of the one is of the same value as which of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from mtl_magic.data.category import FIRST
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.number import bin_ids
from mtl_magic.data.values import align

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder


def same_rows(old: Encoder, new: Encoder) -> np.ndarray:
    """Of each row of the new encoder's embedding the old one's row of the same value, -1 where it has none: (rows,).

    The rows that are no value, of unknown, missing and padding, are the same in both. A bin is that in which its middle
    lies.

    Example:
        >>> import pyarrow as pa
        >>> from mtl_magic.data.category import CategoryEncoder
        >>> one, two = (CategoryEncoder.fit(pa.array(list(v)), min_count=1) for v in ("aab", "bbcca"))
        >>> same_rows(one, two).tolist()
        [0, 1, 3, -1, 2]
    """
    first: Any = old
    second: Any = new
    found = np.full(new.rows, -1, "int64")
    if old.word != new.word:
        return found
    found[:FIRST] = range(min(FIRST, new.rows))
    if hasattr(new, "vocabulary"):
        found[FIRST:] = _values(first.vocabulary, second.vocabulary)
    elif hasattr(new, "cuts"):
        found[FIRST:] = bin_ids(_middles(second), first.cuts)[:, 0] if len(first.cuts) else -1
    elif old.rows == new.rows:  # hashes
        found[FIRST:] = range(FIRST, new.rows)
    return found


def _values(old: Any, new: Any) -> np.ndarray:
    """Rows of the old vocabulary for each value of the new one."""
    try:
        places = pc.index_in(align(new, old.type), old, skip_nulls=True)
    except MisfitError:
        return np.full(len(new), -1)
    found: np.ndarray = places.fill_null(-1 - FIRST).to_numpy(zero_copy_only=False).astype("int64") + FIRST
    return found


def _middles(encoder: Any) -> np.ndarray:
    """A number in each bin."""
    ends = np.array([encoder.low, *encoder.cuts, encoder.high])
    return (ends[:-1] + ends[1:]) / 2
