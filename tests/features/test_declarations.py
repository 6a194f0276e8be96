from __future__ import annotations

import pyarrow as pa
import pytest

from mtl_magic.data.columns import MisfitError
from mtl_magic.features import _defaults
from mtl_magic.registry import Declaration
from mtl_magic.vocabulary import vocabulary

WORDS = ["auto", "bucket", "category", "number", "tags", "vector"]


def kind(word: str, **options: object) -> Declaration:
    found = vocabulary().find("feature", word)
    assert found is not None
    return found(**options)


def test_the_kinds() -> None:
    assert vocabulary().words("feature") == WORDS


@pytest.mark.parametrize("word", WORDS)
def test_each_is_documented_and_reads_any_column(word: str) -> None:
    made = type(kind(word))
    assert made.summary().endswith((".", ":", ","))
    assert made.example.startswith("feature ")
    params = made.params()
    assert params[-1].name == "column"
    assert all(p.doc and not p.required for p in params)


def test_positional_arguments_fill_what_matters_first() -> None:
    assert [kind(w).params()[0].name for w in WORDS] == ["column", "n", "dim", "scale", "dim", "scale"]


@pytest.mark.parametrize(
    ("word", "column", "encoder"),
    [
        ("category", pa.array(["a", "b"]), "category"),
        ("number", pa.array([1.0, 2.0]), "number"),
        ("bucket", pa.array([1.0, 2.0]), "bucket"),
        ("tags", pa.array([["a"], ["b"]]), "tags"),
        ("vector", pa.array([[1.0, 2.0]]), "vector"),
        ("auto", pa.array(["a", "b"]), "category"),
        ("auto", pa.array([1.5, 2.0]), "number"),
    ],
)
def test_each_learns_its_encoder(word: str, column: pa.Array, encoder: str) -> None:
    assert kind(word).fit(column, "x").word == encoder  # type: ignore[attr-defined]


def test_auto_says_why_it_cannot() -> None:
    with pytest.raises(MisfitError, match="every value is missing"):
        kind("auto").fit(pa.nulls(2), "x")  # type: ignore[attr-defined]


def test_options_reach_the_encoder() -> None:
    column = pa.array(["a", "a", "b"])
    made = kind("category", dim=3, min_count=2).fit(column, "x")  # type: ignore[attr-defined]
    assert (made.dim, made.rows) == (3, 3)
    made = kind("tags", dim=3, pool="sum", min_count=2).fit(column, "x")  # type: ignore[attr-defined]
    assert (made.dim, made.rows, made.pool) == (3, 3, "sum")
    made = kind("bucket", n=2, dim=3).fit(pa.array([1, 2, 3]), "x")  # type: ignore[attr-defined]
    assert (made.dim, made.rows) == (3, 4)
    made = kind("number", scale="none", bins=2, dim=3).fit(pa.array([1, 2, 3]), "x")  # type: ignore[attr-defined]
    assert (made.dim, made.rows, made.scale) == (3, 4, "none")


def test_the_defaults_grow_with_the_table() -> None:
    assert [_defaults.min_count(n) for n in (10, 1000, 10**6)] == [1, 2, 2]
    assert _defaults.bins(10) == 0
    assert _defaults.bins(10**6) == _defaults.BINS
    assert _defaults.few(10) == 2
    assert _defaults.few(10**6) == _defaults.FEW
