"""Encoded rows in a Parquet file: written block by block, read block by block.

A block is a row group of `blocks` rows with the columns `ids` (int32), `floats` and `labels` (float32), each a row's
numbers side by side as bytes, so that a block is read into the matrices that a step takes without touching a number.
Columns of width 0 are left out.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mtl_magic.data.beside import list_codes
from mtl_magic.data.encode import extra
from mtl_magic.data.sources import read_table
from mtl_magic.data.streaming import draws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtl_magic.data.sources import Table
    from mtl_magic.data.streaming.scratch import Scratch

Arrays: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, floats, labels

BLOCK = 8192  # rows of a block at most
POOL = 1 << 18  # rows that are mixed before they are written, and once more when they are read
BYTES = 1 << 25  # of such a pool at most
SIDES = (("ids", "int32"), ("floats", "float32"), ("labels", "float32"))


@dataclasses.dataclass(frozen=True)
class StoredPart:
    """Encoded rows on disk: what `Part` is in memory."""

    path: Path
    blocks: tuple[int, ...]  # rows of each
    widths: tuple[int, int, int]  # of ids, floats and labels
    digest: bytes  # of the rows in the order of the file
    scratch: Scratch = dataclasses.field(repr=False)  # keeps the files
    columns: tuple[str, ...] = ()  # names of `extras`
    buckets: tuple[int, ...] = ()  # of each block, where rows of a list are in one bucket
    beside: Path | None = None  # the file of `extras`

    def __len__(self) -> int:
        return sum(self.blocks)

    @property
    def index(self) -> pd.Index:
        return pd.RangeIndex(len(self))

    def feed(self, hashing: hashlib.blake2b) -> None:
        hashing.update(repr((len(self), self.widths)).encode() + self.digest)

    def read(self, order: Sequence[int]) -> Iterator[Arrays]:
        """These blocks, one after another."""
        with pq.ParquetFile(self.path) as file:
            for block in order:
                yield self._arrays(file.read_row_group(int(block)))

    def chunks(self, rows: int) -> Iterator[Arrays]:
        """All rows in order, `rows` at a time."""
        waiting: list[Arrays] = []
        held = 0
        for block in self.read(range(len(self.blocks))):
            waiting.append(block)
            held += len(block[2])
            if held >= rows:
                whole = joined(waiting)
                for start in range(0, held - rows + 1, rows):
                    yield cut(whole, start, start + rows)
                rest = held % rows
                waiting, held = ([cut(whole, held - rest, held)] if rest else []), rest
        if held:
            yield joined(waiting)

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """(n, tasks) float32: 4 bytes a label are kept for exact metrics, the rows are not."""
        return np.concatenate(list(self._labels()))

    def label(self, k: int) -> np.ndarray:
        """The labels of task k, (n,) float32."""
        return np.concatenate([block[:, k] for block in self._labels()])

    @functools.cached_property
    def extras(self) -> dict[str, np.ndarray]:
        """Columns that metrics read, (n,) each."""
        if self.beside is None:
            return {}
        table = read_table(pq.read_table(self.beside))
        return {name: extra(table, name) for name in self.columns}

    def _labels(self) -> Iterator[np.ndarray]:
        with pq.ParquetFile(self.path) as file:
            for block in range(len(self.blocks)):
                column = file.read_row_group(block, columns=["labels"]).column("labels")
                yield _matrix(column, self.widths[2], "float32")

    def _arrays(self, table: pa.Table) -> Arrays:
        rows = len(table)
        made = [
            _matrix(table.column(name), width, kind) if width else np.empty((rows, 0), kind)
            for (name, kind), width in zip(SIDES, self.widths, strict=True)
        ]
        return made[0], made[1], made[2]


def _matrix(column: pa.ChunkedArray, width: int, kind: str) -> np.ndarray:
    """(n, width) of a column of so many numbers a row; a view, where the column is one piece."""
    pieces = [
        np.frombuffer(chunk.buffers()[1], kind, len(chunk) * width, 4 * width * chunk.offset).reshape(-1, width)
        for chunk in column.chunks
    ]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def joined(several: Sequence[Arrays]) -> Arrays:
    """Rows one under another."""
    if len(several) == 1:
        return several[0]
    ids, floats, labels = (np.concatenate(side) for side in zip(*several, strict=True))
    return ids, floats, labels


def cut(arrays: Arrays, start: int, stop: int) -> Arrays:
    ids, floats, labels = arrays
    return ids[start:stop], floats[start:stop], labels[start:stop]


class Spool:
    """Writes a `StoredPart`.

    Args:
        scratch: where.
        what: the name of its file.
        widths: of ids, floats and labels.
        extras: Arrow types of the columns that are kept beside the rows, by name.
        mixes: whether rows are mixed, some hundred thousand at a time, so that a block holds rows from many places however
            the source is sorted: those that train are. The others keep their order.
        lists: where in a row's labels its list stands, whose rows then are all in one bucket; None: there are none.
        rows: about how many there will be, for the number of buckets.
    """

    def __init__(
        self,
        scratch: Scratch,
        what: str,
        widths: tuple[int, int, int],
        extras: dict[str, pa.DataType] | None = None,
        *,
        mixes: bool = False,
        lists: int | None = None,
        rows: int = 0,
    ) -> None:
        self.scratch, self.widths = scratch, widths
        self.mixes = mixes
        self.path = scratch.file(what)
        self.block, self.pool = sizes(4 * sum(widths))
        self._waiting: list[Arrays] = []
        self._held = self._pools = 0
        self._blocks: list[int] = []
        self.lists, self._buckets = lists, list[int]()
        self._by_bucket: list[list[Arrays]] = (
            [[] for _ in range(-(-rows // self.pool) or 1)] if lists is not None else []
        )
        self._digest = hashlib.blake2b(digest_size=16)
        kept = [(n, pa.binary(4 * w)) for (n, _), w in zip(SIDES, widths, strict=True) if w]
        self._schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in kept])
        # Plain values without compression: reading is then a copy, and a disk is faster than a step.
        plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
        self._file = pq.ParquetWriter(self.path, self._schema, **plain)
        self.beside = scratch.file(f"{what}-extras") if extras else None
        self._beside = pq.ParquetWriter(self.beside, pa.schema(list(extras.items()))) if extras else None

    def add(self, arrays: Arrays, extras: Table | None = None) -> None:
        """Some rows more."""
        rows = len(arrays[2])
        if not rows:
            return
        self._waiting.append(arrays)
        self._held += rows
        if self._beside is not None and extras is not None:
            schema = self._beside.schema
            columns = [extras[extras.resolve(f.name) or ""].cast(f.type) for f in schema]
            self._beside.write_table(pa.table(columns, schema=schema))
        if self.lists is not None:
            self._sort_in(self._waiting.pop(), self.lists)
            while self._held >= self.pool:
                self._write_bucket(max(range(len(self._by_bucket)), key=self._waits))
        elif self._held >= self.pool:
            self._write(self._held - self._held % self.block)

    def _sort_in(self, arrays: Arrays, lists: int) -> None:
        """Puts rows to those that wait of their bucket."""
        codes = list_codes(arrays[2], lists).view("uint64")  # a row of no list has a number of its own
        place = (draws.uniform(codes, 0) * len(self._by_bucket)).astype("int64")
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(self._by_bucket)))
        for bucket in np.unique(place).tolist():
            rows = order[ends[bucket - 1] if bucket else 0 : ends[bucket]]
            self._by_bucket[bucket].append((arrays[0][rows], arrays[1][rows], arrays[2][rows]))

    def _waits(self, bucket: int) -> int:
        return sum(len(arrays[2]) for arrays in self._by_bucket[bucket])

    def _write_bucket(self, bucket: int) -> None:
        whole = joined(self._by_bucket[bucket])
        self._by_bucket[bucket] = []
        self._held -= len(whole[2])
        for start in range(0, len(whole[2]), self.block):
            self._write_block(cut(whole, start, min(start + self.block, len(whole[2]))))
            self._buckets.append(bucket)

    def _write(self, rows: int) -> None:
        """Writes the first `rows` of those that wait."""
        whole = joined(self._waiting)
        self._waiting, self._held = [tuple(side[rows:].copy() for side in whole)], self._held - rows  # type: ignore[list-item]
        if self.mixes:
            order = np.random.Generator(np.random.Philox(key=[0, self._pools])).permutation(rows)
            whole = tuple(side[:rows][order] for side in whole)  # type: ignore[assignment]
            self._pools += 1
        for start in range(0, rows, self.block):
            self._write_block(cut(whole, start, min(start + self.block, rows)))

    def _write_block(self, block: Arrays) -> None:
        columns = []
        for side, width, (_, kind) in zip(block, self.widths, SIDES, strict=True):
            if width:
                packed = np.ascontiguousarray(side, kind)
                self._digest.update(packed.data.cast("B"))
                columns.append(pa.Array.from_buffers(pa.binary(4 * width), len(packed), [None, pa.py_buffer(packed)]))
        rows = len(block[2])
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=rows)
        self._blocks.append(rows)

    def close(self) -> StoredPart | None:
        """The part; None where it has no rows."""
        for bucket, waiting in enumerate(self._by_bucket):
            if waiting:
                self._write_bucket(bucket)
        if self._held:
            self._write(self._held)
        self._file.close()
        if self._beside is not None:
            self._beside.close()
        if not self._blocks:
            return None
        names = tuple(self._beside.schema.names) if self._beside is not None else ()
        return StoredPart(
            path=self.path,
            blocks=tuple(self._blocks),
            widths=self.widths,
            digest=self._digest.digest(),
            scratch=self.scratch,
            columns=names,
            buckets=tuple(self._buckets),
            beside=self.beside,
        )


def sizes(bytes_a_row: int) -> tuple[int, int]:
    """Rows of a block and of a pool, a multiple of it, where rows are so wide.

    Example:
        >>> sizes(136), sizes(4096)
        ((7710, 246720), (256, 8192))
    """
    pool = min(POOL, max(BYTES // max(bytes_a_row, 1), 32))
    block = max(min(BLOCK, pool // 32), 1)
    return block, pool // block * block
