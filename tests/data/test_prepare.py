from __future__ import annotations

import math
import pathlib

import numpy as np
import pandas as pd
import pytest

from mtl_magic.data.encode import encode_table
from mtl_magic.data.encoders import Encoder
from mtl_magic.data.prepare import prepare
from mtl_magic.problems import MtlError
from tests.data.cells import CELL, feed, prepared, program


def test_a_simple_cell() -> None:
    frame = feed()
    before = frame.copy(deep=True)
    made = prepared(CELL, frame)
    pd.testing.assert_frame_equal(frame, before)
    schema, (train,) = made.schema, made.train
    assert [f.name for f in schema.features] == ["user_id", "city", "price", "genres"]
    assert made.test is None
    assert made.valid is not None
    assert (len(train), len(made.valid)) == (360, 40)
    assert made.notes == ["No split line: 40 of 400 rows, drawn at random, validate; there is no test part."]
    for part in (train, made.valid):
        assert part.ids.dtype == np.int32
        assert part.floats.dtype == part.labels.dtype == np.float32
        assert part.ids.shape == (len(part), schema.id_width)
        assert part.floats.shape == (len(part), schema.float_width)
        assert part.labels.shape == (len(part), 3)
    assert sorted([*train.index, *made.valid.index]) == frame.index.tolist()
    np.testing.assert_array_equal(train.labels[:, 0], frame.click[train.index])
    np.testing.assert_array_equal(train.labels[:, 1], frame.rating[train.index] - 1)
    np.testing.assert_array_equal(train.labels[:, 2], frame.watch[train.index].astype("float32"))


def test_features_fill_their_slices() -> None:
    made = prepared(CELL, feed())
    stops = [(0, 0)]
    for feature in made.schema.features:
        assert (feature.ids[0], feature.floats[0]) == stops[-1]
        assert feature.ids[1] - feature.ids[0] == feature.encoder.id_width
        assert feature.floats[1] - feature.floats[0] == feature.encoder.float_width
        stops.append((feature.ids[1], feature.floats[1]))
        part = made.train[0].ids[:, feature.ids[0] : feature.ids[1]]
        assert part.min(initial=0) >= 0
        assert part.max(initial=0) < max(feature.encoder.rows, 1)
    assert stops[-1] == (made.schema.id_width, made.schema.float_width)


def test_statistics_are_those_of_the_training_rows() -> None:
    made = prepared(CELL, feed())
    click, rating, watch = made.schema.tasks
    labels = made.train[0].labels
    assert click.mean == pytest.approx(labels[:, 0].mean())
    assert click.frequencies == pytest.approx((1 - click.mean, click.mean))
    assert click.classes == ()
    p = click.mean
    assert click.constant_loss == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p))
    assert rating.classes == (1, 2, 3, 4, 5)
    assert rating.frequencies == pytest.approx(np.bincount(labels[:, 1].astype(int)) / len(labels))
    known = labels[:, 2][~np.isnan(labels[:, 2])]
    assert (watch.rows, watch.mean, watch.std) == pytest.approx((len(known), known.mean(), known.std()), rel=1e-5)
    assert watch.constant_loss == pytest.approx(1)


def test_everything_is_fitted_on_training_rows_only() -> None:
    frame = feed()
    frame["city"] = np.where(frame.day >= 9, "New", frame.city)
    frame["price"] = np.where(frame.day >= 9, 1e6, 1.25 + frame.day)
    made = prepared(CELL.replace("ignore day", "") + "split time=day test=9 valid=0", frame)
    city = made.schema.feature("city").encoder
    assert city.vocabulary.to_pylist() == sorted(
        set(frame.city[frame.day < 9]), key=lambda c: -(frame.city[frame.day < 9] == c).sum()
    )  # type: ignore[attr-defined]
    assert made.schema.feature("price").encoder.high == 9.25  # type: ignore[attr-defined]
    assert made.test is not None
    assert (made.test.ids[:, 1] == 0).all()
    assert len(made.test) == (frame.day >= 9).sum()
    assert "day" not in [f.name for f in made.schema.features]
    assert made.schema.extras == ("day",)
    assert made.test.extras["day"].tolist() == frame.day[frame.day >= 9].tolist()


