"""A run at work on tables of any size, piece by piece: metrics, and predictions as a file."""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.data.streaming.encode import encoded, pieces
from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, listed

if TYPE_CHECKING:
    import pyarrow as pa

    from mtl_magic.runs.run import Metrics, Run

ROWS = 1 << 16  # that are predicted and written at a time


def measured(run: Run, table: Any, stream: bool | None = None) -> tuple[Metrics, int]:
    """Exact metrics on a table, and how many rows it has; see `Run.evaluate`."""
    from mtl_magic.runs.use import metrics

    rows = 0

    def counted() -> Iterator[Any]:
        nonlocal rows
        for part in encoded(run.schema, table, stream=stream):
            rows += len(part)
            yield part

    found = metrics(run, counted())
    return found, rows


def scored(
    run: Run, table: Any, *, keep: Sequence[str] = (), prefix: str = "", stream: bool | None = None
) -> Iterator[pa.Table]:
    """Predictions as Arrow tables, in the order of the rows, columns of the table before them.

    Args:
        keep: columns of the table.
        prefix: before the names of the predictions' columns.
        stream: read it piece by piece, or not; None: as its size says.

    Raises:
        MtlError: MTL201 the table lacks a column to keep; MTL435 it is called as a prediction is; what `encode_table`
            raises.
    """
    import pyarrow as pa

    from mtl_magic.data.encode import encode_table
    from mtl_magic.runs.use import frame_of

    for whole in pieces(table, stream):
        kept = _kept(whole, keep)
        for start in range(0, max(len(whole), 1), ROWS):
            piece = whole.part(start, ROWS)
            frame = frame_of(run, encode_table(run.schema, piece, labels=False))
            made = pa.Table.from_pandas(frame.add_prefix(prefix), preserve_index=False)
            twice = [name for name in kept if name in made.column_names]
            if twice:
                message = f"the column '{twice[0]}' is kept, and a prediction is called so"
                hint = f"a prefix names the predictions: --prefix p_ makes 'p_{twice[0]}'"
                raise MtlError(Problem("MTL435", message, hint=hint))
            columns = {name: _plain(piece[found]) for name, found in kept.items()}
            yield pa.table({**columns, **dict(zip(made.column_names, made.columns, strict=True))})


def _kept(table: Any, keep: Sequence[str]) -> dict[str, str]:
    """As asked for -> as the table spells it."""
    found = {name: table.resolve(name) for name in keep}
    lacking = [name for name, column in found.items() if column is None]
    if lacking:
        message = f"{table.title} has no column '{lacking[0]}' to keep"
        hint = did_you_mean(lacking[0], table.names) or f"its columns: {listed(table.names)}"
        raise MtlError(Problem("MTL201", message, hint=hint))
    return {name: column for name, column in found.items() if column is not None}


def _plain(column: Any) -> Any:
    """Without a dictionary, of which each piece may have another."""
    from mtl_magic.data.columns import chunked, value_type

    column = chunked(column)
    return column.cast(value_type(column.type))


def written(
    run: Run,
    table: Any,
    place: pathlib.Path,
    *,
    keep: Sequence[str] = (),
    prefix: str = "",
    stream: bool | None = None,
    tell: Callable[[int], None] | None = None,
) -> tuple[int, list[str]]:
    """Write predictions to a Parquet or CSV file, beside its place and then renamed; returns rows and columns.

    Raises:
        MtlError: as `scored` does; MTL411 the file cannot be written.
    """
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.part")
    rows, writer = 0, None
    try:
        for made in scored(run, table, keep=keep, prefix=prefix, stream=stream):
            if writer is None:
                schema = made.schema
                place.parent.mkdir(parents=True, exist_ok=True)
                writer = _writer(beside, place.suffix.lower(), schema)
            writer.write_table(made.cast(schema))
            rows += len(made)
            if tell is not None:
                tell(rows)
        assert writer is not None
        writer.close()
        writer = None
        beside.replace(place)
    except OSError as error:
        message = f"'{place}' cannot be written: {error.strerror or error}"
        raise MtlError(Problem("MTL411", message, hint="nothing that was there before has changed")) from error
    finally:
        if writer is not None:
            writer.close()
        beside.unlink(missing_ok=True)
    return rows, list(schema.names)


def _writer(path: pathlib.Path, kind: str, schema: pa.Schema) -> Any:
    if kind == ".csv":
        from pyarrow.csv import CSVWriter

        return CSVWriter(path, schema)
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(path, schema)
