"""Labels of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


def class_index(
    column: pd.Series,
    classes: list[Any],
    spelt: Callable[[Any], Any],
) -> np.ndarray:
    """Each row's class as its place in `classes`, NaN where there is none."""
    place = {value: i for i, value in enumerate(classes)}
    codes, values = pd.factorize(column)
    keys = [spelt(value) for value in values]
    found = [np.nan if key is None else place[key] for key in keys]
    return np.array([*found, np.nan])[codes]


def where(condition: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The label of the rows where another task's label is 1; it does not count elsewhere."""
    return np.where(condition == 1, label, np.nan)
