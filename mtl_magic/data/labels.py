"""Labels to numbers: NaN is no label, 0/1 a binary one, the class's index a multiclass one, the number a regression's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtl_magic.data.columns import WORDS, Column, MisfitError, absent, dictionary, family, numbers
from mtl_magic.data.values import align, distinct
from mtl_magic.problems import listed

if TYPE_CHECKING:
    from mtl_magic.registry import Declaration


class LabelError(MisfitError):
    """A label that its task cannot learn from; `code` says which mistake of the catalogue it is."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def fit_label(column: Column, kind: Declaration) -> tuple[Any, ...]:
    """The classes of a label column for a task of this kind, in order of their index; () for 0/1 and for a regression.

    Raises:
        LabelError: a label of the wrong type, without any value, or with one value only.
    """
    if family(column.type) in ("time", "list", "vector", "other"):
        raise LabelError("MTL204", f"holds {WORDS[family(column.type)]}; a label is a number, a yes/no or a class")
    if kind.word not in ("binary", "multiclass"):
        return _fit_number(column)
    _, values = distinct(column)
    known = values.to_pylist()
    if not known:
        raise LabelError("MTL205", "has no value in any row")
    if len(known) == 1:
        raise LabelError("MTL203", f"is {shown(known[0])} in every labelled row", "a task needs rows of both kinds")
    if kind.word == "binary":
        if len(known) > 2:
            hint = "multiclass is the kind for several classes, regression for numbers"
            raise LabelError("MTL204", f"has {len(known):,} values ({_some(known)}), and a binary task two", hint)
        plain = [str(v) for v in known] == ["0", "1"] or known == [False, True]
        return () if plain else tuple(known)
    return _fit_classes(known, getattr(kind, "n", None))


def _fit_classes(known: list[Any], n: int | None) -> tuple[Any, ...]:
    if all(isinstance(v, float) for v in known):
        hint = "regression is the kind for numbers"
        raise LabelError("MTL204", f"holds fractions ({_some(known)}), and a multiclass task has classes", hint)
    if n is None:
        return tuple(known)
    counted = all(isinstance(v, int) and not isinstance(v, bool) for v in known)
    if counted and known[0] >= 0 and known[-1] < n:  # classes that the data lacks have a name all the same
        return tuple(range(n))
    if len(known) != n:
        said = f"has {len(known):,} classes ({_some(known)}), and the task is multiclass({n})"
        raise LabelError("MTL204", said, f"write multiclass({len(known)}), or multiclass for as many as the data has")
    return tuple(known)


def _fit_number(column: Column) -> tuple[Any, ...]:
    if family(column.type) == "string":
        sample = next((v for v in column.to_pylist() if v), "")
        hint = "multiclass and binary are the kinds for classes"
        raise LabelError("MTL204", f"holds text ({shown(sample)}), and a regression learns numbers", hint)
    known = numbers(column)
    known = known[~np.isnan(known)]
    if not len(known):
        raise LabelError("MTL205", "has no value in any row")
    if known.min() == known.max():
        raise LabelError("MTL203", f"is {known[0]:g} in every labelled row")
    return ()


def encode_label(column: Column, kind: Declaration, classes: tuple[Any, ...]) -> np.ndarray:
    """The labels, (n,) with NaN where there is none: float64 of a regression, which statistics need, else float32.

    Raises:
        LabelError: a class that training has not seen, or a label of the wrong type.
    """
    if kind.word not in ("binary", "multiclass"):
        if family(column.type) == "string":
            return _fit_number(column)  # type: ignore[return-value]  # always raises
        return _cut(numbers(column))
    codes, values = dictionary(column)
    known = _array(classes or ((False, True) if family(values.type) == "bool" else (0, 1)))
    found = pc.index_in(align(values, known.type), known, skip_nulls=True).fill_null(-1).to_numpy(zero_copy_only=False)
    gone = absent(values)
    used = np.zeros(len(values), bool)
    used[codes[codes >= 0]] = True
    strange = (found < 0) & ~gone & used
    if strange.any():
        odd = values.filter(pa.array(strange)).to_pylist()
        hint = f"its classes are {listed([shown(v) for v in known.to_pylist()])}"
        raise LabelError("MTL210", f"has values that training does not know: {_some(odd)}", hint)
    table = np.append(np.where(gone, np.nan, found), np.nan)
    return table[codes].astype("float32")


def _array(classes: tuple[Any, ...]) -> pa.Array:
    try:
        return pa.array(classes)
    except OverflowError:
        return pa.array(classes, pa.uint64())


def _cut(values: np.ndarray) -> np.ndarray:
    top = float(np.finfo("float32").max)
    return values.clip(-top, top)


def only(column: Column, rows: np.ndarray) -> Column:
    """The column with its values in these rows (n,) bool, and null in the others."""
    return column.take(pa.array(np.arange(len(rows)), mask=~rows))


def shown(value: Any) -> str:
    """A value for a sentence: texts quoted."""
    return f"'{value}'" if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _some(values: list[Any]) -> str:
    return listed([shown(v) for v in values], 4)
