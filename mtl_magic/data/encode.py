"""Tables to packed rows with encoders that are already fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.columns import MisfitError, dictionary, family
from mtl_magic.data.labels import LabelError, encode_label
from mtl_magic.data.problems import several
from mtl_magic.data.schema import Part, Schema
from mtl_magic.data.sources import Table, read_table
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.data.encoders import Encoded


def encode_table(schema: Schema, table: Any, labels: bool = True, title: str = "the table") -> Part:
    """A table's rows, encoded as the training rows were.

    Args:
        schema: of the run.
        table: anything that `read_table` takes. Columns that are neither feature nor label are ignored.
        labels: read the labels too; a label column that is not there, or a missing label, is NaN.
        title: how messages call the table.

    Raises:
        MtlError: MTL206 a feature's column is not there, MTL208 it holds something else than in training, MTL210 a
            label's class that training does not know.
    """
    found = table if isinstance(table, Table) else read_table(table, title)
    problems: list[Problem] = []
    missing = [f.source for f in schema.features if found.resolve(f.source) is None]
    if missing:
        message = f"{found.title} lacks the column{'s' * (len(missing) != 1)} {several(missing)}"
        raise MtlError(Problem("MTL206", message, hint="the model was trained with these features"))
    encoded: list[Encoded] = []
    for feature in schema.features:
        try:
            encoded.append(feature.encoder.encode(found[found.resolve(feature.source) or ""]))
        except MisfitError as error:
            message = f"column '{feature.source}' of {found.title} {error.message}"
            problems.append(Problem("MTL208", message, hint=error.hint))
    targets = np.full((len(found), len(schema.tasks)), np.nan, "float32")
    for place, task in enumerate(schema.tasks if labels else ()):
        column = found.resolve(task.label)
        if column is None:
            continue
        try:
            targets[:, place] = encode_label(found[column], task.kind, task.classes)
            mask(targets[:, place], found, getattr(task.kind, "mask", None))
        except LabelError as error:
            message = f"label '{column}' of task '{task.name}' in {found.title} {error.message}"
            problems.append(Problem(error.code, message, hint=error.hint))
        except MisfitError as error:
            problems.append(Problem("MTL204", f"label '{column}' in {found.title} {error.message}", hint=error.hint))
    if problems:
        raise MtlError(problems)
    ids, floats = packed(encoded, len(found))
    extras = {name: extra(found, name) for name in schema.extras if found.resolve(name) is not None}
    return Part(ids, floats, targets, found.index, extras)


def packed(encoded: list[Encoded], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The features' columns side by side: ids (n, id_width) int32, floats (n, float_width) float32."""
    sides = []
    for side, kind in ((0, "int32"), (1, "float32")):
        columns = [c for c in (e[side] for e in encoded) if c is not None]
        matrix = np.empty((rows, sum(c.shape[1] for c in columns)), kind)
        start = 0
        for column in columns:
            matrix[:, start : start + column.shape[1]] = column
            start += column.shape[1]
        sides.append(matrix)
    return sides[0], sides[1]


def encode_rows(
    whole: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    index: pd.Index,
    extras: dict[str, np.ndarray],
    rows: np.ndarray,
) -> Part:
    """Some rows of an encoded table."""
    return Part(whole[0][rows], whole[1][rows], labels[rows], index[rows], {k: v[rows] for k, v in extras.items()})


def extra(table: Table, name: str) -> np.ndarray:
    """A column that is no feature, as NumPy (n,): numbers and times as such, anything else as codes into its values."""
    column = table[table.resolve(name) or ""]
    if family(column.type) in ("bool", "int", "float", "time", "null"):
        return column.to_pandas().to_numpy()
    if family(column.type) == "string":
        codes, values = dictionary(column)
        return np.array([*values.to_pylist(), None], dtype=object)[codes]
    return np.asarray(column.to_pylist(), dtype=object)


def mask(labels: np.ndarray, table: Table, column: Any) -> None:
    """Forget the labels of rows whose mask is 0, false or missing."""
    name = table.resolve(column) if isinstance(column, str) else None
    if name is not None:
        from mtl_magic.data.columns import numbers

        labels[~(np.nan_to_num(numbers(table[name])) > 0)] = np.nan
