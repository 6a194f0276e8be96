"""Chance that depends on a row alone: the same row has the same draw in whatever piece it is read."""

from __future__ import annotations

import numpy as np

ODD = np.uint64(0x9E3779B97F4A7C15)


def mixed(values: np.ndarray) -> np.ndarray:
    """64 bits of each of the values (n,) uint64, each bit of which depends on all of theirs (Steele et al. 2014, SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    made: np.ndarray = values ^ (values >> np.uint64(31))
    return made


def uniform(keys: np.ndarray, seed: int) -> np.ndarray:
    """A number in [0, 1) for each key (n,) uint64, float64.

    Example:
        >>> uniform(np.arange(3, dtype="uint64"), seed=0).round(3).tolist()
        [0.282, 0.652, 0.701]
    """
    begun = mixed(np.full(1, seed + 1, "uint64") * ODD)
    return (mixed(keys * ODD + begun) >> np.uint64(11)).astype("float64") / 2**53


def rows(start: int, count: int, seed: int) -> np.ndarray:
    """The draws of `count` rows from number `start` on, (count,) float64."""
    return uniform(np.arange(start, start + count, dtype="uint64"), seed)
