"""Any table as a stream: fragments of common types, read by batches with the numbers of their rows."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from mtl_magic.data.columns import Column, value_type
from mtl_magic.data.files import PARQUET, found_files, unreadable
from mtl_magic.data.sources import Table, arrow_columns, cast, common, joined, read_table, refuse
from mtl_magic.data.stage import Tell, untold
from mtl_magic.data.streaming import draws
from mtl_magic.data.streaming.fragments import BATCH, Fragment, TableFragment, of_dataset, of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUPS = 128  # row groups that a sample is taken from, spread evenly


@dataclasses.dataclass
class Source:
    """Rows by number, from 0 in the order of the fragments, that need not fit in memory.

    Attributes:
        types: column -> its type in every batch.
        titles: how messages call it.
    """

    fragments: list[Fragment]
    types: dict[str, pa.DataType]
    title: str = "the data"

    @classmethod
    def of(cls, fragments: Sequence[Fragment], title: str = "the data") -> Source:
        """Of fragments whose columns may differ; one that a fragment lacks is missing in its rows.

        Raises:
            MtlError: MTL202 no rows, MTL212 names that are no column names, MTL215 types that have nothing in common.
        """
        kept = [fragment for fragment in fragments if fragment.rows]
        if not kept:
            raise refuse("MTL202", f"{title} has no rows")
        seen: dict[str, dict[str, Column]] = {}
        for fragment in kept:
            columns, _ = arrow_columns(fragment.schema.empty_table(), title)
            for name, column in columns.items():
                seen.setdefault(name, {})[str(column.type)] = column
        types = {name: common(list(found.values()), name) for name, found in seen.items()}
        return cls(kept, types, title)

    @property
    def rows(self) -> int:
        return sum(fragment.rows for fragment in self.fragments)

    @property
    def names(self) -> list[str]:
        return list(self.types)

    def empty(self) -> Table:
        """The columns without a row, to ask for names and types."""
        return Table({n: pa.chunked_array([], k) for n, k in self.types.items()}, 0, pd.RangeIndex(0), self.title)

    def batches(self, columns: Sequence[str] | None = None, rows: int | None = None) -> Iterator[tuple[int, Table]]:
        """The rows in order: the number of a batch's first row, and the batch, of at least so many rows (None: `BATCH`) but for
        the last.
        """
        names = self.names if columns is None else list(columns)
        rows = rows or BATCH
        start = 0
        waiting: list[Table] = []
        for fragment in self.fragments:
            for table in self._tables(fragment, names, None, rows):
                waiting.append(table)
                if sum(map(len, waiting)) >= rows:
                    yield start, self._joined(waiting)
                    start += sum(map(len, waiting))
                    waiting = []
        if waiting:
            yield start, self._joined(waiting)

    def sample(self, most: int, seed: int = 0, tell: Tell = untold) -> tuple[Table, np.ndarray]:
        """About `most` rows, or all where there are no more, and their numbers, ascending (n,) int64.

        They are drawn evenly from row groups that are spread evenly over the source.
        """
        if self.rows <= most:
            return self._joined([table for _, table in self.batches()]), np.arange(self.rows)
        groups = [(f, k, rows) for f, fragment in enumerate(self.fragments) for k, rows in enumerate(fragment.groups)]
        starts = np.cumsum([0, *(rows for *_, rows in groups)])
        shift = np.random.default_rng(seed).random()
        chosen = np.unique(((np.arange(GROUPS) + shift) * len(groups) / GROUPS).astype("int64"))
        share = most / sum(groups[k][2] for k in chosen)
        tables, numbers = [], []
        for done, k in enumerate(chosen.tolist()):
            tell("reading", done, len(chosen), "pieces of a sample")
            fragment, group, _ = groups[k]
            start = int(starts[k])
            for table in self._tables(self.fragments[fragment], self.names, [group], BATCH):
                rows = np.flatnonzero(draws.rows(start, len(table), seed ^ 0x5A5A5A5A) < share)
                numbers.append(start + rows)
                tables.append(taken(table, rows))
                start += len(table)
        return self._joined(tables), np.concatenate(numbers)

    def _joined(self, tables: Sequence[Table]) -> Table:
        return joined(tables, self.title) if len(tables) > 1 else dataclasses.replace(tables[0], title=self.title)

    def _tables(self, fragment: Fragment, names: list[str], groups: Sequence[int] | None, rows: int) -> Iterator[Table]:
        has = [name for name in names if name in fragment.schema.names]
        waiting: list[pa.RecordBatch] = []
        try:
            for batch in fragment.scan(has, groups) if has else _bare(fragment, groups):
                waiting.append(batch)
                if sum(map(len, waiting)) >= rows:
                    yield self._table(waiting, names)
                    waiting = []
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.title, error) from error
        if waiting:
            yield self._table(waiting, names)

    def _table(self, batches: list[pa.RecordBatch], names: list[str]) -> Table:
        rows = sum(map(len, batches))
        found, _ = arrow_columns(pa.Table.from_batches(batches), self.title)
        columns = {}
        for name in names:
            column, kind = found.get(name), self.types[name]
            fits = column is not None and value_type(column.type) == kind
            columns[name] = column if fits else cast(column, rows, kind, name)
        return Table(columns, rows, pd.RangeIndex(rows), self.title)


@dataclasses.dataclass
class Stacked(Source):
    """Several tables, one under another, of common types.

    Attributes:
        tables: these, each a source of these types.
    """

    tables: list[Source] = dataclasses.field(default_factory=list)

    @classmethod
    def under(cls, tables: Sequence[Source], title: str = "the data") -> Source:
        """One table as it is.

        Raises:
            MtlError: MTL215 types that have nothing in common.
        """
        whole = Source.of([fragment for table in tables for fragment in table.fragments], title)
        if len(tables) == 1:
            return whole
        alike = [Source(table.fragments, whole.types, table.title) for table in tables]
        return cls(whole.fragments, whole.types, title, alike)

    def sample(self, most: int, seed: int = 0, tell: Tell = untold) -> tuple[Table, np.ndarray]:
        """Of each table its part, and of small ones all: a task that only these teach must be seen."""
        if self.rows <= most:
            return super().sample(most, seed, tell)
        left, found = most, {}
        order = sorted(range(len(self.tables)), key=lambda k: self.tables[k].rows)
        for place, k in enumerate(order):  # what a table does not need is the others'
            found[k] = min(self.tables[k].rows, left // (len(order) - place))
            left -= found[k]
        starts = np.cumsum([0, *(table.rows for table in self.tables)])
        drawn = [table.sample(max(found[k], 1), seed, tell) for k, table in enumerate(self.tables)]
        numbers = [rows + start for (_, rows), start in zip(drawn, starts[:-1], strict=True)]
        return self._joined([table for table, _ in drawn]), np.concatenate(numbers)


def _bare(fragment: Fragment, groups: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
    """Rows without a column, of a fragment that has none of those asked for."""
    for k in range(len(fragment.groups)) if groups is None else groups:
        for start in range(0, fragment.groups[k], BATCH):
            count = min(BATCH, fragment.groups[k] - start)
            yield pa.RecordBatch.from_pydict({"": pa.nulls(count)})


def taken(table: Table, rows: np.ndarray) -> Table:
    """Some rows of a table, by their place."""
    places = pa.array(rows)
    columns = {name: column.take(places) for name, column in table.columns.items()}
    return Table(columns, len(rows), table.index[rows], table.title)


def is_arrow(data: Any) -> bool:
    """Whether it is an Arrow data set, a fragment of one, or an iterator of fragments."""
    return isinstance(data, (ds.Dataset, ds.Fragment, Generator))


def opened(data: Any, title: str) -> Source | None:
    """The source of data that can be read piece by piece as it is; None of anything else.

    Raises:
        MtlError: MTL213 a file that is missing or unreadable, MTL212 an iterator of something else than fragments.
    """
    try:
        if isinstance(data, (str, os.PathLike)):
            files = found_files(os.fspath(data), title)
            if not all(file.lower().endswith(PARQUET) for file in files):
                return None
            return Source.of([of_file(file) for file in files], title)
        if isinstance(data, (ds.Dataset, ds.Fragment)):
            return Source.of(of_dataset(data), title)
        if isinstance(data, Generator):
            found = list(data)
            if not all(isinstance(item, ds.Fragment) for item in found):
                kinds = "an iterator of something else than fragments of an Arrow data set"
                raise refuse(
                    "MTL212", f"{title} is {kinds}", "a table is read more than once: make a table of it first"
                )
            return Source.of([fragment for item in found for fragment in of_dataset(item)], title)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(title, error) from error
    return None


def in_memory(data: Any, title: str) -> Source:
    """A table of any kind that `read_table` takes, as a source."""
    table = read_table(data, title)
    return Source.of([TableFragment(pa.table(table.columns))], title)
