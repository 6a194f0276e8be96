"""The order of a vocabulary, and the shortcut of the first `encode` after `fit`."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.category import FIRST, CategoryEncoder
from mtl_magic.data.columns import coded, read
from mtl_magic.data.values import ordered

WORDS = st.one_of(
    st.text(max_size=12),
    st.text("ab\0", max_size=20),
    st.text("ab", max_size=4).map("a shared beginning ".__add__),
    st.text("é\U0001f600z", max_size=4),
)
NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))


def plainly(values: pa.Array, counts: np.ndarray, least: int) -> list[object]:
    """The same order by Arrow alone."""
    table = pa.table({"count": counts, "value": values})
    table = table.filter(pc.and_(pc.greater_equal(table["count"], least), pc.is_valid(table["value"])))
    order = [("count", "descending"), ("value", "ascending")]
    return table.sort_by(order)["value"].to_pylist()


@settings(deadline=None, max_examples=150)
@given(
    values=st.one_of(
        st.lists(WORDS, unique=True).map(lambda v: pa.array(v, pa.string())),
        st.lists(NUMBERS, unique=True).map(lambda v: pa.array(v, pa.int64())),
        st.lists(st.integers(0, 2**64 - 1), unique=True).map(lambda v: pa.array(v, pa.uint64())),
        st.lists(st.floats(-9, 9), unique=True).map(lambda v: pa.array(v, pa.float64())),
    ),
    seed=st.integers(0, 2**16),
    missing=st.booleans(),
    skip=st.integers(0, 3),
)
def test_the_order_is_by_count_and_then_by_value(values: pa.Array, seed: int, missing: bool, skip: int) -> None:
    values = pa.concat_arrays([values, pa.nulls(missing, values.type)])[skip:]
    counts = np.array(random.Random(seed).choices([1, 2, 3, 70_000, 65_535, 65_536], k=len(values)), "int64")
    found = values.take(pa.array(ordered(values, counts, 2), pa.int64()))
    assert found.to_pylist() == plainly(values, counts, 2)


@pytest.mark.parametrize("column", [["b", "a", None, "b", "", "c"], [3, 3, None, 5], [1.5, None, 1.5, 0.0, -0.0]])
@pytest.mark.parametrize("share", [coded, pa.array])
def test_the_first_encoding_is_that_of_every_other(column: list[object], share: object) -> None:
    made = share(pa.array(column))  # type: ignore[operator]
    encoder = CategoryEncoder.fit(made, min_count=2)
    first, again = encoder.encode(made)[0], encoder.encode(made)[0]
    assert encoder.fresh is None
    assert first is not None
    assert again is not None
    assert first.dtype == again.dtype == np.int32
    assert first.tolist() == again.tolist()


def test_rows_that_do_not_train_are_encoded_by_the_same_dictionary() -> None:
    column = coded(pa.array(["a", "b", "b", "c", None, "a"]))
    encoder = CategoryEncoder.fit(column.take(pa.array([0, 1, 2])), min_count=1)
    found = encoder.encode(column)[0]
    assert found is not None
    assert found[:, 0].tolist() == [3, 2, 2, 0, 1, 3]


def test_another_column_of_equal_length_is_looked_up() -> None:
    encoder = CategoryEncoder.fit(coded(pa.array(["a", "b", "b"])), min_count=1)
    found = encoder.encode(coded(pa.array(["b", "x", "a"])))[0]
    assert found is not None
    assert found[:, 0].tolist() == [FIRST, 0, FIRST + 1]


def test_a_dictionary_that_repeats_a_value_is_one_vocabulary() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1], pa.int8()), pa.array(["a", "b", "a"]))
    shared = coded(column)
    assert shared.to_pylist() == column.to_pylist()
    encoder = CategoryEncoder.fit(shared, min_count=1)
    assert encoder.vocabulary.to_pylist() == ["a", "b"]
    found = encoder.encode(column)[0]
    assert found is not None
    assert found[:, 0].tolist() == [2, 3, 2, 1, 3]


def test_codes_read_a_table() -> None:
    table = np.array([5, 6, 7], "int32")
    for codes, expected in (([0, 1, 0], [5, 6, 5]), ([1, -1], [6, 7]), ([], [])):
        assert read(table, np.array(codes, "int32")).tolist() == expected
