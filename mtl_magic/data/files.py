"""Parquet and CSV files, by path or glob."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".csv.zst", ".csv.bz2")
PARQUET = (".parquet", ".pq", ".parq")


def found_files(path: str, title: str) -> list[str]:
    """The files of a path, a folder or a glob, sorted.

    Raises:
        MtlError: MTL213 there is none.
    """
    from mtl_magic.data.sources import refuse

    place = Path(path).expanduser()
    if place.is_dir():
        files = sorted(str(f) for f in place.rglob("*") if f.name.lower().endswith(PARQUET + CSV))
    elif place.exists():
        files = [str(place)]
    else:
        files = sorted(glob.glob(str(place), recursive=True))  # noqa: PTH207 - an absolute pattern is one too
    if not files:
        what = "no file matches" if glob.has_magic(path) else "there is no file"
        raise refuse("MTL213", f"{title}: {what} '{path}'", f"paths are read from {Path.cwd()}")
    return files


def read_files(path: str, title: str) -> pa.Table:
    """The files of a path or glob as one table.

    Raises:
        MtlError: MTL213 a file that is missing, of an unknown kind, or unreadable.
    """
    from mtl_magic.data.sources import joined, read_table, refuse

    tables = []
    for file in found_files(path, title):
        lower = file.lower()
        try:
            if lower.endswith(PARQUET):
                import pyarrow.parquet as pq

                tables.append(pq.ParquetFile(file).read())
            elif lower.endswith(CSV):
                tables.append(read_csv(file))
            else:
                raise refuse(
                    "MTL213",
                    f"{title}: '{file}' is neither a Parquet nor a CSV file",
                    f"names end in {', '.join(PARQUET + CSV)}",
                )
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise refuse("MTL213", f"{title}: '{file}' cannot be read: {_short(error)}") from None
    if len(tables) == 1:
        return tables[0]
    whole = joined([read_table(t, title) for t in tables if t.num_rows])
    return pa.table(whole.columns)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def read_csv(file: str) -> pa.Table:
    """One CSV file (tab-separated where its name says so). Empty fields are missing; 'NA' in a text column is text.

    Arrow takes a column's type from the file's first block; where later rows do not fit it, the type is widened from
    whole numbers to numbers to text, and the file is read again.
    """
    import pyarrow.csv as arrow_csv

    parse = arrow_csv.ParseOptions(delimiter="\t" if ".tsv" in file.lower() else ",", newlines_in_values=True)
    types: dict[str, Any] = {}
    while True:
        try:
            options = arrow_csv.ConvertOptions(column_types=types)
            table = arrow_csv.read_csv(file, parse_options=parse, convert_options=options)
            break
        except pa.ArrowInvalid as error:
            found = re.search(r"In CSV column #(\d+): CSV conversion error to ([\w\[\]]+)", str(error))
            if not found:
                raise
            with arrow_csv.open_csv(file, parse_options=parse) as reader:
                name = reader.schema.names[int(found.group(1))]
            wider = pa.float64() if found.group(2) == "int64" else pa.string()
            if types.get(name) == wider:
                raise
            types[name] = wider
    return _without_empty(table)


def _without_empty(table: pa.Table) -> pa.Table:
    """Empty texts as nulls."""
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if pt.is_string(column.type):
            empty = pc.equal(pc.binary_length(column), 0)
            if pc.any(empty).as_py():
                filled = pc.if_else(empty, pa.scalar(None, column.type), column)
                table = table.set_column(place, name, filled)
    return table
