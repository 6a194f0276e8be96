"""Labels that count only where a parent's is 1: masked before anything is learnt of them, and when a table is encoded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mtl_magic.data.encode import encode_table
from tests.data.cells import prepared, problems

CELL = "task buy: binary\ntask price: regression given buy"


def sales(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(rows)
    buy = (rng.random(rows) < 0.3) * 1
    return pd.DataFrame({"x": x, "buy": buy, "price": np.where(buy == 1, 50 + x, 0.0)})


@pytest.mark.parametrize("given", ["given buy", "given buy via observed"])
@pytest.mark.parametrize("kinds", [(": binary", ": regression"), ("", "")])
def test_statistics_are_of_the_rows_that_count(given: str, kinds: tuple[str, str]) -> None:
    frame = sales()
    made = prepared(f"task buy{kinds[0]}\ntask price{kinds[1]} {given}", frame)
    assert made.raw is not None
    bought = frame.iloc[made.raw.parts.train].query("buy == 1").price
    task = made.schema.task("price")
    assert task.kind.word == "regression"
    assert task.rows == len(bought)
    assert (task.mean, task.std) == (pytest.approx(bought.mean()), pytest.approx(bought.std(ddof=0)))
    assert task.constant_loss == pytest.approx(1)
    assert task.observed == ("buy",)


@pytest.mark.parametrize("split", ["", "\nsplit stratify=price valid=0.2 test=0.2"])
def test_the_same_as_missing_labels(split: str) -> None:
    frame = sales()
    by_hand = frame.assign(price=frame.price.where(frame.buy == 1))
    one, other = prepared(CELL + split, frame), prepared(CELL + split, by_hand)
    assert one.schema.tasks == other.schema.tasks
    for a, b in zip((*one.train, one.valid), (*other.train, other.valid), strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_array_equal(encode_table(one.schema, frame).labels, encode_table(one.schema, by_hand).labels)


def test_a_validation_table_is_masked_too() -> None:
    made = prepared(CELL, sales(), valid=sales(100))
    assert made.valid is not None
    np.testing.assert_array_equal(np.isnan(made.valid.labels[:, 1]), made.valid.labels[:, 0] != 1)


def test_classes_are_those_of_the_rows_that_count() -> None:
    frame = sales().assign(stars=lambda f: np.where(f.buy == 1, np.arange(len(f)) % 3 + 1, -1))
    made = prepared("task stars: multiclass(3) given buy\ntask buy: binary\nignore price", frame)
    assert made.schema.tasks[0].classes == (1, 2, 3)
    assert [t.name for t in made.schema.tasks] == ["stars", "buy"]
    labels = encode_table(made.schema, frame).labels
    np.testing.assert_array_equal(np.isnan(labels[:, 0]), frame.buy == 0)


def test_a_chain_counts_where_every_parent_does() -> None:
    frame = sales().assign(back=lambda f: np.arange(len(f)) % 2, loss=lambda f: f.x * 2)
    cell = "task buy: binary\ntask back: binary given buy via observed\ntask loss: regression given back\nignore price"
    labels = encode_table(prepared(cell, frame).schema, frame).labels
    np.testing.assert_array_equal(np.isfinite(labels[:, 2]), (frame.buy == 1) & (frame.back == 1))


def test_a_child_that_has_nothing_to_learn_from() -> None:
    frame = sales()
    flat = frame.assign(price=np.where(frame.buy == 1, 5.0, frame.x))
    assert problems(CELL, flat)[0].splitlines()[0] == (
        "MtlError MTL203, line 2: label 'price' of task 'price' is 5 in every labelled row in which 'buy' is 1"
    )
    none = frame.assign(price=frame.x.where(frame.buy == 0))
    assert problems(CELL, none)[0].splitlines()[0] == (
        "MtlError MTL205, line 2: label 'price' of task 'price' has no value in any row in which 'buy' is 1"
    )
    late = frame.assign(day=np.arange(len(frame)), price=frame.price.where(np.arange(len(frame)) >= 550, 5.0))
    assert problems(CELL + "\nsplit time=day valid=50", late)[0].splitlines()[0] == (
        "MtlError MTL203, line 2: label 'price' of task 'price' is 5 in every labelled training row in which 'buy' is 1"
    )


def test_esmm_counts_every_row() -> None:
    frame = sales().assign(back=lambda f: f.buy * (np.arange(len(f)) % 2))
    made = prepared("task buy\ntask back given buy\nignore price", frame)
    assert made.schema.task("back").observed == ()
    assert made.raw is not None
    assert made.raw.labels is None
    assert made.schema.task("back").mean == pytest.approx(frame.back.iloc[made.raw.parts.train].mean())