def test_own_tables_replace_their_parts() -> None:
    frame, other = feed(), feed(50, seed=1)
    made = prepared(CELL, frame, valid=other)
    assert len(made.train[0]) == 400
    assert made.valid is not None
    assert len(made.valid) == 50
    assert made.test is None
    assert made.notes == []
    made = prepared(CELL + "split valid=0.1 test=0.2", frame, test=other)
    assert made.valid is not None
    assert made.test is not None
    assert (len(made.train[0]), len(made.valid), len(made.test)) == (360, 40, 50)


def test_a_table_is_encoded_as_the_training_rows_were() -> None:
    frame = feed()
    made = prepared(CELL, frame)
    part = encode_table(made.schema, frame)
    train = made.train[0]
    rows = frame.index.get_indexer(train.index)
    np.testing.assert_array_equal(part.ids[rows], train.ids)
    np.testing.assert_array_equal(part.floats[rows], train.floats)
    np.testing.assert_array_equal(part.labels[rows], train.labels)
    assert part.index.equals(frame.index)


def test_prediction_needs_no_labels_and_ignores_other_columns() -> None:
    frame = feed()
    schema = prepared(CELL, frame).schema
    part = encode_table(schema, frame.drop(columns=["click", "watch", "day"]).assign(more="x"))
    assert np.isnan(part.labels[:, [0, 2]]).all()
    assert not np.isnan(part.labels[:, 1]).any()
    assert np.isnan(encode_table(schema, frame, labels=False).labels).all()
    text = frame.astype({"user_id": str, "price": object})
    np.testing.assert_array_equal(encode_table(schema, text).ids, encode_table(schema, frame).ids)


def test_a_table_that_does_not_fit_the_model() -> None:
    frame = feed()
    schema = prepared(CELL, frame).schema

    def problem(table: pd.DataFrame) -> str:
        with pytest.raises(MtlError) as caught:
            encode_table(schema, table)
        return str(caught.value)

    assert problem(frame.drop(columns=["city", "genres"])) == (
        "MtlError MTL206: the table lacks the columns 'city', 'genres'\nthe model was trained with these features"
    )
    assert problem(frame.assign(rating=9)) == (
        "MtlError MTL210: label 'rating' of task 'rating' in the table has values that training does not know: 9\n"
        "its classes are 1, 2, 3, 4, 5"
    )
    assert (
        problem(frame.assign(price=[[1]] * 400))
        == "MtlError MTL208: column 'price' of the table holds lists, not numbers"
    )
    assert problem(frame.assign(watch="x")).startswith(
        "MtlError MTL204: label 'watch' of task 'watch' in the table holds text ('x')"
    )
    assert problem(frame[:0]) == "MtlError MTL202: the table has no rows"


def test_a_column_of_which_no_value_is_understood_is_another_column() -> None:
    frame = feed()
    schema = prepared(
        "feature price: number\nfeature city: category\nfeature day: bucket\ntask click: binary", frame
    ).schema

    def problem(**columns: object) -> str:
        with pytest.raises(MtlError) as caught:
            encode_table(schema, frame.assign(**columns), labels=False)
        return str(caught.value)

    assert problem(price="cheap") == (
        "MtlError MTL208: column 'price' of the table holds text, and the training rows numbers"
    )
    assert problem(city=7.5) == "MtlError MTL208: column 'city' of the table holds numbers, and the training rows text"
    held = "whole numbers" if frame.day.dtype.kind == "i" else "dates or times"
    assert (
        problem(day="monday") == f"MtlError MTL208: column 'day' of the table holds text, and the training rows {held}"
    )


def test_values_that_can_be_understood_are_in_whatever_type_they_arrive() -> None:
    frame = feed()
    schema = prepared("feature price: number\nfeature city: category\ntask click: binary", frame).schema

    def encoded(**columns: object) -> np.ndarray:
        part = encode_table(schema, frame.assign(**columns), labels=False)
        return np.hstack([part.ids, part.floats])

    usual = encoded()
    np.testing.assert_array_equal(encoded(price=frame.price.map(repr)), usual)
    missing = encoded(price=None, city=None)
    for nothing in ("", np.nan):
        np.testing.assert_array_equal(encoded(price=nothing, city=nothing), missing)
    assert encoded(price=["n/a", *frame.price[1:].map(str)], city="a town of which nobody has heard") is not None


