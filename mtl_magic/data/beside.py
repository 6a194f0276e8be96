"""What stands in a row's labels beside one number a task (`schema.Beside`): a multilabel task's classes, weights of rows, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.columns import MisfitError, numbers
from mtl_magic.data.flags import encode_flags
from mtl_magic.data.keys import keys
from mtl_magic.data.labels import LabelError
from mtl_magic.problems import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.data.schema import Schema
    from mtl_magic.data.sources import Table
    from mtl_magic.registry import Declaration

CODE = "MTL221"
BITS = 24  # whole numbers so long are exact in float32


def sample_weights(kind: Declaration, table: Table) -> np.ndarray | None:
    """The weights of a table's rows, (n,) float32 of at least 0, a missing one 0; None where the task has none, or the table
    lacks the column.

    Raises:
        LabelError: MTL221 they are no numbers, or one is below 0, or the function in braces fails.
    """
    asked = getattr(kind, "sample_weight", None)
    if asked is None:
        return None
    if isinstance(asked, str):
        name = table.resolve(asked)
        if name is None:
            return None
        what = f"sample weight '{asked}'"
        try:
            found = numbers(table[name])
        except MisfitError as error:
            raise LabelError(
                CODE, f"has a {what}, which {error.message}", "a weight is a number of at least 0"
            ) from None
    else:
        what = "sample weight in braces"
        found = _called(asked, table)
    found = np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=-1.0)
    if (found < 0).any():
        hint = "a weight is a number of at least 0; a row with 0 does not teach"
        raise LabelError(CODE, f"has a {what} of {found[found < 0][0]:g}", hint)
    made: np.ndarray = np.minimum(found, np.finfo("float32").max / 1e6).astype("float32")
    return made


def _called(function: Any, table: Table) -> np.ndarray:
    """What a function of the table gives, (n,) float64."""
    import pandas as pd

    frame = pd.DataFrame({name: column.to_pandas().to_numpy() for name, column in table.columns.items()}, copy=False)
    frame.index = table.index
    hint = "it is called as sample_weight(table), with a pandas DataFrame, and gives a number a row"
    try:
        found = np.asarray(function(frame), dtype="float64")
    except Exception as error:  # whatever the person's function raises is theirs to read
        said = f"has a sample weight in braces that fails: {type(error).__name__}: {first_line(error)}"
        raise LabelError(CODE, said, hint) from error
    if found.shape not in ((len(table),), (len(table), 1)):
        raise LabelError(
            CODE,
            f"has a sample weight in braces that gives an array of shape {found.shape} for {len(table):,} rows",
            hint,
        )
    return found.reshape(-1)


def list_numbers(table: Table, column: str) -> np.ndarray:
    """Two numbers that are equal in rows of one list, (n, 2) float32; NaN in rows without a value of the column.

    Raises:
        MisfitError: its values are lists and the like.
    """
    found, alone = keys(table[table.resolve(column) or ""])
    mask = np.uint64((1 << BITS) - 1)
    made = np.stack([found >> np.uint64(64 - BITS), (found >> np.uint64(64 - 2 * BITS)) & mask], axis=1)
    return np.where(alone[:, None], np.nan, made).astype("float32")


def fill(
    schema: Schema,
    table: Table,
    labels: np.ndarray,
    flags: Mapping[str, np.ndarray | None] | None = None,
    weights: Mapping[str, np.ndarray | None] | None = None,
) -> None:
    """Writes what stands beside into `labels` (n, width).

    Args:
        flags, weights: by task, what is known already.

    Raises:
        LabelError, MisfitError: as those who make it do.
    """
    beside = schema.beside
    for k, task in enumerate(schema.tasks):
        start, stop = beside.flags[k]
        columns = [table.resolve(c) for c in task.columns]
        if stop > start and all(c is not None for c in columns):
            found = (flags or {}).get(task.name)
            if found is None:
                values = [table[c or ""] for c in columns]
                found = encode_flags(values, task.columns, task.form, task.classes)
            labels[:, start:stop] = found
        at = beside.weights[k]
        if at is not None:
            own = (weights or {}).get(task.name)
            own = sample_weights(task.kind, table) if own is None else own
            labels[:, at] = 1.0 if own is None else own
    if beside.lists is not None and schema.lists is not None and table.resolve(schema.lists) is not None:
        labels[:, beside.lists : beside.lists + 2] = list_numbers(table, schema.lists)


def list_codes(labels: np.ndarray, at: int) -> np.ndarray:
    """Which list each row is of, by labels (n, width) with its two numbers from `at` on: (n,) int64, equal in rows of one
    list; a row that is of none has a number of its own, below 0.
    """
    two = labels[:, at : at + 2]
    alone = np.isnan(two[:, 0])
    found = np.where(alone[:, None], 0, two).astype("int64")
    return np.where(alone, -1 - np.arange(len(labels)), (found[:, 0] << BITS) + found[:, 1])
