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


def ordered(values: pa.Array, counts: np.ndarray, min_count: int) -> np.ndarray:
    """Places in `values` of the vocabulary (int64): what is seen at least `min_count` times, most frequent first, ties
    by value.

    Args:
        values: distinct values, null where missing.
        counts: (len(values),) int64, how often each was seen.
    """
    kept = np.flatnonzero((counts >= min_count) & valid(values))
    seen, values = counts[kept], values.take(pa.array(kept))
    keys = _keys(values)
    if keys is None:
        return kept[_sorted(-seen, values)]
    order = np.argsort(keys)
    order = order[_descending(seen[order])]
    equal = (np.diff(seen[order]) == 0) & (np.diff(keys[order]) == 0)
    if equal.any():  # by their beginnings they are equal, so they are compared whole
        tied = np.append(equal, False) | np.append(False, equal)
        group = np.cumsum(np.append(True, ~equal))[tied]
        among = order[tied]
        order[tied] = among[_sorted(group, values.take(pa.array(among)))]
    return kept[order]


def _descending(counts: np.ndarray) -> np.ndarray:
    """Places by count, the greatest first, equal ones in their order."""
    most = 2**16 - 1
    order = np.argsort(most - np.minimum(counts, most).astype("uint16"), kind="stable")  # NumPy is fast at 16 bits
    large = int((counts >= most).sum())
    head = order[:large]
    order[:large] = head[np.argsort(-counts[head], kind="stable")]
    return order


def valid(values: pa.Array) -> np.ndarray:
    """Which are no nulls, (n,) bool."""
    if not values.null_count:
        return np.ones(len(values), bool)
    found: np.ndarray = values.is_valid().to_numpy(zero_copy_only=False)
    return found


def _sorted(first: np.ndarray, values: pa.Array) -> np.ndarray:
    """Places by `first`, then by value."""
    table = pa.table({"first": first, "value": values})
    return pc.sort_indices(table, [("first", "ascending"), ("value", "ascending")]).to_numpy()


def _keys(values: pa.Array) -> np.ndarray | None:
    """Numbers (n,) uint64 that sort as the values do, as far as they differ; None where there are none.

    NumPy sorts numbers many times faster than Arrow sorts texts. A text's number is its eight bytes after what all
    texts begin with. There are no nulls among the values.
    """
    if pt.is_integer(values.type):
        plain = values.to_numpy()
        return plain if pt.is_uint64(values.type) else plain.astype("int64").view("uint64") ^ np.uint64(1 << 63)
    if not pt.is_string(values.type) or not len(values):
        return None
    keys = _beginnings(values, 0)
    alike = int(keys.min()) ^ int(keys.max())
    if alike >> 56:
        return keys
    ends = pc.min_max(values.cast(pa.binary())).as_py()
    pairs = enumerate(zip(ends["min"], ends["max"], strict=False))
    return _beginnings(values, next((place for place, (a, b) in pairs if a != b), len(ends["min"])))


def _beginnings(texts: pa.Array, skip: int) -> np.ndarray:
    """Eight bytes of each text as a number, (n,) uint64, after `skip` bytes that each has; 0 where a text ends."""
    _, places, data = texts.buffers()
    offsets = np.frombuffer(places, "int32", len(texts) + 1, 4 * texts.offset)
    size = int(offsets[-1])
    padded = np.zeros(size + 8, "uint8")
    if data is not None:
        padded[:size] = np.frombuffer(data, "uint8", size)
    windows = np.ndarray((size + 1,), ">u8", padded, strides=(1,))
    keys = windows[offsets[:-1] + skip].astype("uint64")
    spare = 8 * (8 - np.minimum(np.diff(offsets) - skip, 8)).astype("uint64")  # bits of the next text
    half = spare // np.uint64(2)  # a number of 64 bits is not shifted by 64
    return keys >> half >> (spare - half) << half << (spare - half)


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
