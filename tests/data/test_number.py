from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.category import MISSING
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encoders import Encoder
from mtl_magic.data.number import BucketEncoder, NumberEncoder, edges


def floats(encoder: Encoder, column: pa.Array) -> np.ndarray:
    found = encoder.encode(column)[1]
    assert found is not None
    assert found.dtype == np.float32
    assert found.shape == (len(column), encoder.float_width)
    assert np.isfinite(found).all()
    return found


def test_standard_is_the_standard_score() -> None:
    x = np.random.default_rng(0).normal(5, 3, 1000)
    found = floats(NumberEncoder.fit(pa.array(x), scale="standard", bins=0), pa.array(x))
    np.testing.assert_allclose(found[:, 0], (x - x.mean()) / x.std(), rtol=1e-5, atol=1e-6)


def test_log_is_the_standard_score_of_the_signed_log() -> None:
    x = np.random.default_rng(0).normal(0, 1e4, 1000)
    moved = np.sign(x) * np.log1p(np.abs(x))
    found = floats(NumberEncoder.fit(pa.array(x), scale="log", bins=0), pa.array(x))
    np.testing.assert_allclose(found[:, 0], (moved - moved.mean()) / moved.std(), rtol=1e-5, atol=1e-6)


def test_none_is_the_number_itself() -> None:
    encoder = NumberEncoder.fit(pa.array([1.0, 2.0]), scale="none", bins=0)
    assert floats(encoder, pa.array([-7.0, 1e300]))[:, 0].tolist() == [-7.0, np.finfo("float32").max]


def test_quantile_is_even_with_mean_zero_and_deviation_one() -> None:
    x = np.exp(np.random.default_rng(0).standard_normal(5000))
    encoder = NumberEncoder.fit(pa.array(x), scale="quantile", bins=0)
    found = floats(encoder, pa.array(x))[:, 0]
    assert found.mean() == pytest.approx(0, abs=0.01)
    assert found.std() == pytest.approx(1, abs=0.01)
    assert (np.diff(found[np.argsort(x)]) >= 0).all()
    np.testing.assert_allclose(floats(encoder, pa.array([-1e9, 1e9]))[:, 0], [-np.sqrt(3), np.sqrt(3)], rtol=1e-6)
    ties = NumberEncoder.fit(pa.array([0.0] * 600 + list(range(1, 401))), scale="quantile", bins=0)
    assert floats(ties, pa.array([0.0]))[0, 0] == pytest.approx((0.3 - 0.5) * np.sqrt(12), abs=0.01)


def test_missing_is_zero_after_scaling_and_told_where_training_had_it() -> None:
    encoder = NumberEncoder.fit(pa.array([1.0, 3.0, None, float("nan"), float("inf")]), scale="standard", bins=0)
    assert encoder.float_width == 2
    found = floats(encoder, pa.array([1.0, 3.0, None, float("-inf")]))
    assert found.tolist() == [[-1, 0], [1, 0], [0, 1], [0, 1]]
    assert encoder.describe() == "1 to 3; standard scale; 60% missing"


def test_missing_that_training_never_showed_is_zero() -> None:
    encoder = NumberEncoder.fit(pa.array([1.0, 3.0]), scale="standard", bins=0)
    assert encoder.float_width == 1
    assert floats(encoder, pa.array([None, 3.0])).tolist() == [[0], [1]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 3], pa.int8()),
        pa.array([1, 3], pa.uint64()),
        pa.array([1.0, 3.0], pa.float32()),
        pa.array(["1", " +3.0 "]),
        pa.array(["1", "3e0"], pa.large_string()),
        pa.array(pd.Series([1, 3], dtype="category")),
        pa.array([1, 3]).cast(pa.decimal128(30, 2)),
        pa.chunked_array([[1], [3]]),
        pa.array(pd.to_datetime(["1970-01-01 00:00:01", "1970-01-01 00:00:03"])),
    ],
)
def test_every_dtype_is_the_same_number(column: pa.Array) -> None:
    expected = NumberEncoder.fit(pa.array([1.0, 3.0]), scale="standard", bins=0)
    assert floats(expected, column).tolist() == [[-1], [1]]
    assert NumberEncoder.fit(column, scale="standard", bins=0).mean == 2


