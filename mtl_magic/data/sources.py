"""Tables of every kind as one: columns by name in Arrow, a row count and an index. The user's own is never changed."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as pt

from mtl_magic.data.columns import Column, chunked, family, flat, text, value_type
from mtl_magic.data.stage import Tell, untold
from mtl_magic.language.names import nfc
from mtl_magic.problems import MtlError, Problem, listed, typed


def refuse(code: str, message: str, hint: str = "") -> MtlError:
    """A problem of the table itself, which has no place in the text."""
    return MtlError(Problem(code, message, hint=hint))


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as the data room reads it. `title` is how messages call it: 'the data', 'the validation table'."""

    columns: dict[str, Column]
    rows: int
    index: pd.Index
    title: str = "the data"

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __len__(self) -> int:
        return self.rows

    @property
    def names(self) -> list[str]:
        return list(self.columns)

    def part(self, start: int, rows: int) -> Table:
        """So many rows from `start` on, fewer at the end."""
        columns = {name: column.slice(start, rows) for name, column in self.columns.items()}
        index = self.index[start : start + rows]
        return dataclasses.replace(self, columns=columns, rows=len(index), index=index)

    def resolve(self, name: str) -> str | None:
        """The column that `name` names: exactly, else by its NFC form; None where there is none."""
        if name in self.columns:
            return name
        return next((c for c in self.columns if nfc(c) == nfc(name)), None)


def read_table(data: Any, title: str = "the data", tell: Tell = untold) -> Table:
    """Any table as a `Table`: a pandas, polars or pyarrow one, a dict of arrays, a path or glob of Parquet or CSV, an
    Arrow data set, or a finite `tf.data.Dataset` of dicts.

    Raises:
        MtlError: MTL212 it is no table (duplicate or nameless columns, unequal lengths), MTL213 a file that is missing
            or unreadable, MTL202 it has no rows.

    Example:
        >>> table = read_table({"a": [1, 2, 3], "b": ["x", None, "z"]})
        >>> len(table), table.names
        (3, ['a', 'b'])
    """
    index = None
    if isinstance(data, Table):
        return dataclasses.replace(data, title=title)
    if isinstance(data, pd.DataFrame):
        columns, index = _pandas(data, title), data.index
    elif isinstance(data, (str, os.PathLike)):
        from mtl_magic.data.files import read_files

        columns, index = arrow_columns(read_files(os.fspath(data), title, tell), title)
    elif isinstance(data, (pa.Table, pa.RecordBatch)):
        columns, index = arrow_columns(data, title)
    elif isinstance(data, Mapping):
        columns = _mapping(data, title)
    elif callable(getattr(data, "to_arrow", None)):  # polars, DuckDB
        columns, index = arrow_columns(data.to_arrow(), title)
    elif callable(getattr(data, "collect", None)) and type(data).__module__.startswith("polars"):
        columns, index = arrow_columns(data.collect().to_arrow(), title)
    elif is_dataset(data):
        from mtl_magic.data.streams import read_dataset

        columns = _mapping(read_dataset(data, title), title)
    elif type(data).__module__.startswith("pyarrow._dataset"):
        from mtl_magic.data.files import read_arrow_dataset

        columns, index = arrow_columns(read_arrow_dataset(data, title), title)
    else:
        hint = (
            "a table is a pandas, polars or pyarrow table, a dict of arrays, or a quoted path of Parquet or CSV files"
        )
        raise refuse("MTL212", f"{title} is {typed(data)}, not a table", hint)
    rows = len(next(iter(columns.values()))) if columns else (len(index) if index is not None else 0)
    if rows == 0:
        raise refuse("MTL202", f"{title} has no rows")
    return Table(columns, rows, pd.RangeIndex(rows) if index is None else index, title)


def is_dataset(data: Any) -> bool:
    """Whether it is a `tf.data.Dataset`, told by its class, so that TensorFlow is not imported to tell."""
    bases = type(data).__mro__
    return any(c.__name__ == "DatasetV2" and c.__module__.startswith("tensorflow.python.data") for c in bases)


