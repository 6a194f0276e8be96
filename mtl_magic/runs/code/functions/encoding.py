"""From columns of a DataFrame to what the model reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


def as_text(value: Any) -> str | None:
    """A value as the vocabulary spells it, 3.0 as '3'; None: it is missing."""
    if isinstance(value, str):
        return value or None
    if value is None or value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    if not np.isfinite(value):
        return None
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def as_whole(value: Any) -> Any:
    """A value as a whole number where it is one, '3' and 3.0 too; None: it is missing."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, str):
        spelt = re.sub(r"^([+-]?\d+)\.0*$", r"\1", value.strip()).lower()
        spelt = {"true": "1", "false": "0"}.get(spelt, spelt)
        whole = re.fullmatch(r"[+-]?\d{1,20}", spelt)
        return int(spelt) if whole else value or None
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return int(value)
    if not np.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def as_number(value: Any) -> Any:
    """A value as a number where it is one, '0.5' too; None: it is missing."""
    if value is None or value is pd.NA or isinstance(value, str):
        number = pd.to_numeric(value, errors="coerce") if value else np.nan
        return float(number) if np.isfinite(number) else value or None
    return float(value) if np.isfinite(value) else None


def as_short_number(value: Any) -> Any:
    """A value as a 32-bit number where it is one; None: it is missing."""
    if value is None or value is pd.NA or isinstance(value, str):
        number = pd.to_numeric(value, errors="coerce") if value else np.nan
        return float(np.float32(number)) if np.isfinite(number) else value or None
    return float(np.float32(value)) if np.isfinite(value) else None


def as_truth(value: Any) -> Any:
    """A value as yes or no, 'true' and 1 too; None: it is missing."""
    spelt = as_text(value)
    words = {"true": True, "1": True, "false": False, "0": False}
    return None if spelt is None else words.get(spelt.lower(), spelt)


def category(
    column: pd.Series,
    vocabulary: list[Any],
    spelt: Callable[[Any], Any],
) -> np.ndarray:
    """Rows of an embedding: 0 for an unknown value, 1 for a missing one, then the vocabulary."""
    place = {value: i for i, value in enumerate(vocabulary, start=2)}
    codes, values = pd.factorize(column)
    keys = [spelt(value) for value in values]
    ids = [1 if key is None else place.get(key, 0) for key in keys]
    return np.array([*ids, 1], "int32")[codes]  # a null's code is -1


def hashed(column: pd.Series, rows: int) -> np.ndarray:
    """Rows of an embedding: 1 for a missing value, from 2 on by the value's hash."""
    if column.dtype == "float32":  # by its own digits, so that 0.1 is 0.1
        column = column.astype(str).astype("float64")
    codes, values = pd.factorize(column)
    keys = [as_text(value) for value in values]
    words = np.array([key or "" for key in keys], object)
    found = pd.util.hash_array(words, hash_key="mtl_magic hashes", categorize=False)
    ids = 2 + found % np.uint64(rows)
    gone = np.array([key is None for key in keys], bool)
    return np.append(np.where(gone, 1, ids), 1).astype("int32")[codes]


def text_tags(
    column: pd.Series,
    vocabulary: list[Any],
    spelt: Callable[[Any], Any],
    length: int,
    separator: str,
) -> np.ndarray:
    """Rows of an embedding, (rows, length): 0 is no tag, 1 an unknown one, then the vocabulary."""
    place = {value: i for i, value in enumerate(vocabulary, start=2)}
    codes, values = pd.factorize(column)
    ids = np.zeros((len(values) + 1, length), "int32")  # a null's code is -1: no tag
    for row, value in enumerate(values):
        texts = value.split(separator) if isinstance(value, str) else [value]
        keys = [spelt(t.strip() if isinstance(t, str) else t) for t in texts]
        known = [place.get(key, 1) for key in keys if key is not None][:length]
        ids[row, : len(known)] = known
    return ids[codes]


def list_tags(
    column: pd.Series,
    vocabulary: list[Any],
    spelt: Callable[[Any], Any],
    length: int,
) -> np.ndarray:
    """Rows of an embedding, (rows, length): 0 is no tag, 1 an unknown one, then the vocabulary."""
    place = {value: i for i, value in enumerate(vocabulary, start=2)}
    ids = np.zeros((len(column), length), "int32")
    for row, cell in enumerate(column):
        one = cell.strip() if isinstance(cell, str) else cell
        many = one if isinstance(one, (list, tuple, np.ndarray)) else [one]
        keys = [spelt(value) for value in many]
        known = [place.get(key, 1) for key in keys if key is not None][:length]
        ids[row, : len(known)] = known
    return ids


def numbers(column: pd.Series) -> np.ndarray:
    """A column as numbers, NaN where there is none."""
    found = pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan).clip(-1e150, 1e150)


def seconds(column: pd.Series) -> np.ndarray:
    """A column of dates or times as seconds since 1970, NaN where there is none."""
    since = pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")
    return (since / pd.Timedelta(seconds=1)).to_numpy("float64", na_value=np.nan)


def missing(values: np.ndarray) -> np.ndarray:
    """Whether there is a number: 1 where there is none."""
    return np.isnan(values)[:, None].astype("float32")


def filled(values: np.ndarray) -> np.ndarray:
    """Numbers for the model, (rows, 1): 0 where there is none."""
    limit = np.finfo("float32").max
    return np.nan_to_num(values).clip(-limit, limit)[:, None].astype("float32")


def scaled(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Numbers with the training rows' mean at 0 and their deviation at 1."""
    return filled((values - mean) / std)


def log_scaled(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Numbers as sign(x) log(1 + |x|), of which these are the mean and the deviation."""
    return filled((np.sign(values) * np.log1p(np.abs(values)) - mean) / std)


def ranked(values: np.ndarray, quantiles: list[float]) -> np.ndarray:
    """The share of the training rows below each number, spread to deviation 1."""
    edges, ranks = np.array(quantiles), np.linspace(0, 1, len(quantiles))
    below = np.interp(values, edges, ranks)  # a tie is worth the middle of its ranks
    above = 1 - np.interp(-values, -edges[::-1], ranks)
    return filled(((below + above) / 2 - 0.5) * np.sqrt(12))


def binned(values: np.ndarray, cuts: list[float]) -> np.ndarray:
    """Rows of an embedding: 1 for a missing number, from 2 on the bin between two cuts."""
    found = np.searchsorted(cuts, values, side="right") + 2
    return np.where(np.isnan(values), 1, found).astype("int32")


def vectors(column: pd.Series, width: int) -> np.ndarray:
    """A column of vectors as (rows, width), NaN where a vector, or a number in it, is missing."""
    found = np.full((len(column), width), np.nan)
    for row, cell in enumerate(column):
        if isinstance(cell, (list, tuple, np.ndarray)) or not pd.isna(cell):
            found[row] = np.asarray(cell, "float64").ravel()
    found[~np.isfinite(found).all(axis=1)] = np.nan
    return found


def scaled_vectors(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Vectors with one mean and one deviation for all components; zeros where missing."""
    return np.nan_to_num((values - mean) / std).astype("float32")
