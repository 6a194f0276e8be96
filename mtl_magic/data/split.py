"""Which rows train, validate and test: pure functions of arrays and a seed. Every row is in exactly one part."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np

from mtl_magic.data.columns import MisfitError

Rows: TypeAlias = np.ndarray  # (n,) int64, ascending


@dataclasses.dataclass(frozen=True)
class Parts:
    """Row numbers, ascending, disjoint, together all of them."""

    train: Rows
    valid: Rows
    test: Rows

    @classmethod
    def of(cls, part: np.ndarray) -> Parts:
        """From each row's part: 0 train, 1 valid, 2 test."""
        return cls(*(np.flatnonzero(part == k) for k in range(3)))


def counts_of(rows: int, valid: float, test: float) -> tuple[int, int]:
    """Rows of the two parts; a share that is not 0 has at least one row.

    Raises:
        MisfitError: nothing is left to train on.
    """
    sizes = [max(1, round(share * rows)) if share else 0 for share in (valid, test)]
    if sum(sizes) >= rows:
        raise MisfitError(f"nothing is left to train on: valid={valid:g} and test={test:g} of {rows:,} rows")
    return sizes[0], sizes[1]


def at_random(rows: int, valid: float, test: float, seed: int) -> Parts:
    """Shares of the rows at random.

    Example:
        >>> parts = at_random(10, 0.2, 0.1, seed=0)
        >>> len(parts.train), len(parts.valid), len(parts.test)
        (7, 2, 1)
    """
    sizes = counts_of(rows, valid, test)
    order = np.random.default_rng(seed).permutation(rows)
    part = np.zeros(rows, "int8")
    part[order[: sizes[0]]] = 1
    part[order[sizes[0] : sum(sizes)]] = 2
    return Parts.of(part)


def by_group(groups: np.ndarray, valid: float, test: float, seed: int) -> Parts:
    """Shares of the rows, to the nearest whole group; groups (n,) int, where -1 is a row of no group, by itself.

    Raises:
        MisfitError: there are fewer groups than parts.
    """
    groups = alone(groups)
    sizes = np.bincount(groups)
    wanted = [1 + (valid > 0) + (test > 0)][0]
    if len(sizes) < wanted:
        raise MisfitError(f"{len(sizes)} group{'s' * (len(sizes) != 1)} cannot be divided into {wanted} parts")
    order = np.random.default_rng(seed).permutation(len(sizes))
    part_of = np.zeros(len(sizes), "int8")
    start = 0
    for part, share in ((1, valid), (2, test)):
        if not share:
            continue
        later = 1 + (part == 1 and test > 0)  # groups that the parts after this one need
        filled = np.cumsum(sizes[order[start:]])
        take = int(np.argmin(np.abs(filled[: max(len(filled) - later, 1)] - share * len(groups)))) + 1
        part_of[order[start : start + take]] = part
        start += take
    return Parts.of(part_of[groups])


def alone(groups: np.ndarray) -> np.ndarray:
    """Group numbers from 0 without gaps, each row of no group (-1) a group of its own."""
    groups = groups.astype("int64")
    single = groups < 0
    groups[single] = groups.max(initial=-1) + 1 + np.arange(int(single.sum()))
    dense: np.ndarray = np.unique(groups, return_inverse=True)[1]
    return dense


def stratified(strata: np.ndarray, valid: float, test: float, seed: int) -> Parts:
    """Shares of the rows at random, with each stratum (n,) int divided alike, to within a row."""
    rows = len(strata)
    sizes = counts_of(rows, valid, test)
    rng = np.random.default_rng(seed)
    order = rng.permutation(rows)
    order = order[np.argsort(strata[order], kind="stable")]
    part = np.zeros(rows, "int8")
    offset = rng.random()
    for number, size in ((1, sizes[0]), (2, sizes[1])):
        free = order[part[order] == 0]
        if size:
            part[free[((np.arange(size) + offset) * len(free) / size).astype("int64")]] = number
    return Parts.of(part)


@dataclasses.dataclass(frozen=True)
class Start:
    """How much a part holds by time: a share of the rows, or its first moment."""

    share: float | None = None
    first: float | None = None

    @property
    def nothing(self) -> bool:
        return not self.share and self.first is None


def by_time(moments: np.ndarray, valid: Start, test: Start) -> Parts:
    """The latest rows validate, and later ones than those test; rows of one moment stay together.

    Args:
        moments: (n,) float64, NaN where the time is missing: these rows train.

    Raises:
        MisfitError: a part has no rows.
    """
    begun = starts(moments, valid, test)
    part = np.zeros(len(moments), "int8")
    filled = np.where(np.isnan(moments), -np.inf, moments)
    for which, first in sorted(begun.items()):
        part[filled >= first] = which
    return Parts.of(part)


def starts(moments: np.ndarray, valid: Start, test: Start) -> dict[int, float]:
    """The first moment of the parts that there are: 1 of the validation part, 2 of the test part.

    Raises:
        MisfitError: a part has no rows.
    """
    known = np.sort(moments[~np.isnan(moments)])
    if not len(known):
        raise MisfitError("every time is missing")
    end = len(known)
    begun: dict[int, float] = {}
    for which, name, start, before in ((2, "test", test, not valid.nothing), (1, "validation", valid, False)):
        if start.nothing:
            continue
        if start.first is not None:
            place = int(np.searchsorted(known, start.first, side="left"))
            if place >= end:
                raise MisfitError(f"the {name} part has no rows: " + _late(known, start.first, end))
        else:
            place = _near(known[:end], len(known) * (start.share or 0.0), 1 + before, name)
        if place == 0:
            raise MisfitError(
                "nothing is left to train on: " + f"the {name} part begins at the earliest time, or before"
            )
        begun[which], end = (float(known[place]) if start.first is None else start.first), place
    return begun


def _late(known: np.ndarray, first: float, end: int) -> str:
    if first > known[-1]:
        return "it begins after the last time"
    return "it begins where the test part does, or later" if end < len(known) else "it begins after the last time"


def _near(known: np.ndarray, rows: float, below: int, name: str) -> int:
    """The place nearest to `rows` from the end at which a new moment begins, with `below` moments before it."""
    places = np.flatnonzero(np.diff(known)) + 1
    places = places[below - 1 :]
    if not len(places):
        raise MisfitError(f"too few different times for a {name} part")
    return int(places[np.argmin(np.abs(places - (len(known) - rows)))])


def latest_of_group(moments: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Each row's moment raised to its group's latest: so a split by time keeps groups whole and trains on nothing later."""
    groups = alone(groups)
    latest = np.full(int(groups.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, groups, np.where(np.isnan(moments), -np.inf, moments))
    found = latest[groups]
    return np.where(np.isinf(found), np.nan, found)


def strata_of(labels: np.ndarray, bins: int = 10) -> np.ndarray:
    """Strata (n,) int of a label (n,) float with NaN: its values where they are few, else ten quantile bins; no label is one."""
    known = labels[~np.isnan(labels)]
    values = np.unique(known)
    strata = np.full(len(labels), -1, "int64")
    if len(values) > 2 * bins:
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
        strata[~np.isnan(labels)] = np.searchsorted(cuts, known, side="right")
    else:
        strata[~np.isnan(labels)] = np.searchsorted(values, known)
    return strata
