"""Tables to packed rows with encoders that are already fitted."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mtl_magic.data.beside import fill
from mtl_magic.data.columns import MisfitError, dictionary, family, numbers
from mtl_magic.data.flags import encode_flags, summed
from mtl_magic.data.labels import LabelError, encode_label, only
from mtl_magic.data.problems import several
from mtl_magic.data.schema import Part, Schema
from mtl_magic.data.sources import Table, read_table
from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem
from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.data.encoders import Encoded


def encode_table(schema: Schema, table: Any, labels: bool = True, title: str = "the table") -> Part:
    """A table's rows, encoded as the training rows were.

    Args:
        schema: of the run.
        table: anything that `read_table` takes. Columns that are neither feature nor label are ignored; a feature that is
            `optional` is missing in all rows where its column is not there, unless no feature's is.
        labels: read the labels too; a label column that is not there, or a missing label, is NaN, and so is one that
            does not count because a parent's label is not 1 (`TaskSchema.observed`).
        title: how messages call the table.

    Raises:
        MtlError: MTL206 the column of a feature, or of a metric of a label that is there, is not there, MTL208 it holds something else than in training, MTL210 a
            label's class that training does not know.
    """
    found = table if isinstance(table, Table) else read_table(table, title)
    problems: list[Problem] = []
    lacking = [f for f in schema.features if found.resolve(f.source) is None]
    missing = [f.source for f in lacking if not f.optional or len(lacking) == len(schema.features)]
    if missing:
        message = f"{found.title} lacks the column{'s' * (len(missing) != 1)} {several(missing)}"
        raise MtlError(Problem("MTL206", message, hint="the model was trained with these features"))
    encoded: list[Encoded] = []
    for feature in schema.features:
        try:
            column = found.resolve(feature.source)
            encoded.append(feature.encoder.encode(found[column] if column is not None else pa.nulls(len(found))))
        except MisfitError as error:
            message = f"column '{feature.source}' of {found.title} {error.message}"
            problems.append(Problem("MTL208", message, hint=error.hint))
    targets = np.full((len(found), schema.beside.width), np.nan, "float32")
    if labels:
        _encode_labels(schema, found, targets, problems)
    if problems:
        raise MtlError(problems)
    ids, floats = packed(encoded, len(found))
    extras = {name: extra(found, name) for name in schema.extras if found.resolve(name) is not None}
    return Part(ids, floats, targets, found.index, extras)


def _encode_labels(schema: Schema, table: Table, targets: np.ndarray, problems: list[Problem]) -> None:
    """Fills `targets` (n, width), parents before children, and what stands beside them."""
    flags: dict[str, np.ndarray | None] = {}
    places = {task.name: k for k, task in enumerate(schema.tasks)}
    for name in TopologicalSorter({t.name: t.observed for t in schema.tasks}).static_order():
        task = schema.tasks[places[name]]
        columns = [c for c in map(table.resolve, task.columns) if c is not None]
        if len(columns) < len(task.columns):
            continue
        for what, needed in measured(task.kind):
            if table.resolve(needed) is None:
                message = f"{table.title} lacks the column '{needed}' of the {what} of task '{task.name}'"
                problems.append(Problem("MTL206", message, hint=did_you_mean(needed, table.names)))
        try:
            kept = unmasked(table, getattr(task.kind, "mask", None))
            if task.observed:
                above = np.all([targets[:, places[parent]] == 1 for parent in task.observed], axis=0)
                kept = above if kept is None else kept & above
            values = [table[c] if kept is None else only(table[c], kept) for c in columns]
            if task.exclusive:
                targets[:, places[name]] = encode_label(values[0], task.kind, task.classes)
            else:
                flags[name] = made = encode_flags(values, task.columns, task.form, task.classes)
                targets[:, places[name]] = summed(made)
        except LabelError as error:
            message = f"label '{columns[0]}' of task '{task.name}' in {table.title} {error.message}"
            problems.append(Problem(error.code, message, hint=error.hint))
        except MisfitError as error:
            problems.append(
                Problem("MTL204", f"label '{columns[0]}' in {table.title} {error.message}", hint=error.hint)
            )
    if problems:
        return
    try:
        fill(schema, table, targets, flags)
    except LabelError as error:
        problems.append(Problem(error.code, f"{table.title} {error.message}", hint=error.hint))
    except MisfitError as error:
        message = f"column '{schema.lists}' of {table.title} {error.message}"
        problems.append(Problem("MTL208", message, hint=error.hint))


def measured(kind: Declaration) -> list[tuple[str, str]]:
    """Columns that the metrics and the loss of a task need, and what each is to it: ("metric 'gauc'", 'user_id')."""
    metrics: tuple[Any, ...] = getattr(kind, "metrics_of", tuple)()
    found = []
    for word, part in [*(("metric", m) for m in metrics), *(("loss", x) for x in getattr(kind, "losses", tuple)())]:
        columns = getattr(part, "columns", None)
        if callable(columns) and isinstance(part, Declaration):
            found += [(f"{word} '{part.word}'", c) for c in columns()]
    group = getattr(kind, "group", None)
    return [("group", group), *(pair for pair in found if pair[1] != group)] if group else found


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


def unmasked(table: Table, column: Any) -> np.ndarray | None:
    """Rows (n,) bool whose mask is neither 0, false nor missing; None where there is no mask, or no such column.

    Raises:
        MisfitError: the column holds no numbers.
    """
    name = table.resolve(column) if isinstance(column, str) else None
    if name is None:
        return None
    found: np.ndarray = np.nan_to_num(numbers(table[name])) > 0
    return found
