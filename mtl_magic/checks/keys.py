"""Rows by hash, so that equal ones are found among millions: 64 bits a row, made column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mtl_magic.data.columns import Column, MisfitError, dictionary, family, flat, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.sources import Table

LOOK = 5_000  # rows that say how much a column tells rows apart
ODD = np.uint64(0x9E3779B97F4A7C15)
Pick = tuple["Table", np.ndarray]  # a table and rows of it


def keys(column: Column) -> np.ndarray:
    """A hash of each value, (n,) uint64: equal for equal values, whole numbers and floats alike; missing is a value."""
    kind = family(column.type)
    if kind in ("null", "bool", "int", "float", "time"):
        try:
            return _mixed((numbers(column) + 0.0).view("uint64"))
        except MisfitError:  # a span of months
            return np.zeros(len(column), "uint64")
    if kind == "string":
        codes, values = dictionary(column)
        hashed = pd.util.hash_array(np.array([*values.to_pylist(), ""], dtype=object), categorize=False)
        return hashed.astype("uint64")[codes]
    if kind in ("list", "vector"):
        return _lists(flat(column))
    return np.zeros(len(column), "uint64")  # structures and bytes tell no rows apart


def _lists(array: pa.Array) -> np.ndarray:
    """Sums of the items' hashes, each times a number of its place."""
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype("int64")
    ends = np.cumsum(lengths)
    items = keys(array.flatten()) if len(array) else np.empty(0, "uint64")
    place = np.arange(len(items)) - np.repeat(ends - lengths, lengths)
    summed = np.append(np.uint64(0), np.cumsum(items * (place.astype("uint64") * np.uint64(2) + ODD)))
    return _mixed(summed[ends] - summed[ends - lengths] + lengths.astype("uint64"))


def _mixed(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed: np.ndarray = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def telling(table: Table, rows: np.ndarray, names: Sequence[str]) -> list[tuple[float, str]]:
    """The columns, most telling first: each with the chance that two of the rows have the same value."""
    looked = rows[np.linspace(0, len(rows) - 1, min(len(rows), LOOK)).astype("int64")]
    found = []
    for name in names:
        counts = np.unique(keys(_taken(table, name, looked)), return_counts=True)[1]
        pairs = max(len(looked) * (len(looked) - 1), 1)
        slow = family(table[name].type) in ("list", "vector")
        found.append((float((counts * (counts - 1)).sum() / pairs), slow, name))
    return [(chance, name) for chance, _, name in sorted(found)]


def repeated(part: Pick, pool: Sequence[Pick], names: Sequence[str]) -> np.ndarray:
    """Which rows of `part` stand in `pool` too, equal in all of these columns, (n,) bool.

    Column by column only rows are looked at that have a partner so far: in a log soon hardly any.
    """
    here = np.arange(len(part[1]))
    mine, theirs = np.zeros(len(here), "uint64"), [np.zeros(len(rows), "uint64") for _, rows in pool]
    left = [rows for _, rows in pool]
    for name in names:
        mine = _mixed(mine * ODD + keys(_taken(part[0], name, part[1][here])))
        theirs = [
            _mixed(hashed * ODD + keys(_taken(table, name, rows)))
            for (table, _), rows, hashed in zip(pool, left, theirs, strict=True)
        ]
        kept = _within(mine, np.concatenate(theirs))
        here, mine = here[kept], mine[kept]
        for k, hashed in enumerate(theirs):
            kept = _within(hashed, mine)
            left[k], theirs[k] = left[k][kept], hashed[kept]
        if not len(here):
            break
    found = np.zeros(len(part[1]), bool)
    found[here] = True
    return found


def alike(one: Pick, other: Pick, names: Sequence[str]) -> bool:
    """Whether two tables hold the same rows, in any order, as often."""
    mine, theirs = (np.zeros(len(rows), "uint64") for _, rows in (one, other))
    for name in names:
        mine = _mixed(mine * ODD + keys(_taken(one[0], name, one[1])))
        theirs = _mixed(theirs * ODD + keys(_taken(other[0], name, other[1])))
        if mine.sum() != theirs.sum():  # both wrap around at 64 bits: a hash of the rows in any order
            return False
    return True


def _taken(table: Table, name: str, rows: np.ndarray) -> Column:
    column = table[name]
    return column if len(rows) == len(table) else column.take(pa.array(rows))


def _within(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    found: np.ndarray = pc.is_in(pa.array(values), pa.array(others)).to_numpy(zero_copy_only=False)
    return found