def _check_names(names: Iterable[Any], title: str) -> None:
    found = list(names)
    odd = [n for n in found if not isinstance(n, str)]
    if odd:
        hint = "name them by text first, for example df.columns = [str(c) for c in df.columns]"
        raise refuse(
            "MTL212", f"{title} has columns whose names are no text: {listed([repr(n) for n in odd], 4)}", hint
        )
    twice = list(dict.fromkeys(n for n in found if found.count(n) > 1)) if len(set(found)) < len(found) else []
    if twice:
        hint = "rename one of them, or keep the first: df.loc[:, ~df.columns.duplicated()]"
        raise refuse("MTL212", f"{title} has several columns of one name: {listed(twice)}", hint)


def _pandas(frame: pd.DataFrame, title: str) -> dict[str, Column]:
    _check_names(frame.columns, title)
    return {name: series_column(frame[name], name, title) for name in frame.columns}


def arrow_columns(table: pa.Table | pa.RecordBatch, title: str) -> tuple[dict[str, Column], pd.Index | None]:
    """The columns, and the index that pandas has stored among them."""
    stored = (table.schema.pandas_metadata or {}).get("index_columns", [])
    levels = [n for n in stored if isinstance(n, str) and n in table.schema.names]
    names = [n for n in table.schema.names if n not in levels]
    _check_names(names, title)
    columns = {name: plain(table.column(name)) for name in names}
    return columns, table.select(levels).to_pandas().index if levels else None


