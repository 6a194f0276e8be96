"""Labels of multilabel tasks: which classes a row has, 0 or 1 each, NaN where nobody knows.

A column holds them as lists of tags ('lists'), as texts that join tags by a mark (the mark itself), or as vectors of 0 and 1
of one length ('vector'); or each class has a column ('columns'). The form is told by the data once, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.columns import WORDS, Column, MisfitError, absent, dictionary, family, flat, numbers
from mtl_magic.data.labels import LabelError, shown
from mtl_magic.data.tags import items_of, separator
from mtl_magic.data.tally import Counts
from mtl_magic.data.values import align, distinct
from mtl_magic.features import _defaults
from mtl_magic.problems import listed

LISTS, VECTOR, COLUMNS, ALONE = "lists", "vector", "columns", "alone"  # alone: a text is one tag


def form_of(columns: Sequence[Column]) -> str:
    """How these columns hold classes, as a column's values show.

    Raises:
        LabelError: they hold none.
    """
    if len(columns) > 1:
        return COLUMNS
    (column,) = columns
    kind = family(column.type)
    if kind == "string":
        return separator(dictionary(column)[1]) or ALONE
    if kind not in ("list", "vector"):
        hint = "multiclass is the kind for one class a row, and labels=[like, share] takes a column a class"
        raise LabelError(
            "MTL204", f"holds {WORDS[kind]}; a multilabel task has lists of tags, or vectors of 0 and 1", hint
        )
    array = flat(column)
    known = array.drop_null()
    sizes = pc.unique(pc.list_value_length(known)) if not pt.is_fixed_size_list(array.type) else pa.array([1])
    inner = family(array.type.value_type)
    if inner in ("bool", "int", "float") and len(sizes) == 1 and len(known):
        values = numbers(known.flatten())
        length = len(values) // len(known)
        if length > 1 and np.isin(values, (0.0, 1.0)).all() and values.any() and _repeats(known, values, length):
            return VECTOR
    return LISTS


def _repeats(known: pa.Array, values: np.ndarray, length: int) -> bool:
    """Whether lists of 0 and 1 are vectors: a list of tags names none twice."""
    return length > 2 or bool(
        (values.reshape(len(known), length).min(axis=1) == values.reshape(len(known), length).max(axis=1)).any()
    )


def classes_of(columns: Sequence[Column], names: Sequence[str], form: str) -> tuple[object, ...]:
    """The classes, in the order of their places.

    Raises:
        LabelError: fewer than two, or more than a head for each makes sense.
    """
    if form == COLUMNS:
        for column, name in zip(columns, names, strict=True):
            _column(column, name)
        return tuple(names)
    if form == VECTOR:
        known = flat(columns[0]).drop_null()
        return tuple(range(len(known.flatten()) // max(len(known), 1)))
    counts = Counts()
    counts.add(items_of(columns[0], _mark(form))[2])
    return classes_counted(counts)


def classes_counted(counts: Counts) -> tuple[object, ...]:
    """The classes of counted tags, sorted."""
    found = distinct(counts.merged()[0])[1].to_pylist() if counts.rows else []
    if not found:
        raise LabelError("MTL205", "has no tag in any row")
    if len(found) == 1:
        hint = "binary is the kind for yes and no"
        raise LabelError("MTL203", f"holds one tag, {shown(found[0])}: a multilabel task has several classes", hint)
    if len(found) > _defaults.MANY_CLASSES:
        hint = "keep the tags that matter in a column of its own"
        raise LabelError(
            "MTL204",
            f"holds {len(found):,} different tags, and each is a class: {_defaults.MANY_CLASSES:,} at most",
            hint,
        )
    return tuple(found)


def encode_flags(columns: Sequence[Column], names: Sequence[str], form: str, classes: tuple[object, ...]) -> np.ndarray:
    """(n, classes) float32: 1, 0, or NaN where nobody knows.

    Raises:
        LabelError: a tag that training has not seen, a vector of another length, a number that is neither 0 nor 1.
    """
    if form == COLUMNS:
        return np.stack([_column(c, n) for c, n in zip(columns, names, strict=True)], axis=1)
    (column,) = columns
    if form == VECTOR:
        return _vectors(column, len(classes))
    codes, counts, items = items_of(column, _mark(form))
    places, values = dictionary(items)
    known = pa.array(list(classes))
    found = pc.index_in(align(values, known.type), known, skip_nulls=True).fill_null(-1).to_numpy(zero_copy_only=False)
    if (found < 0).any():
        odd = values.filter(pa.array(found < 0)).to_pylist()
        hint = f"its tags are {listed([shown(c) for c in classes], 8)}"
        raise LabelError("MTL210", f"has tags that training does not know: {listed([shown(v) for v in odd], 4)}", hint)
    made = np.zeros((len(counts) + 1, len(classes)), "float32")
    made[np.repeat(np.arange(len(counts)), counts), found[places]] = 1
    if codes is None:
        made = made[:-1]
        made[~_valid(column)] = np.nan
        return made
    values = dictionary(column)[1]
    made[:-1][absent(values)] = np.nan
    made[-1] = np.nan  # code -1, a null, reads the last
    return made[codes]


def summed(flags: np.ndarray) -> np.ndarray:
    """A row's label in one number, (n,) float32: how many classes it has, NaN where no class is known."""
    found = np.nansum(flags, axis=1).astype("float32")
    return np.where(np.isnan(flags).all(axis=1), np.float32("nan"), found)


