"""The functions of a script that encode columns give what the encoders give, whatever dtype a column arrives in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mtl_magic.data.category import CategoryEncoder
from mtl_magic.data.columns import numbers
from mtl_magic.data.hashed import HashEncoder
from mtl_magic.data.sources import series_column
from mtl_magic.runs.code.functions import encoding
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.words.encoders import spelling

TRAINED = {
    "text": pd.Series(["a", "3", "3.5", "True", "x y", "0.1"]),
    "int": pd.Series([1, 2, 3, 0, -4]),
    "uint64": pd.Series([2**64 - 1, 5, 1], dtype="uint64"),
    "float": pd.Series([0.1, 2.5, -3.25, 0.0, 1.0]),
    "float32": pd.Series([0.1, 2.5, -3.25, 0.0, 1.0], dtype="float32"),
    "bool": pd.Series([True, False]),
}
ASKED = {
    **TRAINED,
    "numerals": pd.Series(
        [" 3 ", "+5", "1_000", "0x10", "1,000", "Infinity", "nan", "5.", ".5", "1e3", "", None, "-7.5E-2"]
    ),
    "spelt": pd.Series(["3.0", " 3", "true", "FALSE", "1", "+2", "-0.0", "3.00", "0.10", "1e0", "a "]),
    "maybe": pd.Series([True, None, False], dtype=object),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "Int64": pd.Series([1, None, 2**53], dtype="Int64"),
    "int8": pd.Series([1, 3, 0], dtype="int8"),
    "infinite": pd.Series([1.0, np.inf, -np.inf, np.nan, -0.0]),
    "categories": pd.Series(["1", "3", None], dtype="category"),
    "string": pd.Series(["1", "x", None], dtype="string"),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("trained", TRAINED)
def test_values_meet_a_vocabulary(trained, asked):
    encoder = CategoryEncoder.fit(series_column(TRAINED[trained], "x"), min_count=1)
    encoder.fresh = None
    spelt = getattr(encoding, spelling(Functions(), encoder.vocabulary.type).text)
    got = encoding.category(ASKED[asked], encoder.vocabulary.to_pylist(), spelt)
    try:
        want = encoder.encode(series_column(ASKED[asked], "x"))[0][:, 0]
    except ValueError:  # a column of another kind, of which nothing is known: an error there, unknown values here
        assert set(got) <= {0, 1}
    else:
        assert list(got) == list(want)


@pytest.mark.parametrize("asked", ASKED)
def test_hashes(asked):
    want = HashEncoder.fit(series_column(ASKED[asked], "x"), size=1000)._ids(series_column(ASKED[asked], "x"))
    assert list(encoding.hashed(ASKED[asked], 1000)) == list(want)


@pytest.mark.parametrize("asked", ASKED)
def test_numbers(asked):
    want = numbers(series_column(ASKED[asked], "x"), texts=True)
    np.testing.assert_array_equal(encoding.numbers(ASKED[asked]), want)


def test_seconds():
    days = pd.Series(pd.to_datetime(["2024-01-01 12:30", None, "1969-12-31 00:00"]))
    for column in (days, days.dt.tz_localize("Europe/Berlin"), days.astype("datetime64[ms]")):
        want = numbers(series_column(column, "x"))
        np.testing.assert_allclose(encoding.seconds(column), want, rtol=1e-12)