def _mapping(data: Mapping[Any, Any], title: str) -> dict[str, Column]:
    _check_names(data, title)
    columns = {name: value_column(value, name, title) for name, value in data.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise refuse(
            "MTL212", f"{title} has columns of different lengths: {listed([f'{n} {k:,}' for n, k in lengths.items()])}"
        )
    return columns


def plain(column: Column) -> Column:
    """A column in a type that the readers know: no extension types, views, decimals or half floats."""
    kind = column.type
    if getattr(value_type(kind), "extension_name", "") in ("pandas.interval", "pandas.period"):
        return pa.chunked_array([_spans(chunk) for chunk in chunked(column).chunks], pa.string())
    if isinstance(kind, pa.BaseExtensionType):
        return plain(column.cast(kind.storage_type))
    if pt.is_string_view(kind):
        return column.cast(pa.large_string())
    if pt.is_decimal(kind):
        return column.cast(pa.float64())
    if pt.is_float16(kind):
        return column.cast(pa.float32())
    if pt.is_run_end_encoded(kind):
        return column.cast(kind.value_type)
    return column


def _spans(array: pa.Array) -> pa.Array:
    """Intervals and periods that pandas has written, or a dictionary of them, as text."""
    if pt.is_dictionary(array.type):
        return _spans(array.dictionary).take(array.indices)
    found = array.type.to_pandas_dtype().__from_arrow__(array)
    return _words(pd.Series(found))


def _words(series: pd.Series) -> pa.Array:
    return pa.array(series.astype("str").to_numpy(object), pa.string(), mask=series.isna().to_numpy())


def series_column(series: pd.Series, name: str, title: str = "the data") -> Column:
    """One pandas column in Arrow; values of mixed types become text."""
    kind = series.dtype
    spans = (pd.PeriodDtype, pd.IntervalDtype)
    if isinstance(kind, spans):
        return _words(series)
    if isinstance(kind, pd.SparseDtype):
        return value_column(series.to_numpy(), name, title)
    if isinstance(kind, pd.CategoricalDtype) and (
        kind.categories.dtype == object or isinstance(kind.categories.dtype, spans)
    ):
        words = flat(series_column(kind.categories.to_series(), name, title))
        codes = series.cat.codes.to_numpy()
        return words.take(pa.array(codes, mask=codes < 0))
    if kind.kind == "O" and not isinstance(kind, pd.api.extensions.ExtensionDtype):
        return value_column(series.to_numpy(), name, title)
    try:
        return plain(pa.array(series, from_pandas=True))
    except (pa.ArrowException, TypeError, ValueError):
        return value_column(series.to_numpy(), name, title)


def value_column(value: Any, name: str, title: str = "the data") -> Column:
    """Any array-like as an Arrow column; two-dimensional ones are vectors, mixed types text."""
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return plain(value)
    if isinstance(value, pd.Series):
        return series_column(value, name, title)
    if callable(getattr(value, "to_arrow", None)):
        return plain(value.to_arrow())
    if isinstance(value, (list, tuple)):
        value = _sequence(value)
        if isinstance(value, pa.Array):
            return plain(value)
    array = np.asarray(value)
    if array.ndim == 0:
        raise refuse("MTL212", f"column '{name}' of {title} is {typed(value)}, not a column of values")
    if array.ndim > 1:
        return _vectors(array, name, title)
    if array.dtype == object:
        return _objects(array, name, title)
    try:
        return plain(pa.array(array, from_pandas=True))
    except (pa.ArrowException, TypeError, ValueError):
        raise refuse(
            "MTL212", f"column '{name}' of {title} has values of type {array.dtype}, which no column can hold"
        ) from None


def _sequence(values: Sequence[Any]) -> Any:
    """A list as an Arrow array where Arrow reads it, else as objects."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        made = np.empty(len(values), object)
        made[:] = values
        return made


def _vectors(array: np.ndarray, name: str, title: str) -> Column:
    if array.dtype.kind not in "biuf":
        raise refuse(
            "MTL212", f"column '{name}' of {title} is an array of {array.ndim} dimensions that holds no numbers"
        )
    flatter = array.reshape(len(array), -1)
    kind = "float64" if array.dtype.itemsize > 4 else "float32"
    values = pa.array(np.ascontiguousarray(flatter, dtype=kind).ravel())
    return pa.FixedSizeListArray.from_arrays(values, flatter.shape[1])


def _objects(array: np.ndarray, name: str, title: str) -> Column:
    try:
        return plain(pa.array(array, from_pandas=True))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    given = [v for v in array if not _gone(v)]
    if given and all(isinstance(v, np.ndarray) and v.shape == given[0].shape for v in given):
        filled = [v.ravel().tolist() if isinstance(v, np.ndarray) else None for v in array]
        return pa.array(filled, pa.list_(pa.float64(), int(given[0].size)))
    if any(isinstance(v, (list, tuple, dict, set, np.ndarray)) for v in given):
        raise refuse("MTL212", f"column '{name}' of {title} holds values of different shapes")
    return pa.array([None if _gone(v) else str(v) for v in array], pa.string())


def _gone(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def joined(tables: Sequence[Table], title: str = "the data") -> Table:
    """The tables one under another. A column that one of them lacks is missing in its rows; whole numbers and floats
    become floats, text and numbers text.

    Raises:
        MtlError: MTL215 a column that is of kinds in two tables that have nothing in common.
    """
    if len(tables) == 1:
        return tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.names))
    columns: dict[str, Column] = {}
    for name in names:
        kind = common([table[name] for table in tables if name in table.columns], name)
        parts = [cast(table.columns.get(name), table.rows, kind, name) for table in tables]
        columns[name] = pa.chunked_array(parts, kind)
    index = tables[0].index.append([table.index for table in tables[1:]])
    return Table(columns, sum(table.rows for table in tables), index, title)


def common(columns: Sequence[Column], name: str) -> pa.DataType:
    kinds = {value_type(c.type) for c in columns if family(c.type) != "null"}
    if len(kinds) <= 1:
        return next(iter(kinds), pa.null())
    families = {family(kind) for kind in kinds}
    if families <= {"bool", "int"}:
        return pa.int64()
    if families <= {"bool", "int", "float"}:
        return pa.float64()
    if families <= {"bool", "int", "float", "string"}:
        return pa.large_string()
    if families == {"time"}:
        return pa.timestamp("us")
    raise refuse("MTL215", f"column '{name}' is of {listed(sorted(str(k) for k in kinds))} in different tables")


def cast(column: Column | None, rows: int, kind: pa.DataType, name: str) -> pa.Array:
    if column is None or family(column.type) == "null":
        return pa.nulls(rows, kind)
    array = flat(column)
    try:
        return text(array).cast(kind) if pt.is_large_string(kind) else array.cast(kind)
    except pa.ArrowException as error:
        raise refuse("MTL215", f"column '{name}' of different tables: {error}") from None
