"""Parquet and CSV files, by path or glob."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.stage import Tell, untold
from mtl_magic.problems import MtlError

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


def read_files(path: str, title: str, tell: Tell = untold) -> pa.Table:
    """The files of a path or glob as one table.

    Raises:
        MtlError: MTL213 a file that is missing, of an unknown kind, or unreadable.
    """
    from mtl_magic.data.sources import joined, read_table, refuse

    tables = []
    files = found_files(path, title)
    for done, file in enumerate(files):
        tell("reading", done, len(files), "files")
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
            raise unreadable(f"{title}: '{file}'", error) from None
    if len(tables) == 1:
        return tables[0]
    whole = joined([read_table(t, title) for t in tables if t.num_rows])
    return pa.table(whole.columns)


def read_arrow_dataset(data: Any, title: str) -> pa.Table:
    """A `pyarrow.dataset.Dataset`, or a fragment of one, as a table.

    Raises:
        MtlError: MTL213 it cannot be read.
    """
    try:
        return data.to_table()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(title, error) from error


def unreadable(what: str, error: Exception) -> MtlError:
    """The problem of a file or data set that Arrow cannot read."""
    from mtl_magic.data.sources import refuse

    if isinstance(error, MemoryError):  # Arrow's own is one, too
        return refuse("MTL213", f"{what} takes more memory than there is", "--stream reads it piece by piece")
    return refuse("MTL213", f"{what} cannot be read: {_short(error)}")


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def read_csv(file: str) -> pa.Table:
    """One CSV file (tab-separated where its name says so). Empty fields are missing; 'NA' in a text column is text.

    Arrow takes a column's type from the file's first block; where later rows do not fit it, the type is widened from
    whole numbers to numbers to text, and the file is read again.
    """
    import pyarrow.csv as arrow_csv

    types: dict[str, Any] = {}
    while True:
        try:
            return without_empty(arrow_csv.read_csv(file, **csv_options(file, types)))
        except pa.ArrowInvalid as error:
            wider = wider_type(file, str(error), types)
            if not wider:
                raise
            types |= wider


def csv_options(file: str, types: dict[str, Any]) -> dict[str, Any]:
    """Options of Arrow's readers of CSV; `types`: column -> type, where the first block does not say it."""
    import pyarrow.csv as arrow_csv

    delimiter = "\t" if ".tsv" in file.lower() else ","
    return {
        "parse_options": arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(column_types=types),
    }


def wider_type(file: str, said: str, types: dict[str, Any]) -> dict[str, Any]:
    """The column that did not fit its type, as Arrow has `said`, and the next wider one; {} where there is none."""
    import pyarrow.csv as arrow_csv

    found = re.search(r"In CSV column #(\d+): (?:Row #\d+: )?CSV conversion error to ([\w\[\]]+)", said)
    if not found:
        return {}
    with arrow_csv.open_csv(file, **csv_options(file, {})) as reader:
        name = reader.schema.names[int(found.group(1))]
    wider = pa.float64() if found.group(2) == "int64" else pa.string()
    return {} if types.get(name) == wider else {name: wider}


def without_empty(table: pa.Table) -> pa.Table:
    """Empty texts as nulls."""
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if pt.is_string(column.type):
            empty = pc.equal(pc.binary_length(column), 0)
            if pc.any(empty).as_py():
                filled = pc.if_else(empty, pa.scalar(None, column.type), column)
                table = table.set_column(place, name, filled)
    return table
