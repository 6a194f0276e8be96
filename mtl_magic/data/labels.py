"""Labels to numbers: NaN is no label, 0/1 a binary one, the class's index a multiclass or ordinal one, else the number itself.

Those of multilabel tasks are in `data/flags.py`.
"""

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


CLASSES = ("binary", "multiclass", "ordinal")  # kinds whose labels are places of classes


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
        hint = "multilabel is the kind for lists of classes" if family(column.type) in ("list", "vector") else ""
        raise LabelError(
            "MTL204", f"holds {WORDS[family(column.type)]}; a label is a number, a yes/no or a class", hint
        )
    if kind.word not in CLASSES:
        return _fit_number(column, kind)
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
    if kind.word == "ordinal":
        return _fit_ranks(known, getattr(kind, "n", None))
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


def _fit_ranks(known: list[Any], n: int | None) -> tuple[Any, ...]:
    odd = [v for v in known if isinstance(v, (bool, str)) or (isinstance(v, float) and not v.is_integer())]
    if odd:
        hint = "number them in their order, from 0 on; multiclass is the kind for classes without an order"
        raise LabelError(
            "MTL204", f"holds {shown(odd[0])}, and an ordinal task has ranks, which are whole numbers", hint
        )
    ranks = sorted(int(v) for v in known)
    if n is None:
        if len(ranks) > RANKS:
            hint = "regression and count are the kinds for numbers"
            raise LabelError("MTL204", f"has {len(ranks):,} values, and an ordinal task {RANKS} ranks at most", hint)
        return tuple(ranks)
    if ranks[0] < 0 or ranks[-1] >= n:
        worst = ranks[-1] if ranks[-1] >= n else ranks[0]
        hint = f"ranks count from 0: subtract {ranks[0]} from the label" if len(ranks) <= n and ranks[0] > 0 else ""
        hint = f"{hint}; or write ordinal without n, for the numbers of the data in their order".lstrip("; ")
        raise LabelError("MTL204", f"is {worst} in some row, and the ranks of ordinal({n}) are 0 to {n - 1}", hint)
    return tuple(range(n))


def _fit_number(column: Column, kind: Declaration) -> tuple[Any, ...]:
    if family(column.type) == "string":
        sample = next((v for v in column.to_pylist() if v), "")
        hint = "multiclass and binary are the kinds for classes"
        what = LEARNS.get(kind.word, "numbers")
        raise LabelError("MTL204", f"holds text ({shown(sample)}), and {_a(kind.word)} learns {what}", hint)
    known = numbers(column)
    known = known[~np.isnan(known)]
    _check_numbers(known, kind)
    if not len(known):
        raise LabelError("MTL205", "has no value in any row")
    if known.min() == known.max():
        raise LabelError("MTL203", f"is {known[0]:g} in every labelled row")
    return ()


LEARNS = {"count": "whole numbers", "ranking": "grades, which are numbers"}
RANKS = 100  # of an ordinal task at most


def _a(kind: str) -> str:
    return "a regression" if kind == "regression" else f"a {kind} task"


def _check_numbers(known: np.ndarray, kind: Declaration) -> None:
    """Numbers (n,) that the loss takes, or that are counts; NaN passes.

    Raises:
        LabelError: one is too small, or a count is not whole.
    """
    least = getattr(kind, "least", None)
    small = known[known < least] if least is not None else known[:0]
    if len(small):
        losses = [loss.word for loss in kind.losses() if getattr(loss, "least", None) is not None]  # type: ignore[attr-defined]
        who = f"loss={losses[0]}" if kind.word == "regression" and losses else f"a {kind.word} task"
        hint = "mse, mae, huber and quantile take any number" if kind.word == "regression" else ""
        raise LabelError("MTL204", f"is {small[0]:g} in some row, and {who} takes numbers of at least {least:g}", hint)
    if kind.word == "count":
        odd = known[~np.isnan(known) & (known != np.floor(known))]
        if len(odd):
            hint = "regression(loss=poisson) takes fractions"
            raise LabelError("MTL204", f"is {odd[0]:g} in some row, and a count is a whole number", hint)


def encode_label(column: Column, kind: Declaration, classes: tuple[Any, ...]) -> np.ndarray:
    """The labels, (n,) with NaN where there is none: float64 of a regression, which statistics need, else float32.

    Raises:
        LabelError: a class that training has not seen, or a label of the wrong type.
    """
    if kind.word not in CLASSES:
        if family(column.type) == "string":
            return _fit_number(column, kind)  # type: ignore[return-value]  # always raises
        found = numbers(column)
        _check_numbers(found, kind)
        return _cut(found)
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
