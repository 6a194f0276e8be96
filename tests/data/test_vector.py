from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encoders import Encoder
from mtl_magic.data.vector import VectorEncoder

ROWS = [[1.0, 2.0], [3.0, 6.0]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(ROWS),
        pa.array(ROWS, pa.list_(pa.float32(), 2)),
        pa.array(ROWS, pa.large_list(pa.float64())),
        pa.array([[1, 2], [3, 6]]),
        pa.chunked_array([[ROWS[0]], [ROWS[1]]]),
        pa.array(pd.Series([np.array(r) for r in ROWS])),
    ],
)
def test_components_share_one_mean_and_deviation(column: pa.Array) -> None:
    encoder = VectorEncoder.fit(column)
    ids, floats = encoder.encode(column)
    assert ids is None
    assert floats is not None
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, (np.array(ROWS) - 3) / np.std(ROWS), rtol=1e-6)
    raw = VectorEncoder.fit(column, scale="none").encode(column)[1]
    assert raw is not None
    assert raw.tolist() == ROWS


def test_missing_vectors() -> None:
    column = pa.array([[1.0, 3.0], None, [float("nan"), 1.0]])
    encoder = VectorEncoder.fit(column)
    assert encoder.float_width == 3
    assert encoder.describe() == "2 numbers; 66.7% missing"
    floats = encoder.encode(column)[1]
    assert floats is not None
    assert floats.tolist() == [[-1, 1, 0], [0, 0, 1], [0, 0, 1]]
    fixed = encoder.encode(column.cast(pa.list_(pa.float64(), 2)))[1]
    assert fixed is not None
    assert fixed.tolist() == floats.tolist()
    nothing = encoder.encode(pa.nulls(2))[1]
    assert nothing is not None
    assert nothing.tolist() == [[0, 0, 1]] * 2
    assert (
        VectorEncoder.fit(pa.array(ROWS)).encode(pa.array([None, None], pa.list_(pa.float64())))[1].tolist()
        == [[0, 0]] * 2
    )  # type: ignore[union-attr]


def test_what_is_no_vector_is_refused() -> None:
    with pytest.raises(MisfitError, match="different lengths, from 1 to 2"):
        VectorEncoder.fit(pa.array([[1.0], [1.0, 2.0]]))
    with pytest.raises(MisfitError, match="holds text, not vectors"):
        VectorEncoder.fit(pa.array(["a"]))
    with pytest.raises(MisfitError, match="holds lists of text, not vectors"):
        VectorEncoder.fit(pa.array([["a"]]))
    with pytest.raises(MisfitError, match="has no vector in the training rows"):
        VectorEncoder.fit(pa.nulls(3))
    with pytest.raises(MisfitError, match="holds vectors of 3 numbers, the training rows of 2"):
        VectorEncoder.fit(pa.array(ROWS)).encode(pa.array([[1.0, 2.0, 3.0]]))


def test_a_round_trip_encodes_the_same() -> None:
    column = pa.array([*ROWS, None])
    encoder = VectorEncoder.fit(column)
    plain, arrays = encoder.state()
    again = Encoder.from_state(json.loads(json.dumps(plain)), arrays)
    np.testing.assert_array_equal(encoder.encode(column)[1], again.encode(column)[1])


def test_a_constant_vector_stays_finite() -> None:
    floats = VectorEncoder.fit(pa.array([[2.0, 2.0]])).encode(pa.array([[2.0, 5.0]]))[1]
    assert floats is not None
    assert floats.tolist() == [[0, 3]]
