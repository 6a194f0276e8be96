"""Which rows train, validate and test: (rows,) of 0, 1 and 2. The values of a part: its share, or its first moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def counts_of(rows: int, valid: float, test: float) -> tuple[int, int]:
    """Rows of the validation and of the test part."""
    first, second = (max(1, round(s * rows)) if s else 0 for s in (valid, test))
    return first, second


def at_random(rows: int, valid: float, test: float, seed: int) -> np.ndarray:
    """Shares of the rows, drawn at random."""
    first, second = counts_of(rows, valid, test)
    order = np.random.default_rng(seed).permutation(rows)
    part = np.zeros(rows, "int8")
    part[order[:first]] = 1
    part[order[first : first + second]] = 2
    return part


def alone(groups: pd.Series) -> np.ndarray:
    """Group numbers; a row of no group is one by itself."""
    codes = pd.factorize(groups, sort=True)[0].astype("int64")
    single = codes < 0
    codes[single] = codes.max(initial=-1) + 1 + np.arange(single.sum())
    return np.unique(codes, return_inverse=True)[1]


def by_group(groups: pd.Series, valid: float, test: float, seed: int) -> np.ndarray:
    """Shares of the rows, to the nearest whole group."""
    numbered = alone(groups)
    sizes = np.bincount(numbered)
    order = np.random.default_rng(seed).permutation(len(sizes))
    part, start = np.zeros(len(sizes), "int8"), 0
    for which, share, later in ((1, valid, 1 + (test > 0)), (2, test, 1)):
        if share:
            filled = np.cumsum(sizes[order[start:]])[
                : max(len(sizes) - start - later, 1)
            ]
            take = int(np.abs(filled - share * len(numbered)).argmin()) + 1
            part[order[start : start + take]] = which
            start += take
    return part[numbered]


def strata(label: np.ndarray) -> np.ndarray:
    """The values of a label, or its tenths where it has many; -1 where there is none."""
    known = label[~np.isnan(label)]
    values = np.unique(known)
    found = np.full(len(label), -1)
    if len(values) > 20:
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, 11)[1:-1]))
        found[~np.isnan(label)] = np.searchsorted(cuts, known, side="right")
    else:
        found[~np.isnan(label)] = np.searchsorted(values, known)
    return found


def stratified(label: np.ndarray, valid: float, test: float, seed: int) -> np.ndarray:
    """Shares of the rows at random, with the label's values divided alike."""
    kinds, rows = strata(label), len(label)
    rng = np.random.default_rng(seed)
    order = rng.permutation(rows)
    order = order[np.argsort(kinds[order], kind="stable")]
    part, offset = np.zeros(rows, "int8"), rng.random()
    for which, size in enumerate(counts_of(rows, valid, test), start=1):
        free = order[part[order] == 0]
        if size:
            places = (np.arange(size) + offset) * len(free) / size
            part[free[places.astype("int64")]] = which
    return part


def moments(column: pd.Series) -> np.ndarray:
    """A column of times: numbers as they are, dates as seconds since 1970."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy("float64", na_value=np.nan)
    since = pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")
    return (since / pd.Timedelta(seconds=1)).to_numpy("float64", na_value=np.nan)


def moment(value: Any, column: pd.Series) -> float:
    """A first moment in the terms of a column: of dates, or of numbers that may count from 1970."""
    numeric = pd.api.types.is_numeric_dtype(column)
    if numeric and not isinstance(value, str):
        return float(value)
    date = pd.Timestamp(str(value))
    if date.tzinfo is None:
        date = date.tz_localize("UTC")
    size = column.median() if numeric else 0
    if 19000101 <= size <= 21001231:
        return float(date.strftime("%Y%m%d"))
    units = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (-np.inf, 1.0))
    return date.timestamp() * next(unit for least, unit in units if size >= least)


def latest_of_group(times: np.ndarray, groups: pd.Series) -> np.ndarray:
    """Each row's time raised to its group's latest, so that groups stay whole."""
    numbered = alone(groups)
    latest = np.full(numbered.max(initial=-1) + 1, -np.inf)
    np.maximum.at(latest, numbered, np.where(np.isnan(times), -np.inf, times))
    found = latest[numbered]
    return np.where(np.isinf(found), np.nan, found)


def near(known: np.ndarray, rows: float, below: int) -> float:
    """The time at which a part of about `rows` rows begins; equal times stay together."""
    places = (np.flatnonzero(np.diff(known)) + 1)[below - 1 :]
    return known[places[np.abs(places - (len(known) - rows)).argmin()]]


def by_time(times: np.ndarray, valid: float, test: float) -> np.ndarray:
    """The latest rows test, those before them validate; rows without a time train."""
    filled = np.where(np.isnan(times), -np.inf, times)
    known = np.sort(times[~np.isnan(times)])
    rows, part = len(known), np.zeros(len(times), "int8")
    for which, start, below in ((2, test, 1 + (valid > 0)), (1, valid, 1)):
        if start:
            first = near(known, rows * start, below) if start < 1 else start
            part[(filled >= first) & (part == 0)] = which
            known = known[known < first]
    return part
