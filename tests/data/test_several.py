"""Several tables that teach one model: which teaches what, how each is divided, what is wrong, on both roads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mtl_magic.data.encode import encode_table
from mtl_magic.data.named import Named, named, tables_of
from mtl_magic.data.prepare import prepare
from mtl_magic.problems import MtlError
from tests.data.cells import program

CELL = "task click: binary\ntask buy: binary\nignore day\n"


def feed(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "user": rng.integers(0, 30, rows).astype(str),
            "age": rng.integers(18, 80, rows),
            "topic": rng.choice(["a", "b", "c"], rows),
            "day": rng.integers(0, 50, rows),
            "click": rng.integers(0, 2, rows),
        }
    )


def shop(rows: int = 120, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "user": rng.integers(20, 60, rows).astype(str),
            "age": rng.integers(18, 80, rows),
            "price": rng.random(rows) * 10,
            "day": rng.integers(50, 90, rows),
            "buy": rng.integers(0, 2, rows),
        }
    )


@pytest.fixture(params=[False, True], ids=["memory", "streaming"])
def made(request, monkeypatch):
    """`prepare` by one road, in batches that cross from one table into the next."""
    for module in ("fragments", "source", "prepare"):
        monkeypatch.setattr(f"mtl_magic.data.streaming.{module}.BATCH", 70)

    def make(text=CELL, *data, valid=None, test=None):
        return prepare(program(text), list(data) or [feed(), shop()], valid, test, stream=request.param)

    return make


@pytest.fixture
def said(made):
    """Its problems, as a person reads them."""

    def say(text, *data, **parts):
        with pytest.raises(MtlError) as caught:
            made(text, *data, **parts)
        return [p.render(caught.value.text) for p in caught.value.problems]

    return say


def labels_of(part) -> np.ndarray:
    return np.concatenate([labels for _, _, labels in part.chunks(50)])


def test_each_table_teaches_the_tasks_whose_labels_it_has(made):
    found = made()
    first, second = map(labels_of, found.train)
    assert not np.isnan(first[:, 0]).any()
    assert np.isnan(first[:, 1]).all()
    assert np.isnan(second[:, 0]).all()
    assert not np.isnan(second[:, 1]).any()
    assert [(t.name, t.rows, t.labels, t.lacks) for t in found.tables] == [
        ("table1", len(first), {"click": len(first)}, ("price",)),
        ("table2", len(second), {"buy": len(second)}, ("topic",)),
    ]
    assert found.schema.task("click").rows == len(first)
    assert found.schema.task("buy").rows == len(second)


def test_encoders_learn_of_all_tables(made):
    """One vocabulary over the union, one scale; what a table lacks is missing."""
    found = made()
    schema = found.schema
    assert [(f.name, f.optional) for f in schema.features] == [
        ("user", False), ("age", False), ("topic", True), ("price", True)
    ]  # fmt: skip
    seen = set(schema.feature("user").encoder.vocabulary.to_pylist())
    assert {"0", "25", "59"} <= seen
    start = schema.feature("topic").ids[0]
    first, second = (np.concatenate([ids for ids, _, _ in part.chunks(50)]) for part in found.train)
    assert (first[:, start] > 1).all()
    assert (second[:, start] == 1).all()


def test_each_table_is_divided_by_itself(made):
    found = made(CELL + "split valid=0.2 test=0.1\n")
    valid, test = labels_of(found.valid), labels_of(found.test)
    for k, rows in enumerate((300, 120)):
        shares = [(~np.isnan(part[:, k])).sum() / rows for part in (valid, test)]
        assert shares == pytest.approx([0.2, 0.1], abs=0.09)  # to chance where rows are drawn one by one
    assert sum(map(len, found.train)) + len(valid) + len(test) == 420


def test_by_time_each_table_has_its_latest_rows(made):
    """The shop's days all come after the feed's: one moment for both would leave one of them without a part."""
    found = made(CELL + "split valid=0.2 time=day\n")
    valid = labels_of(found.valid)
    assert (~np.isnan(valid)).sum(axis=0) == pytest.approx([60, 24], abs=10)


def test_a_moment_is_one_for_all_tables(made):
    found = made(CELL + "split valid=40 time=day\n", feed(), shop().assign(day=30))
    valid = labels_of(found.valid)
    assert np.isnan(valid[:, 1]).all()
    assert (~np.isnan(valid[:, 0])).sum() == (feed().day >= 40).sum()


def test_groups_are_kept_whole_over_all_tables(made):
    found = made(CELL + "split valid=0.3 group=user\nfeature *\nignore topic\n")
    place = found.schema.feature("user").ids[0]
    users = [
        {int(i) for part in parts for ids, _, _ in part.chunks(50) for i in ids[:, place]} - {0}
        for parts in (found.train, [found.valid])
    ]
    assert users[0]
    assert not users[0] & users[1]


def test_names(made):
    assert [t.name for t in made(CELL, Named("feed", feed()), Named("shop", shop())).tables] == ["feed", "shop"]


def test_both_roads_learn_the_same():
    cell = program(CELL + "split valid=0.2 time=day\n")
    one, other = (prepare(cell, [feed(), shop()], stream=stream) for stream in (False, True))
    for a, b in zip(one.train, other.train, strict=True):
        assert len(a) == len(b)
        assert np.array_equal(np.sort(labels_of(a), axis=0), np.sort(labels_of(b), axis=0), equal_nan=True)
    assert one.tables == other.tables
    for a, b in zip(one.schema.tasks, other.schema.tasks, strict=True):
        assert (a.rows, a.mean, a.constant_loss) == pytest.approx((b.rows, b.mean, b.constant_loss))


def test_a_small_table_is_in_the_sample(monkeypatch):
    """However large the other one is: a task that only this one teaches must be seen."""
    monkeypatch.setattr("mtl_magic.data.streaming.road.SAMPLE", 400)
    found = prepare(program(CELL), [feed(20_000), shop(30)], stream=True)
    assert [t.rows for t in found.tables][1] > 15
    raw = found.sample.raw
    assert len(raw.table) < 1000
    assert len(raw.table) - raw.starts[1] == 30


def test_tables_of_a_part_are_put_under_one_another(made):
    found = made(CELL, valid=[feed(40, 5), shop(30, 6)])
    assert (~np.isnan(labels_of(found.valid))).sum(axis=0).tolist() == [40, 30]
    assert [len(part) for part in found.train] == [300, 120]
    found = made(CELL, valid={"late feed": feed(40, 5), "late shop": shop(30, 6)})
    assert len(found.valid) == 70


def test_no_training_table_has_what_metrics_alone_read(made):
    text = "task click: binary(metrics=[gauc(group=user)])\ntask buy: binary\nignore day\nsplit valid=0.2\n"
    found = made(text)
    assert set(found.valid.extras) == {"user"}
    if not found.raw:  # rows on disk
        assert [part.extras for part in found.train] == [{}, {}]
        assert [part.beside for part in found.train] == [None, None]


def test_a_later_table_may_lack_what_a_training_table_lacked(made):
    schema = made().schema
    part = encode_table(schema, shop(20))
    assert np.isnan(part.labels[:, 0]).all()
    assert (part.ids[:, schema.feature("topic").ids[0]] == 1).all()
    with pytest.raises(MtlError, match="lacks the column 'age'"):
        encode_table(schema, shop(20).drop(columns="age"))
    with pytest.raises(MtlError, match="lacks the columns"):
        encode_table(schema, {"buy": [0, 1]})


@pytest.mark.parametrize("kind", ["category", "number", "number(bins=4)", "bucket", "tags", "vector"])
def test_features_of_every_kind_may_be_missing_in_a_table(made, kind):
    values = {
        "category": list("abc") * 100,
        "tags": [["a"], ["b", "a"], ["c"]] * 100,
        "vector": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.1]] * 100,
    }.get(kind, np.arange(300) / 7)
    found = made(f"{CELL}feature user\nfeature x: {kind}\n", feed().assign(x=pd.Series(list(values))), shop())
    alone = encode_table(found.schema, shop(5))
    joined = encode_table(
        found.schema, pa.table({"x": found.raw.table["x"][300:305], **shop(5)}) if found.raw else shop(5)
    )
    assert np.array_equal(alone.ids, joined.ids)
    assert np.array_equal(alone.floats, joined.floats)


# --- what is wrong


def test_a_table_that_teaches_nothing(said):
    assert said(CELL, feed(), shop(), Named("users", shop().drop(columns="buy"))) == [
        "MtlError MTL219: table 'users' teaches nothing: it has no task's label\n"
        "give it the column of a label ('click', 'buy'), or leave it out"
    ]
    (found,) = said(CELL, feed(), shop(), shop().assign(buy=None))
    assert found == "MtlError MTL219: table 3 of the data teaches nothing: none of its rows has a label that counts"


def test_a_table_of_which_a_sample_of_negatives_leaves_nothing(said, made):
    text = "task click: binary(negatives={})\ntask buy: binary\nignore day\nsplit valid=none\n"
    unliked = Named("old feed", feed(1).assign(click=0))
    drawn = "MtlError MTL219: table 'old feed' teaches nothing: none of its rows trains\na larger share of negatives= leaves some"
    tables = feed(), unliked, shop()
    assert said(text.format(0.001), *tables) == [drawn]
    found = made(text.format(0.999), *tables)
    assert [t.rows for t in found.tables] == [len(part) for part in found.train]
    assert [t.name for t in found.tables if "buy" in t.labels] == ["table3"]


def test_no_table_has_the_label_of_a_task(said):
    (found,) = said(CELL + "task like: binary\n", feed(), shop())
    assert "MTL201" in found
    assert "the label of task 'like' is the column 'like', which the data does not have" in found


@pytest.mark.parametrize(
    ("mix", "message", "hint"),
    [
        ("[feed=0.7, shp=0.3]", "train mix= names 'shp', which is no table", "did you mean 'shop'?"),
        ("[feed=1]", "train mix= says nothing of 'shop'", "give each table its part, or leave a table out"),
    ],
)
def test_a_mix_that_does_not_fit(said, mix, message, hint):
    (found,) = said(f"{CELL}train mix={mix}\n", Named("feed", feed()), Named("shop", shop()))
    assert f"MTL220, line 4: {message}" in found
    assert hint in found
    assert f"train mix={mix}" in found


def test_a_mix_of_one_table(said):
    (found,) = said("task click: binary\ntrain mix=[feed=1]\n", feed())
    assert "MTL220, line 2: train mix= is for several tables, and there is one" in found


def test_a_column_of_a_task_in_each_table_that_teaches_it(said):
    text = "task click: binary(metrics=[gauc(group=seen)])\nignore day, buy\n"
    both = [Named("a", feed().assign(seen=1)), Named("b", feed(90, 3))]
    (found, *_) = said(text, *both)
    assert "table 'b' has the label of task 'click', and lacks the column 'seen' of its metric 'gauc'" in found


def test_a_table_that_cannot_be_divided(said):
    (found, *_) = said(CELL, feed(), Named("shop", shop(1)))
    assert "MTL211: split of table 'shop': one row cannot be divided" in found


def test_what_is_a_table_and_what_a_column():
    frame = feed(3)
    assert tables_of({"click": [0, 1], "x": np.zeros(2)}) == [{"click": [0, 1], "x": pytest.approx(np.zeros(2))}]
    assert tables_of({"a": frame, "b": {"x": [1]}})[1] == Named("b", {"x": [1]})
    assert [t.name for t in named(tables_of([{"a": "a.csv"}, "b.csv", pa.table({"x": [1]})]))] == ["a", "b", "table3"]
