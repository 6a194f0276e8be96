"""Which variables of a notebook look like tables. Nothing is imported to tell, and nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tables(namespace: Mapping[str, Any]) -> dict[str, str]:
    """Name -> what it is, for every public variable that `--data` would take.

    Example:
        >>> tables({"log": {"user": [1, 2], "click": [0, 1]}, "x": 3, "_old": {"a": [1]}})
        {'log': '2 rows, 2 columns'}
    """
    found = {}
    for name, value in namespace.items():
        if not name.startswith("_"):
            size = _size(value)
            if size:
                found[name] = size
    return found


def _size(value: Any) -> str:
    root = type(value).__module__.partition(".")[0]
    try:
        if root in ("pandas", "polars") and type(value).__name__ == "DataFrame":
            rows, columns = value.shape
        elif root == "pyarrow" and type(value).__name__ in ("Table", "RecordBatch"):
            rows, columns = value.num_rows, value.num_columns
        elif isinstance(value, dict) and value and all(isinstance(k, str) and _column(v) for k, v in value.items()):
            lengths = {len(v) for v in value.values()}
            if len(lengths) != 1:
                return ""
            rows, columns = lengths.pop(), len(value)
        else:
            return ""
    except Exception:  # noqa: BLE001  an object of the user's that cannot say its size is no table
        return ""
    return f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"


def _column(value: Any) -> bool:
    return isinstance(value, list) or (hasattr(value, "dtype") and getattr(value, "ndim", 0) >= 1)


def told(found: Mapping[str, str], limit: int = 8) -> str:
    """The tables for a sentence: 'log (29,990 rows, 27 columns), users (…)'."""
    shown = [f"{name} ({size})" for name, size in list(found.items())[:limit]]
    rest = len(found) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def columns(table: Any) -> dict[str, str]:
    """Column -> its type, of what `--data` would take; nothing where it is no table.

    Example:
        >>> columns({"user": [1, 2], "click": [0, 1]})
        {'user': 'list', 'click': 'list'}
    """
    if not _size(table):
        return {}
    try:
        if isinstance(table, dict):
            pairs = [(name, getattr(value, "dtype", "list")) for name, value in table.items()]
        elif hasattr(table, "schema") and hasattr(table.schema, "names"):  # pyarrow, some versions of polars
            names = table.schema.names() if callable(table.schema.names) else table.schema.names
            types = table.schema.dtypes() if hasattr(table.schema, "dtypes") else table.schema.types
            pairs = list(zip(names, types, strict=True))
        else:
            pairs = list(zip(table.columns, table.dtypes, strict=True))
    except Exception:  # noqa: BLE001  as above
        return {}
    return {name: str(kind) for name, kind in pairs if isinstance(name, str)}
