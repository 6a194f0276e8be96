from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.category import FIRST, MISSING, UNKNOWN, CategoryEncoder
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encoders import Encoder


def ids(encoder: Encoder, values: object, kind: pa.DataType | None = None) -> list[int]:
    found, floats = encoder.encode(pa.array(values, kind))
    assert floats is None
    assert found is not None
    assert found.dtype == np.int32
    assert found.shape == (len(values), 1)  # type: ignore[arg-type]
    assert found.max(initial=0) < encoder.rows
    return found[:, 0].tolist()


def test_the_most_frequent_value_comes_first_and_ties_go_by_value() -> None:
    encoder = CategoryEncoder.fit(pa.array(["b", "c", "a", "c", None, "a"]), min_count=1)
    assert encoder.vocabulary.to_pylist() == ["a", "c", "b"]
    assert encoder.rows == 5
    assert ids(encoder, ["a", "c", "b", "new", None, ""]) == [2, 3, 4, UNKNOWN, MISSING, MISSING]


def test_ids_do_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 50, 1000).astype(str)
    first = CategoryEncoder.fit(pa.array(values), min_count=2)
    again = CategoryEncoder.fit(pa.array(values[rng.permutation(1000)]), min_count=2)
    assert first.vocabulary.equals(again.vocabulary)


def test_rarer_values_are_unknown() -> None:
    encoder = CategoryEncoder.fit(pa.array(["a", "a", "b", None]), min_count=2)
    assert ids(encoder, ["a", "b"]) == [FIRST, UNKNOWN]
    assert encoder.describe() == "1 value, seen ≥ 2 times; 25% of rows rarer; 25% missing"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3, 30], pa.int64()),
        ([3, 30], pa.uint8()),
        ([3.0, 30.0], pa.float64()),
        ([3.0, 30.0], pa.float32()),
        (["3", "30"], pa.string()),
        (["3", "30"], pa.large_string()),
        (["3.0", " 30 "], pa.string()),
    ],
)
@pytest.mark.parametrize(
    "trained", [pa.array([3, 3, 30]), pa.array([3.0, 3.0, 30.0, None]), pa.array([3, 3, 30], pa.int8())]
)
def test_a_whole_number_is_the_same_value_in_every_dtype(trained: pa.Array, values: object, kind: pa.DataType) -> None:
    encoder = CategoryEncoder.fit(trained, min_count=1)
    assert ids(encoder, values, kind) == [2, 3]


@pytest.mark.parametrize(
    ("values", "kind"), [([3, 30], pa.int64()), ([3.0, 30.0], pa.float64()), (["3", "30"], pa.string())]
)
def test_a_text_of_digits_is_the_number(values: object, kind: pa.DataType) -> None:
    encoder = CategoryEncoder.fit(pa.array(["3", "3", "30", "x"]), min_count=1)
    assert ids(encoder, values, kind) == [2, 3]


def test_a_text_keeps_its_zeros() -> None:
    encoder = CategoryEncoder.fit(pa.array(["007", "007", "7"]), min_count=1)
    assert ids(encoder, ["007", "7"]) == [2, 3]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], pa.bool_()),
        ([1, 0], pa.int64()),
        ([1.0, 0.0], pa.float64()),
        (["True", "false"], pa.string()),
        (["1", "0"], None),
    ],
)
def test_yes_and_no_in_every_dtype(values: object, kind: pa.DataType | None) -> None:
    encoder = CategoryEncoder.fit(pa.array([True, True, False]), min_count=1)
    assert ids(encoder, values, kind) == [2, 3]
    assert ids(CategoryEncoder.fit(pa.array([1, 1, 0]), min_count=1), values, kind)[0] == 2 or values == [
        "True",
        "false",
    ]


def test_fractions_are_values_too() -> None:
    encoder = CategoryEncoder.fit(pa.array([0.1, 0.1, 2.5, float("nan"), -0.0, float("inf")]), min_count=1)
    assert encoder.vocabulary.to_pylist() == [0.1, 0.0, 2.5]
    assert ids(encoder, ["0.1", "2.5", "0", "inf", "?"]) == [2, 4, 3, UNKNOWN, UNKNOWN]
    assert ids(encoder, [0.1, float("inf"), 0]) == [2, MISSING, 3]


