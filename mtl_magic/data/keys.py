"""A column's values as 64-bit keys: equal values have equal keys in whatever piece they are read, on every machine."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mtl_magic.data.columns import Column, absent, dictionary, family, numbers
from mtl_magic.data.hashed import hashes
from mtl_magic.data.streaming import draws


def keys(column: Column) -> tuple[np.ndarray, np.ndarray]:
    """The key of each row's value (n,) uint64, and which rows have none (n,) bool.

    Raises:
        MisfitError: lists and the like.
    """
    if family(column.type) == "time":
        times = numbers(column)
        return draws.mixed((times + 0.0).view("uint64")), np.isnan(times)
    codes, values = dictionary(column)
    gone = absent(values)
    found = np.zeros(len(values) + 1, "uint64")  # code -1, a null, reads the last
    known = np.flatnonzero(~gone)
    found[known] = hashes(values.take(pa.array(known)))
    return found[codes], np.append(gone, True)[codes]
