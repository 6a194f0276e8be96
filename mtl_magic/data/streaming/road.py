"""Which road a cell's tables take: into memory, or piece by piece to files; and the tables made ready for it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtl_magic.data.files import PARQUET, found_files
from mtl_magic.data.named import named, tables_of, titles
from mtl_magic.data.sources import Table, is_dataset
from mtl_magic.data.streaming import room
from mtl_magic.data.streaming.scratch import Scratch
from mtl_magic.data.streaming.source import Source, in_memory, is_arrow, opened
from mtl_magic.problems import MtlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.stage import Tell

SMALL = 1 / 64  # of that share: files of no more are small whatever is in them, and nobody looks into them first
SHARE = 0.2  # of the free memory, which tables may take: to encode them takes about three times as much again
SAMPLE = 1 << 20  # rows of the sample, at most
PACKED = {".csv": 1.5, ".tsv": 1.5}  # bytes in memory a byte of a file; where it is compressed, `TIGHT`
TIGHT = 8.0
PARTS = ("the validation table", "the test table")


@dataclasses.dataclass
class Streams:
    """Sources that are read piece by piece."""

    names: list[str]  # of the tables of `data`
    data: list[Source]
    valid: Source | None  # of several tables, one under another
    test: Source | None
    scratch: Scratch
    why: str  # for the person
    sample_rows: int


@dataclasses.dataclass
class InMemory:
    """Tables that `read_table` reads, each with its title."""

    names: list[str]  # of the tables of `data`
    data: list[tuple[Any, str]]
    valid: list[tuple[Any, str]]
    test: list[tuple[Any, str]]


def road(data: Sequence[Any], valid: Any, test: Any, stream: bool | None, tell: Tell) -> Streams | InMemory:
    """The tables by the road that they take.

    Args:
        data: tables, with or without names (`Named`).
        valid, test: none, one, or several as `tables_of` reads them.
        stream: piece by piece, or not; None: where an estimate of their size says so.

    Raises:
        MtlError: a table that is none or cannot be read.
    """
    tables = [named(data), *(named(tables_of(item)) if item is not None else [] for item in (valid, test))]
    several = [
        [_Given(table.data, title) for table, title in zip(group, titles(group, what), strict=True)]
        for group, what in zip(tables, ("the data", *PARTS), strict=True)
    ]
    given = [item for group in several for item in group]
    names = [table.name for table in tables[0]]
    free = room.free()
    limit = free * SHARE
    known = sum(item.size(limit * SMALL) for item in given) if stream is not True else 0
    if stream is None and known <= limit and not any(item.runs for item in given):
        return _in_memory(names, several)
    scratch = Scratch()
    try:
        for item in given:  # a pipeline is iterated once: what it held is known afterwards
            if item.runs:
                left = limit - known if stream is None else (float("inf") if stream is False else -1.0)
                known += item.run(left, scratch, tell)
        if stream is None:
            stream = known > limit
        if not stream:
            scratch.close()
            return _in_memory(names, several)
        sources = [[item.source(scratch, tell) for item in group] for group in several]
        parts = [_stacked(group, what) for group, what in zip(sources[1:], PARTS, strict=True)]
    except BaseException:
        scratch.close()
        raise
    whole = [*sources[0], *(part for part in parts if part is not None)]
    rows = sum(source.rows for source in whole)
    size = sum(map(room.size_of, whole))
    why = f"{rows:,} rows of about {_bytes(size)} are read piece by piece and encoded to files" + (
        f": {_bytes(free)} of memory are free." if known > limit else ", as asked."
    )
    most = int(min(max(limit / 4 / max(size / rows, 1), 10_000), SAMPLE))
    return Streams(names, sources[0], parts[0], parts[1], scratch, why, most)


def _in_memory(names: list[str], several: Sequence[Sequence[_Given]]) -> InMemory:
    return InMemory(names, *([(item.read(), item.title) for item in group] for group in several))


def _stacked(sources: Sequence[Source], title: str) -> Source | None:
    """Sources one under another."""
    if len(sources) < 2:
        return sources[0] if sources else None
    return Source.of([fragment for source in sources for fragment in source.fragments], title)


def _bytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


class _Given:
    """A table as the person gave it."""

    def __init__(self, data: Any, title: str) -> None:
        self.data, self.title = data, title
        self._opened: Source | None = None
        if is_arrow(data):
            self._opened = opened(data, title)

    @property
    def runs(self) -> bool:
        """Whether only reading it tells its size."""
        return is_dataset(self.data)

    def run(self, left: float, scratch: Scratch, tell: Tell) -> float:
        """Reads a pipeline, into memory while there are `left` bytes for it; returns what it takes there."""
        from mtl_magic.data.streaming.spill import read_or_spilled

        made = read_or_spilled(self.data, self.title, left, scratch, tell)
        self.data = made
        if isinstance(made, Table):
            return float(sum(column.nbytes for column in made.columns.values()))
        self._opened = made
        return float("inf")

    def size(self, small: float) -> float:
        """Bytes that it would take in memory beyond those that it takes already; 0 where it is files of `small` bytes."""
        if self._opened is not None:
            return room.size_of(self._opened)
        if not isinstance(self.data, (str, os.PathLike)):
            return 0
        try:
            files = found_files(os.fspath(self.data), self.title)
            sizes = {file: Path(file).stat().st_size for file in files}
            if sum(sizes.values()) <= small:
                return 0
            self._opened = opened(self.data, self.title)
        except (MtlError, OSError):  # whoever reads it says what is wrong
            return 0
        if self._opened is not None:
            return room.size_of(self._opened)
        return sum(size * PACKED.get(Path(file).suffix.lower(), TIGHT) for file, size in sizes.items())

    def read(self) -> Any:
        """It as `read_table` takes it: what comes out of an iterator is read."""
        if self._opened is None or hasattr(self.data, "to_table") or isinstance(self.data, (str, os.PathLike)):
            return self.data
        return self._opened.sample(self._opened.rows)[0]

    def source(self, scratch: Scratch, tell: Tell) -> Source:
        """It as a source."""
        if self._opened is None and isinstance(self.data, (str, os.PathLike)):
            self._opened = opened(self.data, self.title) or self._spilled(scratch, tell)
        return self._opened or in_memory(self.data, self.title)

    def _spilled(self, scratch: Scratch, tell: Tell) -> Source | None:
        from mtl_magic.data.streaming.fragments import of_file
        from mtl_magic.data.streaming.spill import spilled_csv

        files = found_files(os.fspath(self.data), self.title)
        if not all(
            file.lower().endswith(PARQUET) or ".csv" in file.lower() or ".tsv" in file.lower() for file in files
        ):
            return None  # `read_table` says what is wrong with it
        return Source.of(
            [
                of_file(file) if file.lower().endswith(PARQUET) else spilled_csv(file, self.title, scratch, tell)
                for file in files
            ],
            self.title,
        )
