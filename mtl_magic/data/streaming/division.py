"""The `split` statement on rows that are read piece by piece: each row's part is a function of the row alone."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mtl_magic.data import split as cut
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.keys import keys
from mtl_magic.data.moments import moments
from mtl_magic.data.parts import as_one, divide, start_of
from mtl_magic.data.problems import Found
from mtl_magic.data.streaming import draws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mtl_magic.data.sources import Table
    from mtl_magic.data.streaming.source import Source
    from mtl_magic.data.targets import Target
    from mtl_magic.data.taught import Tables
    from mtl_magic.program import Program

TRAIN, VALID, TEST = 0, 1, 2


class Division(abc.ABC):
    """Which part each row belongs to; `columns` are what it reads."""

    columns: tuple[str, ...] = ()

    @abc.abstractmethod
    def parts(self, numbers: np.ndarray, table: Table) -> np.ndarray:
        """(n,) int8 of rows with these numbers in the source, (n,) int64, and these values: 0 train, 1 valid, 2 test."""


class Undivided(Division):
    """Every row trains."""

    def parts(self, numbers: np.ndarray, table: Table) -> np.ndarray:
        return np.zeros(len(numbers), "int8")


@dataclasses.dataclass(frozen=True)
class ByChance(Division):
    """Shares of the rows, or of the groups of a column, drawn by the hash of the row's number or the group's value."""

    valid: float
    test: float
    seed: int
    group: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.group,) if self.group else ()

    def parts(self, numbers: np.ndarray, table: Table) -> np.ndarray:
        drawn = draws.uniform(numbers.astype("uint64"), self.seed)
        if self.group:
            found, alone = keys(table[self.group])
            drawn = np.where(alone, drawn, draws.uniform(found, self.seed))
        return np.where(drawn < self.valid, VALID, np.where(drawn < self.valid + self.test, TEST, TRAIN)).astype("int8")


@dataclasses.dataclass
class ByTime(Division):
    """Parts begin at moments. `starts`: part -> its first moment; rows without a time train."""

    column: str
    starts: dict[int, float]
    missing: int = 0  # rows without a time that have been looked at

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.column,)

    def parts(self, numbers: np.ndarray, table: Table) -> np.ndarray:
        times = self.moments(table)
        gone = np.isnan(times)
        self.missing += int(gone.sum())
        filled = np.where(gone, -np.inf, times)
        part = np.zeros(len(numbers), "int8")
        for which, start in sorted(self.starts.items()):
            part[filled >= start] = which
        return part

    def moments(self, table: Table) -> np.ndarray:
        """The moment where each row stands, (n,) float64, NaN where it has none."""
        return moments(table[self.column]).values


@dataclasses.dataclass
class ByTables(ByTime):
    """The same with beginnings of each of several tables; `starts` says which parts there are."""

    origin: Callable[[np.ndarray], np.ndarray] = np.zeros_like  # the table of rows with these numbers (n,)
    each: list[dict[int, float]] = dataclasses.field(default_factory=list)

    def parts(self, numbers: np.ndarray, table: Table) -> np.ndarray:
        times = self.moments(table)
        self.missing += int(np.isnan(times).sum())
        filled = np.where(np.isnan(times), -np.inf, times)
        part, origin = np.zeros(len(numbers), "int8"), self.origin(numbers)
        for k, starts in enumerate(self.each):
            for which, start in sorted(starts.items()):
                part[(origin == k) & (filled >= start)] = which
        return part


@dataclasses.dataclass
class ByLatest(ByTime):
    """The same with groups kept whole: each row stands where its group's latest does. Memory is 16 bytes a group."""

    group: str = ""
    keys: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, "uint64"))  # hashes of groups, ascending
    latest: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0))  # of each

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.column, self.group)

    def look(self, batches: Iterable[Table]) -> None:
        """Learn each group's latest moment from all rows."""
        for table in batches:
            own, alone = keys(table[self.group])
            times = moments(table[self.column]).values
            kept = ~alone & ~np.isnan(times)
            found = pa.table({"key": np.append(self.keys, own[kept]), "time": np.append(self.latest, times[kept])})
            found = found.group_by("key").aggregate([("time", "max")]).sort_by("key")
            self.keys, self.latest = found["key"].to_numpy(), found["time_max"].to_numpy()

    def moments(self, table: Table) -> np.ndarray:
        times = super().moments(table)
        if not len(self.keys):
            return times
        own, alone = keys(table[self.group])
        place = np.minimum(np.searchsorted(self.keys, own), len(self.keys) - 1)
        known = ~alone & (self.keys[place] == own)  # a group without any time is not among them
        return np.where(known, self.latest[place], times)


def division(
    program: Program,
    source: Source,
    sample: Table,
    targets: list[Target],
    *,
    found: Found,
    own_valid: bool,
    own_test: bool,
    tables: Tables,
    numbers: np.ndarray,
) -> Division:
    """How the rows of a source are divided, of which `sample` are those with these numbers (n,) int64; what is wrong is kept in
    `found`. `tables` are those of which the source is made.
    """
    split = program.split
    valid = 0.0 if own_valid or split.valid is None else split.valid
    test = 0.0 if own_test or split.test is None else split.test
    if not valid and not test:
        return Undivided()
    tried = Found(program)  # whatever a table in memory would not be divided by, nor is this one
    begun = [int(start) for start in np.searchsorted(numbers, tables.starts)]
    own = {"own_valid": own_valid, "own_test": own_test}
    divide(program, sample, targets, tried, starts=begun, titles=tables.titles, **own)
    found.problems += tried.problems
    if tried.problems:
        return Undivided()
    if split.time:
        column = sample.resolve(split.time) or ""
        times = moments(sample[column])
        wanted = [start_of(value, times) for value in (valid, test)]
        made = ByTime(column, {})
        if split.group:
            made = ByLatest(column, {}, group=sample.resolve(split.group) or "")
            made.look(table for _, table in source.batches(made.columns))
        try:
            known = made.moments(sample)
            if len(tables) > 1 and not as_one(split):
                stops = [*begun[1:], len(sample)]
                each = [cut.starts(known[a:b], *wanted) for a, b in zip(begun, stops, strict=True)]
                return ByTables(column, each[0], origin=tables.origin, each=each)
            made.starts = cut.starts(known, *wanted)
            return made
        except MisfitError as error:  # `divide` has said so
            found.add("MTL211", f"split: {error.message}", program.places.get("split.time"), error.hint)
            return Undivided()
    if split.stratify:
        found.note(
            f"Rows are drawn one by one: the shares of '{split.stratify}' are alike in the parts up to chance, not to a row."
        )
    group = sample.resolve(split.group) if split.group else None
    return ByChance(float(valid), float(test), split.seed, group)
