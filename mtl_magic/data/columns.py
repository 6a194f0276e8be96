"""Arrow columns as the encoders read them: distinct values, numbers, and what counts as missing.

A column is a pyarrow Array or ChunkedArray. Missing are nulls, NaN, infinite numbers and empty texts.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

Column: TypeAlias = "pa.Array | pa.ChunkedArray"

SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class MisfitError(ValueError):
    """A column that a kind cannot read; `hint` is the way out. Whoever knows the place in the text adds it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column's values: a dictionary's own."""
    return kind.value_type if pt.is_dictionary(kind) else kind


def family(kind: pa.DataType) -> str:
    """What a type holds: null, bool, int, float, string, time, list, vector or other."""
    kind = value_type(kind)
    if pt.is_null(kind):
        return "null"
    if pt.is_boolean(kind):
        return "bool"
    if pt.is_integer(kind):
        return "int"
    if pt.is_floating(kind) or pt.is_decimal(kind):
        return "float"
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return "string"
    if pt.is_temporal(kind):
        return "time"
    if pt.is_fixed_size_list(kind):
        return "vector" if family(kind.value_type) == "float" else "list"
    if pt.is_list(kind) or pt.is_large_list(kind):
        return "list"
    return "other"


WORDS = {
    "null": "nothing at all",
    "bool": "yes/no values",
    "int": "whole numbers",
    "float": "numbers",
    "string": "text",
    "time": "dates or times",
    "list": "lists",
    "vector": "vectors",
    "other": "structures or bytes",
}


KINS = {
    "bool": "number",
    "int": "number",
    "float": "number",
    "null": "",
}  # families whose values may stand for each other


def refuse_stranger(column: Column, trained: str, understood: bool) -> None:
    """A column of another family than the training rows' of which not one value is understood is another column.

    Args:
        column: to be encoded.
        trained: family of the training rows; '' where nobody knows.
        understood: whether any of the column's values means something to the encoder.

    Raises:
        MisfitError: it is.
    """
    now = family(column.type)
    kin = {KINS.get(name, name) for name in (now, trained)} - {""}
    if len(kin) == 2 and not understood and not absent(flat(column)).all():
        raise MisfitError(f"holds {WORDS[now]}, and the training rows {WORDS[trained]}")


def chunked(column: Column) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def flat(column: Column) -> pa.Array:
    """One array of plain values: chunks joined, dictionaries decoded."""
    column = chunked(column)
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.num_chunks == 1:
        return column.chunk(0)
    if pt.is_string(column.type):
        column = column.cast(pa.large_string())  # joined offsets may pass 2 GiB
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def dictionary(column: Column) -> tuple[np.ndarray, pa.Array]:
    """Distinct values and which of them each row has: codes (n,) int32 with -1 for null, values of any order.

    Values may repeat where the column was a dictionary that repeats them.

    Raises:
        MisfitError: lists and the like.
    """
    column = chunked(column)
    kind = family(column.type)
    if kind in ("list", "vector", "other"):
        raise MisfitError(f"holds {WORDS[kind]}, which have no vocabulary")
    column = column.unify_dictionaries() if pt.is_dictionary(column.type) else column.dictionary_encode()
    if column.num_chunks == 0:
        return np.empty(0, "int32"), pa.array([], value_type(column.type))
    codes = [_codes(chunk.indices) for chunk in column.chunks]
    return codes[0] if len(codes) == 1 else np.concatenate(codes), column.chunk(0).dictionary


def _codes(indices: pa.Array) -> np.ndarray:
    if indices.null_count:
        if not pt.is_signed_integer(indices.type):
            indices = indices.cast(pa.int32())
        indices = indices.fill_null(-1)
    return indices.to_numpy(zero_copy_only=False).astype("int32", copy=False)


def coded(column: Column) -> pa.Array:
    """The same column as one dictionary array, so that several readers share one hashing of it."""
    codes, values = dictionary(column)
    indices = pa.array(codes, mask=codes < 0) if (codes < 0).any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, values)


def numbers(column: Column, *, texts: bool = False) -> np.ndarray:
    """The column as float64 (n,), NaN where missing or infinite. Times are seconds since 1970.

    Args:
        texts: read numbers out of text; what is no number is NaN.

    Raises:
        MisfitError: the column holds no numbers.
    """
    if pt.is_dictionary(column.type):
        codes, values = dictionary(column)
        return np.append(numbers(values, texts=texts), np.nan)[codes]
    array = flat(column)
    kind = family(array.type)
    if kind == "null":
        return np.full(len(array), np.nan)
    if kind == "string" and texts:
        array = parsed(array)
    elif kind == "time":
        array, unit = _seconds(array)
        return _finite(array) / unit
    elif kind not in ("bool", "int", "float"):
        raise MisfitError(f"holds {WORDS[kind]}, not numbers")
    elif pt.is_boolean(array.type):
        array = array.cast(pa.int8())
    return _finite(array)


def _seconds(array: pa.Array) -> tuple[pa.Array, float]:
    kind = array.type
    if pt.is_date32(kind):
        return array.cast(pa.int32()), 1 / 86400
    if pt.is_date64(kind):
        return array.cast(pa.int64()), 1e3
    if pt.is_time32(kind):
        return array.cast(pa.int32()), SECONDS[kind.unit]
    if pt.is_timestamp(kind) or pt.is_time64(kind) or pt.is_duration(kind):
        return array.cast(pa.int64()), SECONDS[kind.unit]
    raise MisfitError(f"holds {kind}, which is no point in time")


def _finite(array: pa.Array) -> np.ndarray:
    found: np.ndarray = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    bad = ~np.isfinite(found)
    if bad.any():
        found = np.where(bad, np.nan, found)
    return found


NUMERAL = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def parsed(texts: pa.Array) -> pa.Array:
    """Numbers out of text, float64; null where a text is no number."""
    texts = pc.utf8_trim_whitespace(texts)
    fits = pc.match_substring_regex(texts, NUMERAL)
    texts = pc.replace_substring_regex(texts, r"^\+", "")  # Arrow reads no plus sign
    return pc.if_else(fits, texts, pa.scalar(None, texts.type)).cast(pa.float64())


def absent(values: pa.Array) -> np.ndarray:
    """Which plain values count as missing, (n,) bool."""
    kind = family(values.type)
    if kind == "null":
        return np.ones(len(values), bool)
    missing: np.ndarray = values.is_null().to_numpy(zero_copy_only=False)
    if kind == "string":
        empty = pc.equal(pc.binary_length(values), 0).fill_null(True)
        missing = missing | empty.to_numpy(zero_copy_only=False)
    elif kind == "float":
        missing = missing | np.isnan(numbers(values))
    return missing


def text(values: pa.Array) -> pa.Array:
    """Plain values as text, the way a vocabulary of texts spells them: 3.0 is '3'."""
    kind = family(values.type)
    if kind == "string":
        return values.cast(pa.string()) if not pt.is_string(values.type) else values
    if kind == "float":
        return pa.array([_spelt(v) for v in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _spelt(value: float | None) -> str | None:
    if value is None or math.isnan(value):
        return None
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)