def test_single_precision_meets_itself() -> None:
    encoder = CategoryEncoder.fit(pa.array([0.1, 0.1, 0.7], pa.float32()), min_count=1)
    assert ids(encoder, [0.1, 0.7], pa.float32()) == [2, 3]
    assert ids(encoder, [0.1, 0.7], pa.float64()) == [2, 3]


def test_numbers_beyond_64_signed_bits() -> None:
    big = 2**64 - 3
    encoder = CategoryEncoder.fit(pa.array([big, big, 5], pa.uint64()), min_count=1)
    assert ids(encoder, [big, 5, 6], pa.uint64()) == [2, 3, UNKNOWN]
    assert ids(encoder, [5, -3], pa.int64()) == [3, UNKNOWN]
    assert ids(encoder, [str(big)]) == [2]
    small = CategoryEncoder.fit(pa.array([5, 5, 6]), min_count=1)
    assert ids(small, [big, 5], pa.uint64()) == [UNKNOWN, 2]
    assert ids(small, [1e300, 5.5, float("nan")]) == [UNKNOWN, UNKNOWN, MISSING]
    assert ids(small, ["99999999999999999999999", "5"]) == [UNKNOWN, 2]


def test_pandas_categories() -> None:
    words = pd.Series(["b", "a", None, "b"], dtype="category").cat.add_categories(["never"])
    encoder = CategoryEncoder.fit(pa.array(words), min_count=1)
    assert encoder.vocabulary.to_pylist() == ["b", "a"]
    found, _ = encoder.encode(pa.array(words))
    assert found is not None
    assert found[:, 0].tolist() == [2, 3, MISSING, 2]
    numbers = CategoryEncoder.fit(pa.array(pd.Series([7, 7, 9], dtype="category")), min_count=1)
    assert ids(numbers, ["7", "9"]) == [2, 3]


def test_chunks_and_slices() -> None:
    column = pa.chunked_array([["x", "b"], [], ["b", "c", None, "x"]])[1:]
    encoder = CategoryEncoder.fit(column, min_count=1)
    assert encoder.vocabulary.to_pylist() == ["b", "c", "x"]
    found, _ = encoder.encode(column)
    assert found is not None
    assert found[:, 0].tolist() == [2, 2, 3, MISSING, 4]


@pytest.mark.parametrize(
    "column", [pa.nulls(3), pa.array([None, None], pa.string()), pa.array([float("nan")]), pa.array([], pa.int64())]
)
def test_nothing_to_see(column: pa.Array) -> None:
    encoder = CategoryEncoder.fit(column, min_count=1)
    assert encoder.rows == 2
    assert encoder.silence
    assert ids(encoder, ["a", None]) == [UNKNOWN, MISSING]
    found, _ = encoder.encode(column)
    assert found is not None
    assert found.tolist() == [[MISSING]] * len(column)


@pytest.mark.parametrize("column", [pa.array([[1], [2]]), pa.array(pd.to_datetime(["2022-05-04"]))])
def test_dates_and_lists_are_refused(column: pa.Array) -> None:
    with pytest.raises(MisfitError, match="which have no vocabulary"):
        CategoryEncoder.fit(column)


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array(pd.to_datetime(["2022-05-04"]))])
def test_another_kind_of_column_at_prediction_is_refused(column: pa.Array) -> None:
    encoder = CategoryEncoder.fit(pa.array(["a", "a"]), min_count=1)
    with pytest.raises(MisfitError, match="holds"):
        encoder.encode(column)


VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1),
    st.lists(st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, -0.0, 1.5])), min_size=1),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1),
)


@settings(deadline=None, max_examples=60)
@given(values=VALUES, least=st.integers(1, 3))
def test_a_round_trip_encodes_the_same(values: list[object], least: int) -> None:
    column = pa.array(values)
    encoder = CategoryEncoder.fit(column, min_count=least)
    plain, arrays = encoder.state()
    again = Encoder.from_state(json.loads(json.dumps(plain)), arrays)
    expected, found = encoder.encode(column)[0], again.encode(column)[0]
    assert expected is not None
    np.testing.assert_array_equal(expected, found)
    assert again.describe() == encoder.describe()
    counts = np.bincount(expected[:, 0], minlength=encoder.rows)[FIRST:]
    assert (counts >= least).all()
    assert (np.diff(counts) <= 0).all()
    assert encoder.missing == pytest.approx((expected == MISSING).mean())
    assert encoder.rare == pytest.approx((expected == UNKNOWN).mean())
