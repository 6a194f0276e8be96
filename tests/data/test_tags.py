from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encoders import Encoder
from mtl_magic.data.tags import TagsEncoder


def ids(encoder: TagsEncoder, column: pa.Array) -> list[list[int]]:
    found, floats = encoder.encode(column)
    assert floats is None
    assert found is not None
    assert found.dtype == np.int32
    assert found.shape == (len(column), encoder.id_width)
    assert found.max(initial=0) < encoder.rows
    return found.tolist()


LISTS = [["b", "a"], ["b"], [], None, ["b", "a", "c"]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(LISTS),
        pa.array(LISTS, pa.large_list(pa.large_string())),
        pa.array(["b,a", "b", "", None, "b, a ,c,"]),
        pa.array(["b|a", "b", " | ", None, "b|a|c"]),
        pa.array(pd.Series(["b;a", "b", "", None, "b;a;c"], dtype="category")),
        pa.chunked_array([["b,a", "b", ""], [None, "b,a,c"]]),
        pa.array([["b", "a"], [None, "b"], [None], [], ["b", "a", "c"]]),
    ],
)
def test_tags_in_every_form(column: pa.Array) -> None:
    encoder = TagsEncoder.fit(column, min_count=1)
    assert encoder.vocabulary.to_pylist() == ["b", "a", "c"]
    assert (encoder.id_width, encoder.rows, encoder.pool) == (3, 5, "mean")
    assert ids(encoder, column) == [[2, 3, 0], [2, 0, 0], [0, 0, 0], [0, 0, 0], [2, 3, 4]]
    assert encoder.missing == pytest.approx(0.4)
    assert encoder.describe() == "3 tags, at most 3 a row; 40% without any"


def test_unknown_and_rare_tags_and_longer_lists() -> None:
    encoder = TagsEncoder.fit(pa.array([["a", "b"], ["a"]]), min_count=2, pool="sum")
    assert encoder.pool == "sum"
    assert ids(encoder, pa.array([["b", "new", "a"], ["a"]])) == [[1, 1], [2, 0]]
    assert ids(encoder, pa.array([None, None], pa.null())) == [[0, 0], [0, 0]]


def test_numbers_as_tags_meet_their_texts() -> None:
    encoder = TagsEncoder.fit(pa.array([[3, 4], [3]]), min_count=1)
    assert ids(encoder, pa.array([["4", "3"], ["5"]])) == [[3, 2], [1, 0]]
    assert ids(encoder, pa.array([[4.0, None]])) == [[3, 0]]
    joined = TagsEncoder.fit(pa.array(["3,4", "3"]), min_count=1)
    assert ids(joined, pa.array([3, 9, None])) == [[2, 0], [1, 0], [0, 0]]


def test_very_long_lists_are_cut_and_said_to_be() -> None:
    encoder = TagsEncoder.fit(pa.array([[str(i) for i in range(50)], ["1"]]), min_count=1)
    assert encoder.id_width == 32
    assert "50% of rows cut" in encoder.describe()
    assert len(ids(encoder, pa.array([[str(i) for i in range(50)]]))[0]) == 32


def test_lists_of_equal_length_may_be_tags() -> None:
    column = pa.array([[1, 2], None, [2, 2]], pa.list_(pa.int32(), 2))
    encoder = TagsEncoder.fit(column, min_count=1)
    assert ids(encoder, column) == [[3, 2], [0, 0], [2, 2]]


@pytest.mark.parametrize("column", [pa.array([[["a"]]]), pa.array(pd.to_datetime(["2022-05-04"]))])
def test_what_is_no_tags_is_refused(column: pa.Array) -> None:
    with pytest.raises(MisfitError, match="not lists of tags"):
        TagsEncoder.fit(column)


@pytest.mark.parametrize("column", [pa.array([[], None], pa.list_(pa.string())), pa.nulls(2), pa.array(["", None])])
def test_no_tag_at_all(column: pa.Array) -> None:
    encoder = TagsEncoder.fit(column)
    assert encoder.silence
    assert ids(encoder, column) == [[0], [0]]


ITEM = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "é", "d d"]))
COLUMNS = st.one_of(
    st.lists(st.one_of(st.none(), st.lists(ITEM, max_size=5)), min_size=1).map(
        lambda v: pa.array(v, pa.list_(pa.string()))
    ),
    st.lists(
        st.one_of(st.none(), st.lists(st.sampled_from(["a", "b", " c", ""]), max_size=5).map(",".join)), min_size=1
    ).map(lambda v: pa.array(v, pa.string())),
)


@settings(deadline=None, max_examples=60)
@given(column=COLUMNS, least=st.integers(1, 2))
def test_a_round_trip_encodes_the_same(column: pa.Array, least: int) -> None:
    encoder = TagsEncoder.fit(column, min_count=least)
    plain, arrays = encoder.state()
    again = Encoder.from_state(json.loads(json.dumps(plain)), {k: pa.chunked_array([v]) for k, v in arrays.items()})
    expected = encoder.encode(column)[0]
    assert expected is not None
    np.testing.assert_array_equal(expected, again.encode(column)[0])
    for row, found in zip(column.to_pylist(), expected.tolist(), strict=True):
        items = [i.strip() for i in row.split(",")] if isinstance(row, str) else row or []
        items = [i for i in items if i]
        known = encoder.vocabulary.to_pylist()
        wanted = [known.index(i) + 2 if i in known else 1 for i in items]
        assert found == wanted + [0] * (encoder.length - len(items))
    assert again.describe() == encoder.describe()