def test_encoders_come_back_from_their_state() -> None:
    frame = feed()
    made = prepared(CELL, frame)
    for feature in made.schema.features:
        again = Encoder.from_state(*feature.encoder.state())
        assert again.describe() == feature.encoder.describe()


def test_two_values_of_any_kind_are_binary() -> None:
    frame = feed().assign(click=lambda f: np.where(f.click == 1, "yes", "no"))
    made = prepared("task click\nignore day, watch, rating", frame)
    (task,) = made.schema.tasks
    assert (task.kind.word, task.inferred, task.classes) == ("binary", True, ("no", "yes"))
    assert made.notes[0] == "Task 'click': 1 is 'yes', 0 is 'no'."
    np.testing.assert_array_equal(made.train[0].labels[:, 0], frame.click[made.train[0].index] == "yes")
    flags = prepared("task click\nignore day, watch, rating", frame.assign(click=frame.click == "yes"))
    assert flags.schema.tasks[0].classes == ()


def test_a_task_reads_the_column_of_its_label() -> None:
    made = prepared("task seen: binary(label=click)\ntask click\nignore day, rating, watch", feed())
    assert [t.label for t in made.schema.tasks] == ["click", "click"]
    assert "click" not in [f.name for f in made.schema.features]


def test_missing_labels_teach_nothing() -> None:
    frame = feed()
    frame.loc[frame.index[::2], "watch"] = np.nan
    frame["click"] = frame.click.astype(object)
    frame.loc[frame.index[::3], "click"] = None
    made = prepared(CELL, frame)
    train = made.train[0]
    assert (
        made.schema.task("click").rows
        == (~np.isnan(train.labels[:, 0])).sum()
        == frame.click[train.index].notna().sum()
    )


def test_several_tables() -> None:
    one, two = feed(200).drop(columns="watch"), feed(100, seed=1).drop(columns=["click", "genres"])
    made = prepared(CELL, one, two)
    assert len(made.train) == 2
    assert made.valid is not None
    assert sum(map(len, made.train)) + len(made.valid) == 300
    first, second = made.train
    assert np.isnan(first.labels[:, 2]).all()
    assert np.isnan(second.labels[:, 0]).all()
    place = made.schema.feature("genres").ids
    assert (second.ids[:, slice(*place)] == 0).all()
    assert made.schema.task("click").rows == len(first)


def test_groups_and_strata() -> None:
    frame = feed()
    made = prepared(CELL + "split valid=0.2 test=0.2 group=user_id", frame)
    assert made.valid is not None
    assert made.test is not None
    users = [set(p.extras["user_id"]) for p in (made.train[0], made.valid, made.test)]
    assert len(set.union(*users)) == sum(map(len, users))
    made = prepared(CELL + "split valid=0.25 stratify=rating", frame)
    assert made.valid is not None
    counts = np.bincount(made.valid.labels[:, 1].astype(int))
    assert np.abs(counts - np.bincount(frame.rating - 1) / 4).max() <= 1


def test_the_split_is_the_seeds() -> None:
    frame = feed()
    one, two, three = (prepared(CELL + f"split seed={s}", frame).train[0].index.tolist() for s in (0, 0, 1))
    assert one == two
    assert one != three
    assert prepared(CELL, frame).train[0].index.tolist() == one


def test_paths(tmp_path: pathlib.Path) -> None:
    frame = feed()
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    parts = [prepared(CELL, source).train[0] for source in (frame, str(tmp_path / "t.parquet"), tmp_path / "t.csv")]
    for part in parts[1:]:
        np.testing.assert_array_equal(part.ids, parts[0].ids)
        np.testing.assert_allclose(part.floats, parts[0].floats, rtol=1e-5)


def test_names_of_any_script_get_safe_keys() -> None:
    frame = feed().rename(columns={"user_id": "用户 id", "click": "点击/一", "price": "a b"})
    made = prepared("task '点击/一'\nignore day, rating, watch", frame)
    assert [f.name for f in made.schema.features] == ["用户 id", "city", "a b", "genres"]
    assert all(f.key.isascii() and f.key.isidentifier() for f in made.schema.features)
    assert made.schema.tasks[0].key.isascii()