def test_yes_and_no_are_one_and_zero() -> None:
    encoder = NumberEncoder.fit(pa.array([True, False, None]), scale="none", bins=0)
    assert floats(encoder, pa.array([True, False, None])).tolist() == [[1, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("kind", "values", "seconds"),
    [
        (pa.date32(), [1], 86400),
        (pa.date64(), [86400_000], 86400),
        (pa.timestamp("us"), [5_000_000], 5),
        (pa.timestamp("ns", "Europe/Rome"), [5_000_000_000], 5),
        (pa.time32("ms"), [1500], 1.5),
        (pa.time64("us"), [1_500_000], 1.5),
        (pa.duration("ms"), [1500], 1.5),
    ],
)
def test_times_are_seconds(kind: pa.DataType, values: list[int], seconds: float) -> None:
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    column = pa.array(values, width).cast(kind)
    encoder = NumberEncoder.fit(pa.array([0.0, 1.0]), scale="none", bins=0)
    assert floats(encoder, column)[0, 0] == seconds


def test_words_are_no_numbers() -> None:
    with pytest.raises(MisfitError, match="holds text, not numbers: 'red'") as caught:
        NumberEncoder.fit(pa.array(["red", "1", "blue"]))
    assert caught.value.hint == "category is the kind for words"
    mostly = NumberEncoder.fit(pa.array(["1", "3", "?"]), scale="standard", bins=0)
    assert mostly.mean == 2
    assert mostly.missing == pytest.approx(1 / 3)
    with pytest.raises(MisfitError, match="holds lists, not numbers"):
        NumberEncoder.fit(pa.array([[1.0]]))


@pytest.mark.parametrize(
    "column", [pa.nulls(3), pa.array(["", ""]), pa.array([2.0, 2.0]), pa.array([None, float("nan")], pa.float64())]
)
def test_a_column_of_one_value(column: pa.Array) -> None:
    for scale in ("standard", "log", "quantile", "none"):
        encoder = NumberEncoder.fit(column, scale=scale)
        assert encoder.silence
        floats(encoder, pa.array([1.0, None]))


def test_bins_hold_equally_many_rows() -> None:
    x = np.exp(np.random.default_rng(0).standard_normal(1000))
    encoder = BucketEncoder.fit(pa.array(x), bins=10)
    ids = encoder.encode(pa.array(x))[0]
    assert ids is not None
    assert encoder.rows == 12
    assert np.bincount(ids[:, 0], minlength=12).tolist() == [0, 0] + [100] * 10
    assert encoder.encode(pa.array([None, -1e9, 1e9, float("inf")]))[0].tolist() == [[MISSING], [2], [11], [MISSING]]  # type: ignore[union-attr]


def test_a_value_that_fills_more_than_its_share_has_a_bin_of_its_own() -> None:
    x = np.concatenate([np.zeros(700), np.arange(1, 301)])
    cuts = edges(x, 4)
    assert cuts[0] == 0.5
    assert len(cuts) == 3
    assert np.histogram(x, [-np.inf, *cuts, np.inf])[0].tolist() == [700, 100, 100, 100]


def test_few_values_have_a_bin_each() -> None:
    assert edges(np.array([1.0, 1, 5, 5, 9]), 10).tolist() == [3, 7]


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5, -1.0, 1e6, 7.0, 8.0, 9.0]), min_size=1), bins=st.integers(2, 6)
)
def test_there_are_never_more_bins_than_asked_for(values: list[float], bins: int) -> None:
    cuts = edges(np.array(values), bins)
    assert len(cuts) < bins
    assert (np.diff(cuts) > 0).all()


def test_a_number_may_have_an_embedding_beside_its_scaled_value() -> None:
    x = np.arange(1000.0)
    encoder = NumberEncoder.fit(pa.array(x), bins=8, dim=4)
    ids, scaled = encoder.encode(pa.array([0.0, 999.0, None]))
    assert (encoder.id_width, encoder.rows, encoder.dim, encoder.float_width) == (1, 10, 4, 1)
    assert ids is not None
    assert scaled is not None
    assert ids.tolist() == [[2], [9], [MISSING]]
    assert encoder.describe() == "0 to 999; log scale; 8 bins"


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-3, 3).map(float)), min_size=1),
    scale=st.sampled_from(["standard", "log", "quantile", "none"]),
    bins=st.sampled_from([0, 2, 5]),
)
def test_a_round_trip_encodes_the_same(values: list[float | None], scale: str, bins: int) -> None:
    column = pa.array(values, pa.float64())
    for encoder in (NumberEncoder.fit(column, scale=scale, bins=bins), BucketEncoder.fit(column, bins=max(bins, 2))):
        plain, arrays = encoder.state()
        again = Encoder.from_state(json.loads(json.dumps(plain)), {k: pa.array(v) for k, v in arrays.items()})
        for expected, found in zip(encoder.encode(column), again.encode(column), strict=True):
            assert (expected is None) == (found is None)
            if expected is not None:
                assert np.isfinite(expected).all()
                np.testing.assert_array_equal(expected, found)
                assert expected.max(initial=0) < encoder.rows or expected.dtype == np.float32
        assert again.describe() == encoder.describe()
