"""Statistics of labels whose rows have weights; without weights, those of NumPy. In float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def mean(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Σ w v / Σ w, both (n,); where all weights are 0, as without them.

    Example:
        >>> import numpy as np
        >>> mean(np.array([0.0, 1.0]), np.array([1.0, 3.0]))
        0.75
    """
    if weights is None or not weights.any():
        return float(values.mean(dtype="float64"))
    return float((values.astype("float64") * weights).sum() / weights.sum(dtype="float64"))


def deviation(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The square root of the mean squared deviation from the mean; 1 where that is 0."""
    wide = values.astype("float64")
    return mean((wide - mean(wide, weights)) ** 2, weights) ** 0.5 or 1.0


def quantile(values: np.ndarray, q: float, weights: np.ndarray | None = None) -> float:
    """The value that minimises Σ w (q - [e < 0]) e, e = v - it: without weights NumPy's, between two rows in a line.

    Example:
        >>> import numpy as np
        >>> quantile(np.array([1.0, 2.0, 9.0]), 0.5, np.array([1.0, 1.0, 3.0]))
        9.0
    """
    import numpy as np

    if weights is None or not weights.any():
        return float(np.quantile(values.astype("float64"), q))
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order], dtype="float64")
    place = np.searchsorted(below, q * below[-1])
    return float(values[order][min(place, len(order) - 1)])
