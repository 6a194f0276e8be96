"""Vocabulary values: of one type, so that 3, 3.0 and '3' meet as the same value whatever dtype they arrive in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.columns import WORDS, Column, MisfitError, absent, dictionary, family, numbers, text

LARGEST = 2.0**63


def canonical(values: pa.Array) -> pa.Array:
    """Distinct training values in the type that their vocabulary will have; nulls where they count as missing.

    Texts stay texts; whole numbers (floats that are whole too: a table with gaps has them) become int64, or uint64
    where they need it; other floats keep their width; yes/no stays so.

    Raises:
        MisfitError: dates, lists and the like, which have no vocabulary.
    """
    kind = family(values.type)
    gone = absent(values)
    if kind == "null":
        return values.cast(pa.string())
    if kind == "string":
        found = values if pt.is_string(values.type) else values.cast(pa.string())
    elif kind == "bool":
        found = values
    elif kind == "int":
        found = values
        if pt.is_uint64(values.type) and len(values) and (pc.max(values).as_py() or 0) >= LARGEST:
            found = values
        else:
            found = values.cast(pa.int64())
    elif kind == "float":
        found = _floats(values)
    else:
        raise MisfitError(f"holds {WORDS[kind]}, which have no vocabulary")
    return pc.if_else(pa.array(~gone), found, pa.scalar(None, found.type)) if gone.any() else found


def _floats(values: pa.Array) -> pa.Array:
    plain = numbers(values)
    known = plain[~np.isnan(plain)]
    if (known == np.floor(known)).all() and (np.abs(known) < LARGEST).all():
        whole = np.where(np.isnan(plain), 0.0, plain).astype("int64")
        return pa.array(whole, mask=np.isnan(plain))
    width = pa.float32() if values.type.bit_width <= 32 else pa.float64()
    return pa.array(plain + 0.0, width, from_pandas=True)  # + 0.0: -0.0 is 0.0


def align(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Plain values of any type as the vocabulary's type `kind`; null where they have no counterpart in it.

    Raises:
        MisfitError: dates, lists and the like.
    """
    have = family(values.type)
    if have == "null":
        return pa.nulls(len(values), kind)
    if have in ("time", "list", "vector", "other"):
        raise MisfitError(f"holds {WORDS[have]}, unlike the training rows")
    if pt.is_boolean(kind):
        return _as_bool(values, have)
    if pt.is_string(kind):
        if have == "bool":  # Python and pandas spell True, Arrow true
            return pc.if_else(values, "True", "False")
        return text(values)
    if pt.is_integer(kind):
        return _as_whole(values, have, kind)
    plain = numbers(values, texts=True)
    return pa.array(plain + 0.0, kind, from_pandas=True)


def _as_bool(values: pa.Array, have: str) -> pa.Array:
    if have == "bool":
        return values
    spelt = pc.utf8_lower(text(values))
    true = pc.is_in(spelt, pa.array(["true", "1"]))
    false = pc.is_in(spelt, pa.array(["false", "0"]))
    return pc.if_else(true, True, pc.if_else(false, False, pa.scalar(None, pa.bool_())))


def _as_whole(values: pa.Array, have: str, kind: pa.DataType) -> pa.Array:
    unsigned = pt.is_unsigned_integer(kind)
    low, high = (0, 2**64 - 1) if unsigned else (-(2**63), 2**63 - 1)
    if have == "bool":
        return values.cast(kind)
    if have == "int":
        if unsigned and not pt.is_unsigned_integer(values.type):
            values = pc.if_else(pc.less(values, pa.scalar(0, values.type)), pa.scalar(None, values.type), values)
        elif not unsigned and pt.is_uint64(values.type):
            values = pc.if_else(pc.greater(values, pa.scalar(high, values.type)), pa.scalar(None, values.type), values)
        return values.cast(kind)
    if have == "string":
        spelt = pc.replace_substring_regex(pc.utf8_trim_whitespace(text(values)), r"^([+-]?\d+)\.0*$", r"\1")
        for word, number in (("true", "1"), ("false", "0")):  # yes/no columns are written so in files
            spelt = pc.if_else(pc.equal(pc.utf8_lower(spelt), word), number, spelt)
        fits = pc.match_substring_regex(spelt, r"^[+-]?\d{1,20}$").to_pylist()
        found = [
            int(s) if ok and low <= int(s) <= high else None for s, ok in zip(spelt.to_pylist(), fits, strict=True)
        ]
        return pa.array(found, kind)
    plain = numbers(values)
    whole = (plain == np.floor(plain)) & (plain >= low) & (plain < float(high))
    return pa.array(np.where(whole, plain, 0).astype("uint64" if unsigned else "int64"), mask=~whole)


def ordered(values: pa.Array, counts: np.ndarray, min_count: int) -> tuple[pa.Array, np.ndarray]:
    """The vocabulary: values seen at least `min_count` times, most frequent first, ties by value; and their counts.

    Args:
        values: distinct values, null where missing.
        counts: (len(values),) how often each was seen.
    """
    keep = (counts >= min_count) & values.is_valid().to_numpy(zero_copy_only=False)
    kept = values.filter(pa.array(keep))
    seen = counts[keep]
    table = pa.table({"count": seen, "value": kept})
    order = pc.sort_indices(table, [("count", "descending"), ("value", "ascending")])
    return kept.take(order), seen[order.to_numpy()]


def distinct(column: Column) -> tuple[np.ndarray, pa.Array]:
    """Which of the sorted distinct values each row has, -1 for none (codes (n,) int64), and these values, canonical."""
    codes, values = dictionary(column)
    used = np.zeros(len(values), bool)  # a pandas category may have words that no row has
    used[codes[codes >= 0]] = True
    known = pc.unique(canonical(values.filter(pa.array(used))).drop_null())
    known = known.take(pc.sort_indices(known))
    found = pc.index_in(align(values, known.type), known, skip_nulls=True).fill_null(-1)
    table = np.append(found.to_numpy(zero_copy_only=False), -1)
    table[:-1][absent(values)] = -1
    return table[codes], known