def _mark(form: str) -> str:
    return "" if form in (LISTS, ALONE) else form


def _valid(column: Column) -> np.ndarray:
    found: np.ndarray = flat(column).is_valid().to_numpy(zero_copy_only=False)
    return found


def _column(column: Column, name: str) -> np.ndarray:
    """One class's column, (n,) float32."""
    try:
        found = numbers(column)
    except MisfitError as error:
        raise LabelError(
            "MTL204", f"has the column '{name}', which {error.message}", "a class's column is 0 and 1"
        ) from None
    odd = found[~np.isnan(found) & (found != 0) & (found != 1)]
    if len(odd):
        raise LabelError("MTL204", f"has {odd[0]:g} in the column '{name}'", "a class's column is 0 and 1")
    return found.astype("float32")


def _vectors(column: Column, length: int) -> np.ndarray:
    array = flat(column)
    made = np.full((len(array), length), np.nan, "float32")
    if family(array.type) == "null":
        return made
    if family(array.type) not in ("list", "vector"):
        raise LabelError("MTL204", f"holds {WORDS[family(array.type)]}, not vectors of {length} classes")
    known = array.drop_null()
    sizes = np.diff(np.append(0, np.cumsum(_lengths(known))))
    if (sizes != length).any():
        raise LabelError("MTL204", f"has a vector of {int(sizes[sizes != length][0])} numbers, and {length} classes")
    values = numbers(known.flatten()).reshape(-1, length) if len(known) else np.empty((0, length))
    if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        odd = values[~np.isnan(values) & (values != 0) & (values != 1)]
        raise LabelError("MTL204", f"has {odd[0]:g} in a vector of 0 and 1")
    made[array.is_valid().to_numpy(zero_copy_only=False)] = values
    return made


def _lengths(lists: pa.Array) -> np.ndarray:
    if pt.is_fixed_size_list(lists.type):
        return np.full(len(lists), lists.type.list_size)
    found: np.ndarray = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return found


class FlagTally:
    """Counts the classes of a multilabel task batch by batch. Its form, and the classes of any but tags, are the sample's.

    Args:
        names: of the columns.
        form: of them.
        classes: as the sample shows them.
    """

    def __init__(self, names: Sequence[str], form: str, classes: tuple[object, ...]) -> None:
        self.names, self.form, self.classes = tuple(names), form, classes
        self.tags = form not in (VECTOR, COLUMNS)
        self.all, self.trained = Counts(), Counts()  # tags of rows that count, and of those that train
        self.rows = 0  # training rows with a label
        self.ones, self.known = np.zeros(len(classes)), np.zeros(len(classes))

    def add(self, columns: Sequence[Column], counts: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Of rows of which `counts` (n,) bool count, and `train` (n,) bool train. Returns which have a label, (n,) bool."""
        if not self.tags:
            flags = encode_flags(columns, self.names, self.form, self.classes)
            known = ~np.isnan(flags)
            labelled: np.ndarray = known.any(axis=1)
            rows = counts & train
            self.ones += np.nansum(flags[rows], axis=0)
            self.known += known[rows].sum(axis=0)
            self.rows += int(labelled[rows].sum())
            return labelled
        (column,) = columns
        codes, sizes, items = items_of(column, _mark(self.form))
        for kept, into in ((counts, self.all), (counts & train, self.trained)):
            lists = (
                kept.astype("int64") if codes is None else np.bincount(codes[kept & (codes >= 0)], minlength=len(sizes))
            )
            into.add(items, np.repeat(lists, sizes))
        labelled = _valid(column) if codes is None else ~np.append(absent(dictionary(column)[1]), True)[codes]
        self.rows += int((labelled & counts & train).sum())
        return labelled

    def result(self) -> tuple[tuple[object, ...], np.ndarray]:
        """The classes, and the rate of each on the training rows that know it.

        Raises:
            LabelError: see `classes_counted`.
        """
        if not self.tags:
            return self.classes, self.ones / np.maximum(self.known, 1)
        classes = classes_counted(self.all)
        values, seen = self.trained.merged()
        known = pa.array(list(classes))
        places = pc.index_in(align(values, known.type), known).to_numpy(zero_copy_only=False) if len(values) else []
        ones = np.zeros(len(classes))
        for place, count in zip(places, seen, strict=True):
            ones[int(place)] += count
        return classes, ones / max(self.rows, 1)