def test_rows_without_a_time_train() -> None:
    frame = feed()
    frame["day"] = frame.day.where(frame.day != 3)
    made = prepared(CELL + "split time=day valid=0.2", frame)
    assert f"{frame.day.isna().sum()} rows without a time in 'day' train." in made.notes
    assert made.valid is not None
    assert len(made.valid) + len(made.train[0]) == 400


def test_no_validation_at_all() -> None:
    made = prepared(CELL + "split valid=0", feed())
    assert made.valid is None
    assert len(made.train[0]) == 400


def test_one_row_is_told_so() -> None:
    with pytest.raises(MtlError) as caught:
        prepare(program("task click: binary\nfeature city"), [feed(1)])
    assert "MTL211: split: one row cannot be divided" in str(caught.value)


def test_days_are_groups_too() -> None:
    frame = feed().assign(date=lambda f: pd.Timestamp("2022-05-01") + pd.to_timedelta(f.day, "D"))
    made = prepared(CELL + "ignore date\nsplit group=date", frame)
    assert made.valid is not None
    assert not set(made.valid.extras["date"]) & set(made.train[0].extras["date"])


def test_classes_beyond_64_signed_bits() -> None:
    big = 2**64 - 1
    frame = feed().assign(rating=lambda f: np.where(f.rating < 3, 1, big).astype("uint64"))
    made = prepared(CELL.replace("multiclass", "binary"), frame)
    assert made.schema.task("rating").classes == (1, big)
    np.testing.assert_array_equal(made.train[0].labels[:, 1], frame.rating[made.train[0].index] == big)


def test_names_that_keras_cannot_take_are_shown_with_those_that_it_takes() -> None:
    frame = pd.DataFrame({"a b": [1.5, 2.5, 3.5, 4.5] * 10, "价格": [0, 1, 1, 0] * 10, "x": [0.1, 0.2, 0.3, 0.4] * 10})
    found = prepared("task 价格: binary", frame)
    assert [n for n in found.notes if "Keras" in n] == ["names in the Keras model: 价格 is n_0f4371, a b is a_b"]


def test_statistics_are_of_the_labels_before_they_are_32_bits() -> None:
    watch = 1e6 + np.random.default_rng(0).standard_normal(400)
    made = prepared("task watch: regression\nignore day, click, rating\nsplit valid=none", feed().assign(watch=watch))
    task = made.schema.task("watch")
    assert task.mean == pytest.approx(watch.mean(), rel=0, abs=1e-6)
    assert task.std == pytest.approx(watch.std(), rel=0, abs=1e-6)


def test_whole_numbers_below_n_are_classes_even_where_some_are_absent() -> None:
    frame = feed().assign(rating=np.arange(400) % 3)
    task = prepared("task rating: multiclass(5)\nignore day, click, watch", frame).schema.task("rating")
    assert task.classes == (0, 1, 2, 3, 4)
    assert task.kind.units(task) == 5


def test_a_metric_finds_its_column_however_it_is_spelt() -> None:
    import unicodedata

    composed = "caf\u00e9"
    frame = feed().rename(columns={"user_id": unicodedata.normalize("NFD", composed)})
    made = prepared(f"task click: binary(metrics=[gauc('{composed}')])\nignore day, rating, watch", frame)
    assert made.schema.extras == (composed,)
    assert made.valid is not None
    assert list(made.valid.extras) == [composed]
    (metric,) = made.schema.task("click").kind.metrics_of()
    labels = made.valid.labels[:, 0]
    assert 0 <= metric.value(labels, np.zeros(len(labels)), made.valid.extras) <= 1
    assert list(encode_table(made.schema, frame).extras) == [composed]


def test_a_table_without_the_column_of_a_metric() -> None:
    cell = "task click: binary(metrics=[gauc(user_id)])\nfeature city, price"
    made = prepared(cell, feed())
    bare = feed().drop(columns="user_id")
    with pytest.raises(MtlError) as caught:
        encode_table(made.schema, bare)
    assert [p.render("") for p in caught.value.problems] == [
        "MtlError MTL206: the table lacks the column 'user_id' of the metric 'gauc' of task 'click'"
    ]
    assert len(encode_table(made.schema, bare, labels=False)) == 400
    assert len(encode_table(made.schema, bare.drop(columns="click"))) == 400
    (metric,) = made.schema.task("click").kind.metrics_of()
    assert np.isnan(metric.value(np.empty(0), np.empty(0), {}))
