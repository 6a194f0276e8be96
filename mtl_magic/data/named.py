"""Several tables of one training, and the names by which `train mix=` and messages call them."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Named:
    """A table with its name: `train mix=[NAME=…]`. It is `said` where a person gave it, not where we count."""

    name: str
    data: Any
    said: bool = True


def tables_of(data: Any) -> list[Any]:
    """The tables of an argument: one, those of a list, or those of a dict by name.

    Example:
        >>> one, two = {"x": [1, 2]}, {"x": [3]}
        >>> tables_of(one) == [one], tables_of([one, two]) == [one, two]
        (True, True)
        >>> [table.name for table in tables_of({"feed": one, "shop": two})]
        ['feed', 'shop']
    """
    if isinstance(data, (list, tuple)):
        return [table for item in data for table in ([item] if isinstance(item, (list, tuple)) else tables_of(item))]
    if isinstance(data, Mapping) and data and all(isinstance(k, str) and is_table(v) for k, v in data.items()):
        return [Named(name, table) for name, table in data.items()]
    return [data]


def is_table(value: Any) -> bool:
    """Whether a value is a whole table rather than a column of one. Nothing is imported to tell."""
    if isinstance(value, (str, os.PathLike, Mapping, Named)):
        return True
    kind = type(value)
    if kind.__module__.startswith(("pyarrow._dataset", "tensorflow.python.data", "mtl_magic.data")):
        return True
    return kind.__name__ in ("DataFrame", "LazyFrame", "Table", "RecordBatch", "DuckDBPyRelation")


def named(data: Sequence[Any]) -> list[Named]:
    """Each table with a name: its own, that of its file, else its number. No two have the same.

    Example:
        >>> [table.name for table in named(["logs/shop-*.parquet", {"x": [1]}, "late/shop.csv"])]
        ['shop', 'table2', 'shop_2']
    """
    found = [item if isinstance(item, Named) else _named(item, k + 1) for k, item in enumerate(data)]
    taken: dict[str, int] = {}
    made = []
    for table in found:
        taken[table.name] = times = taken.get(table.name, 0) + 1
        made.append(table if times == 1 else dataclasses.replace(table, name=f"{table.name}_{times}"))
    return made


def _named(data: Any, number: int) -> Named:
    if isinstance(data, (str, os.PathLike)):
        return Named(stem(os.fspath(data)) or f"table{number}", data)
    return Named(f"table{number}", data, said=False)


def stem(path: str) -> str:
    """What a path, folder or glob calls its table: the file's name without its ending and wildcards, else the folder's.

    Example:
        >>> stem("logs/shop.csv.gz"), stem("logs/shop/*.parquet"), stem("logs/shop-2024*.csv")
        ('shop', 'shop', 'shop-2024')
    """
    for part in reversed(pathlib.PurePath(path).parts):
        plain = re.split(r"[*?\[]", part.lstrip(".").partition(".")[0])[0].rstrip("-_ ")
        if re.search(r"\w", plain):
            return plain
    return ""


def titles(tables: Sequence[Named], what: str = "the data") -> list[str]:
    """How messages call the tables."""
    if len(tables) == 1:
        return [what]
    if what == "the data":
        return [f"table '{t.name}'" if t.said else f"table {k + 1} of the data" for k, t in enumerate(tables)]
    word = what.removeprefix("the ")
    return [f"{word} '{t.name}'" if t.said else f"{word} {k + 1}" for k, t in enumerate(tables)]
