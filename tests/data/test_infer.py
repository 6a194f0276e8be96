from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mtl_magic.data.infer import feature_kind, is_id, task_kind
from mtl_magic.runs.features import feature_frame
from tests.data.cells import feed, prepared

RNG = np.random.default_rng(0)
MANY = RNG.integers(0, 10_000, 2000)


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("x", pa.array(["a", "b", None]), "category"),
        ("x", pa.array([True, False]), "category"),
        ("x", pa.array(pd.Series(["a", "b"], dtype="category")), "category"),
        ("x", pa.array(pd.Series([0.5, 1.5], dtype="category")), "number"),
        ("x", pa.array(np.tile([1, 2, 3], 100)), "category"),
        ("x", pa.array(np.tile([1.0, 2.0, np.nan], 100)), "category"),
        ("x", pa.array(MANY), "number"),
        ("x", pa.array(np.arange(30)), "number"),
        ("user_id", pa.array(MANY), "category"),
        ("userId", pa.array(MANY.astype(float)), "category"),
        ("x", pa.array([0.5, 1.0]), "number"),
        ("x", pa.array([["a"], ["b", "a"]]), "tags"),
        ("x", pa.array([[1], [2, 3]]), "tags"),
        ("x", pa.array([[0.5, 1.0], [1.5, 1.0], None]), "vector"),
        ("x", pa.array([[0.5], [1.5, 1.0]]), "tags"),
        ("x", pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)), "tags"),
        ("x", pa.array([[0.5, 1.0]], pa.list_(pa.float32(), 2)), "vector"),
        ("genres", pa.array(["a|b", "a", "b", "b|c|a", "c"]), "tags"),
        ("tag", pa.array(["39", "39,68", "12", "12,39", "68", "12"] * 10), "tags"),
        ("place", pa.array(["Paris, France", "Lyon, France", "Rome, Italy"]), "category"),
        ("range", pa.array(["(0,10]", "(10,50]", "500+", "0"] * 10), "category"),
        ("prose", pa.array(["I love it, really", "not bad, but dear, and long", "fine"]), "category"),
    ],
)
def test_kinds_of_features(name: str, column: pa.Array, kind: str) -> None:
    guess = feature_kind(column, name)
    assert guess.kind is not None
    assert guess.kind.word == kind


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (pa.array(pd.to_datetime(["2022-05-04"])), "dates and times have no kind of their own"),
        (pa.nulls(2), "every value is missing"),
        (pa.array([None], pa.int64()), "every value is missing"),
        (pa.array([{"a": 1}]), "no feature kind reads struct<a: int64>"),
    ],
)
def test_columns_without_a_kind(column: pa.Array, why: str) -> None:
    guess = feature_kind(column, "x")
    assert guess.kind is None
    assert guess.why == why


@pytest.mark.parametrize(
    "name",
    ["id", "ID", "user_id", "userId", "UserID", "userid", "id_user", "ids", "item ids", "video-id", "uuid", "idUser"],
)
def test_names_of_identifiers(name: str) -> None:
    assert is_id(name)


@pytest.mark.parametrize("name", ["paid", "grid", "valid", "idle", "video", "identity", "humid", "kids", "candid"])
def test_names_that_are_none(name: str) -> None:
    assert not is_id(name)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([0, 1, None]), "binary"),
        (pa.array([0.0, 1.0, float("nan")]), "binary"),
        (pa.array([True, False]), "binary"),
        (pa.array(["yes", "no", ""]), "binary"),
        (pa.array([1, 2]), "binary"),
        (pa.array([1]), "binary"),
        (pa.array([0.5, 1.5]), "regression"),
        (pa.array([1, 2, 3]), "multiclass"),
        (pa.array([1.0, 2.0, 3.0]), "multiclass"),
        (pa.array(["a", "b", "c"]), "multiclass"),
        (pa.array(pd.Series(["a", "b", "c"], dtype="category").iloc[:2]), "binary"),
        (pa.array(range(100)), "regression"),
        (pa.array([0.5, 1.0, 2.0]), "regression"),
    ],
)
def test_kinds_of_tasks(column: pa.Array, kind: str) -> None:
    guess = task_kind(column)
    assert guess.kind is not None
    assert guess.kind.word == kind


def test_labels_without_a_kind() -> None:
    assert task_kind(pa.array([[1]])).why == "holds lists, and a label is a number, a yes/no or a class"
    assert task_kind(pa.array([str(i) for i in range(2000)])).why == "holds 2,000 different texts, too many for classes"


def test_one_table_reports_the_features() -> None:
    made = prepared(
        "task click\nignore day, rating, watch\nfeature *: auto\nfeature price: number(scale=standard, bins=0)", feed()
    )
    table = feature_frame(made.schema)
    assert table[["feature", "kind", "column", "inferred"]].to_numpy().tolist() == [
        ["user_id", "category", "user_id", True],
        ["city", "category", "city", True],
        ["price", "number", "price", False],
        ["genres", "tags", "genres", True],
    ]
    assert table.learnt[1] == "3 values, seen ≥ 2 times"
    assert table.learnt[3] == "3 tags, seen ≥ 2 times, at most 3 a row"
