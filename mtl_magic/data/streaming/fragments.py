"""What a stream is read from, piece by piece: Parquet files, fragments of Arrow data sets, tables in memory.

A fragment gives its rows in an order of its own that never changes, as record batches, and never all of them at once.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BATCH = 65_536  # rows; a smaller batch pays for a vocabulary's hash table once more each time
LOOK = 8  # row groups that say how a column is written
CODE = 4  # bytes a value that codes take, at most; texts that are written out take more
BUFFER = 1 << 20  # bytes that are read of a column at once; without a bound it is the whole row group


class Fragment(abc.ABC):
    """Some rows of a source.

    Attributes:
        schema: of its batches where all columns are asked for.
        groups: rows of each part that can be read without the others; together `rows`.
    """

    schema: pa.Schema
    groups: Sequence[int]

    @property
    def rows(self) -> int:
        return sum(self.groups)

    @abc.abstractmethod
    def scan(self, columns: list[str], groups: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of these groups (None: all), in order, in batches of at most `BATCH` rows."""


class ParquetFragment(Fragment):
    """A Parquet file, or some row groups of it, and what the names of its folders say (`keys`)."""

    def __init__(
        self, opened: Callable[[], Any], chosen: list[int] | None = None, keys: dict[str, Any] | None = None
    ) -> None:
        self._open = opened
        with pq.ParquetFile(opened()) as file:
            self._metadata = file.metadata
            inside = file.schema_arrow
        self._chosen = list(range(self._metadata.num_row_groups)) if chosen is None else chosen
        self._keys = {k: pa.scalar(v) for k, v in (keys or {}).items() if k not in inside.names}
        self.schema = inside
        for name, value in self._keys.items():
            self.schema = self.schema.append(pa.field(name, value.type))
        self.groups = [self._metadata.row_group(k).num_rows for k in self._chosen]
        self._coded = _coded(self._metadata, inside)

    def scan(self, columns: list[str], groups: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        chosen = self._chosen if groups is None else [self._chosen[k] for k in groups]
        if not chosen:
            return
        kept = [name for name in columns if name not in self._keys]
        options = {"buffer_size": BUFFER, "pre_buffer": False, "read_dictionary": self._coded}
        with pq.ParquetFile(self._open(), metadata=self._metadata, **options) as file:
            for batch in file.iter_batches(BATCH, row_groups=chosen, columns=kept):
                arrays = {name: batch.column(name) for name in batch.schema.names}
                for name, value in self._keys.items():
                    arrays[name] = pa.repeat(value, len(batch))
                yield pa.RecordBatch.from_pydict({name: arrays[name] for name in columns})


def _coded(metadata: Any, schema: pa.Schema) -> list[str]:
    """Text columns that the file holds as codes into few values: read so, they are not hashed once more."""
    texts = {f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)}
    size, values = dict.fromkeys(texts, 0), dict.fromkeys(texts, 0)
    for k in range(min(metadata.num_row_groups, LOOK)):
        group = metadata.row_group(k)
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema in texts:
                size[column.path_in_schema] += column.total_uncompressed_size
                values[column.path_in_schema] += column.num_values
    return sorted(name for name in texts if size[name] < CODE * values[name])


@dataclasses.dataclass
class ScannedFragment(Fragment):
    """A fragment of another format, or a data set with a filter: read through Arrow's scanner."""

    scanned: Any  # a pyarrow.dataset Dataset or Fragment
    schema: pa.Schema
    groups: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.groups = [self.scanned.count_rows()]

    def scan(self, columns: list[str], groups: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        if groups is not None and not groups:
            return
        whole = {} if isinstance(self.scanned, ds.Dataset) else {"schema": self.schema}
        reader = self.scanned.scanner(
            columns=columns, batch_size=BATCH, batch_readahead=2, fragment_readahead=1, **whole
        )
        yield from reader.to_batches()


@dataclasses.dataclass
class TableFragment(Fragment):
    """A table in memory."""

    table: pa.Table
    schema: pa.Schema = dataclasses.field(init=False)
    groups: Sequence[int] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.schema = self.table.schema
        full, rest = divmod(len(self.table), BATCH)
        self.groups = [BATCH] * full + [rest] * (rest > 0)

    def scan(self, columns: list[str], groups: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        chosen = range(len(self.groups)) if groups is None else groups
        table = self.table.select(columns)
        for k in chosen:
            yield from table.slice(k * BATCH, BATCH).combine_chunks().to_batches()


def of_file(path: str) -> Fragment:
    """A Parquet file on this machine."""
    return ParquetFragment(lambda: path)


def of_dataset(data: Any) -> list[Fragment]:
    """The fragments of an Arrow data set, or of a fragment of one, in their order."""
    if isinstance(data, ds.Fragment):
        return [_of_fragment(data, data.physical_schema)]
    try:
        found = list(data.get_fragments())
    except ValueError:  # a filtered data set does not tell its fragments
        return [ScannedFragment(data, data.schema)]
    return [_of_fragment(fragment, data.schema) for fragment in found]


def _of_fragment(fragment: Any, schema: pa.Schema) -> Fragment:
    if isinstance(fragment, ds.ParquetFileFragment):
        keys = ds.get_partition_keys(fragment.partition_expression)
        return ParquetFragment(fragment.open, [group.id for group in fragment.row_groups], keys)
    return ScannedFragment(fragment, schema)
