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
    kept = condition == 1
    return np.where(kept if label.ndim == 1 else kept[:, None], label, np.nan)


def unmasked(mask: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The label of the rows whose mask is above 0; it does not count elsewhere."""
    kept = np.nan_to_num(mask) > 0
    return np.where(kept if label.ndim == 1 else kept[:, None], label, np.nan)


def tag_flags(
    column: pd.Series,
    classes: list[Any],
    mark: str,
    spelt: Callable[[Any], Any],
) -> np.ndarray:
    """Of each row which of the classes its tags are, (rows, classes); NaN where there is no
    list. `mark` is what texts join tags by.
    """
    place = {value: i for i, value in enumerate(classes)}
    found = np.zeros((len(column), len(classes)))
    for row, value in enumerate(column):
        tags = value
        if isinstance(value, str):
            tags = [tag.strip() for tag in value.split(mark)] if mark else [value]
        gone = isinstance(value, float) or (isinstance(value, str) and not value)
        if value is None or value is pd.NA or gone:
            found[row] = np.nan
            continue
        for tag in tags:
            key = spelt(tag)
            if key is not None:
                found[row, place[key]] = 1
    return found


def vector_flags(column: pd.Series, count: int) -> np.ndarray:
    """Vectors of 0 and 1 as rows, (rows, count); NaN where there is none."""
    gap = np.full(count, np.nan)
    rows = [gap if v is None or np.ndim(v) == 0 else np.asarray(v) for v in column]
    return np.array(rows, dtype="float64").reshape(-1, count)


def list_numbers(column: pd.Series) -> np.ndarray:
    """The number of each row's list; rows without one have numbers of their own."""
    codes = pd.factorize(column)[0]
    return np.where(codes < 0, -1 - np.arange(len(codes)), codes).astype("float64")


def class_weights(label: np.ndarray, weights: list[float]) -> np.ndarray:
    """What a row weighs by its class; a row without a label is left out elsewhere."""
    return np.array(weights)[np.nan_to_num(label).astype(int)]


def log_deviations(label: np.ndarray, mean: float, std: float) -> np.ndarray:
    """The log of 1 and the label, in deviations from the mean of that."""
    return (np.log1p(label) - mean) / std


def as_rows(values: np.ndarray) -> np.ndarray:
    """Labels as (rows, 1), of several classes (rows, classes)."""
    return values.reshape(len(values), -1).astype("float32")


def beside(labels: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    """Labels (rows, width) with further columns."""
    both = [labels, *(column[:, None] for column in columns)]
    return np.concatenate(both, axis=1, dtype="float32")
