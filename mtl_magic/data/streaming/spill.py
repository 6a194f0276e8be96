"""CSV files and `tf.data` pipelines, which can be read from the front only, copied to Parquet files piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtl_magic.data.files import csv_options, unreadable, wider_type, without_empty
from mtl_magic.data.sources import Table, read_table, refuse
from mtl_magic.data.streaming.fragments import BATCH, TableFragment, of_file
from mtl_magic.data.streaming.scratch import full
from mtl_magic.data.streaming.source import Source
from mtl_magic.data.streams import elements, stacked, varying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.columns import Column
    from mtl_magic.data.stage import Tell
    from mtl_magic.data.streaming.fragments import Fragment
    from mtl_magic.data.streaming.scratch import Scratch


def spilled_csv(file: str, title: str, scratch: Scratch, tell: Tell) -> Fragment:
    """A CSV file as a Parquet file, with the types that `read_csv` would find.

    Raises:
        MtlError: MTL213 it cannot be read, MTL217 there is no room for the copy.
    """
    import pyarrow.csv as arrow_csv

    types: dict[str, Any] = {}
    while True:
        try:
            with arrow_csv.open_csv(file, **csv_options(file, types)) as reader:
                return _written((without_empty(pa.Table.from_batches([b])) for b in reader), "csv", scratch, tell)
        except pa.ArrowInvalid as error:
            wider = wider_type(file, str(error), types)
            if not wider:
                raise unreadable(f"{title}: '{file}'", error) from None
            types |= wider
        except OSError as error:
            raise full(error, f"a copy of '{file}'") or unreadable(f"{title}: '{file}'", error) from None


def read_or_spilled(data: Any, title: str, room: float, scratch: Scratch, tell: Tell) -> Table | Source:
    """A `tf.data.Dataset`, iterated once: a table while it takes no more than `room` bytes, a source from there on.

    Raises:
        MtlError: MTL212 it is no such dataset or cannot be read, MTL217 there is no room for the copy.
    """
    held: list[dict[str, Column]] = []
    size = 0
    batches = elements(data, title)
    for batch in batches:
        held.append(batch)
        size += sum(column.nbytes for column in batch.values())
        if size > room:
            break
    else:
        return read_table(stacked(held, title), title)

    def tables() -> Iterator[pa.Table]:
        waiting, held[:] = list(held), []
        for batch in batches:
            waiting.append(batch)
            if sum(len(next(iter(b.values()))) for b in waiting) >= BATCH:
                yield _listed(pa.table(stacked(waiting, title)), lists)
                waiting = []
        if waiting:
            yield _listed(pa.table(stacked(waiting, title)), lists)

    lists = varying(data, title)
    try:
        return Source.of([_written(tables(), "dataset", scratch, tell)], title)
    except pa.ArrowInvalid as error:
        hint = "pad or ragged-batch it alike in every element"
        raise refuse("MTL212", f"{title} has elements of different types: {error}", hint) from None
    except OSError as error:
        raise full(error, "a copy of the dataset") or error from None


def _listed(table: pa.Table, lists: set[str]) -> pa.Table:
    """Vectors of these columns as lists, for other batches may have longer ones."""
    fields = []
    for field in table.schema:
        nested = pa.types.is_nested(field.type) and field.name in lists
        fields.append(pa.field(field.name, pa.large_list(field.type.value_type)) if nested else field)
    return table.cast(pa.schema(fields))


def _written(tables: Iterator[pa.Table], what: str, scratch: Scratch, tell: Tell) -> Fragment:
    """Tables of one schema, one under another, in a file.

    Raises:
        ArrowInvalid: a table does not fit the first one's schema.
    """
    path, writer, rows = scratch.file(what), None, 0
    try:
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="lz4")
            writer.write_table(table.cast(writer.schema))
            rows += len(table)
            tell("reading", rows, 0, "rows")
    finally:
        if writer is not None:
            writer.close()
    return TableFragment(pa.table({})) if writer is None else of_file(str(path))
