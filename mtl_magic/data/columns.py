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
    column = _hashed(column)
    if column.num_chunks == 0:
        return np.empty(0, "int32"), pa.array([], value_type(column.type))
    codes = [_codes(chunk.indices) for chunk in column.chunks]
    return codes[0] if len(codes) == 1 else np.concatenate(codes), column.chunk(0).dictionary


def _hashed(column: Column) -> pa.ChunkedArray:
    """The column with one dictionary in all of its chunks."""
    kind = family(column.type)
    if kind in ("list", "vector", "other"):
        raise MisfitError(f"holds {WORDS[kind]}, which have no vocabulary")
    column = chunked(column)
    return column.unify_dictionaries() if pt.is_dictionary(column.type) else column.dictionary_encode()


def _codes(indices: pa.Array) -> np.ndarray:
    if indices.null_count:
        if not pt.is_signed_integer(indices.type):
            indices = indices.cast(pa.int32())
        indices = indices.fill_null(-1)
    return indices.to_numpy(zero_copy_only=False).astype("int32", copy=False)


def read(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """table[codes], (n,), where the last entry of the table stands for the code -1, a null. It may be read-only."""
    if codes.min(initial=0) < 0:
        table, codes = np.roll(table, 1), codes + 1
    return pa.array(table).take(pa.array(codes)).to_numpy()  # NumPy would first widen all codes to 64 bits


def coded(column: Column) -> pa.Array:
    """The same column as one dictionary array of distinct values, so that several readers share one hashing of it."""
    given = pt.is_dictionary(column.type)
    column = _hashed(column)
    if not given and column.num_chunks == 1:
        return column.chunk(0)
    codes, values = dictionary(column)
    if given:  # whoever made it may have repeated a value
        again = values.dictionary_encode()
        if len(again.dictionary) < len(values):
            codes, values = np.append(_codes(again.indices), np.int32(-1))[codes], again.dictionary
    indices = pa.array(codes, mask=codes < 0) if codes.min(initial=0) < 0 else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, values, safe=False)  # the codes are ours: all have a value


def same(values: pa.Array, others: pa.Array) -> bool:
    """Whether two arrays are one: the same memory, whatever it holds."""
    if values.type != others.type or len(values) != len(others) or values.offset != others.offset:
        return False
    pairs = zip(values.buffers(), others.buffers(), strict=True)
    return all((a.address if a else 0) == (b.address if b else 0) for a, b in pairs)


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
