"""Every mistake that the data shows: its code, its place, its words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mtl_magic.language.codes import DATA
from tests.data.cells import CELL, feed, problems


def one(text: str, *data: object, **tables: object) -> str:
    found = problems(text, *(data or (feed(),)), **tables)
    assert len(found) == 1, found
    return found[0]


def test_unknown_columns() -> None:
    assert one("task clck: binary\nignore day") == (
        "MtlError MTL201, line 1: the label of task 'clck' is the column 'clck', which the data does not have\n"
        "    task clck: binary\n"
        "         ^^^^\n"
        "did you mean 'click'?"
    )
    assert one("task click: binary\nfeature user, city") == (
        "MtlError MTL201, line 2: feature 'user': the data has no such column\n"
        "    feature user, city\n"
        "            ^^^^\n"
        "did you mean 'user_id'?"
    )
    assert one("task click: binary\nfeature age: bucket(4, column=prize)").splitlines()[0] == (
        "MtlError MTL201, line 2: feature 'age' is the column 'prize', which the data does not have"
    )
    assert one("task click: binary\nignore days").splitlines()[0] == (
        "MtlError MTL201, line 2: ignore 'days': the data has no such column"
    )
    assert one(CELL + "split time=dya").splitlines() == [
        "MtlError MTL201, line 5: the time of the split is the column 'dya', which the data does not have",
        "    split time=dya",
        "               ^^^",
        "did you mean 'day'?",
    ]
    assert one(CELL + "split group=usr").splitlines()[0] == (
        "MtlError MTL201, line 5: the group of the split is the column 'usr', which the data does not have"
    )
    assert one("task s: binary(label=zzz)\nignore day").splitlines()[-1] == (
        "the columns are user_id, city, price, genres, day, click, rating, watch"
    )


def test_wildcards() -> None:
    assert one("task click: binary\nfeature usr_*, city") == (
        "MtlError MTL214, line 2: feature 'usr_*' matches no column\n    feature usr_*, city\n            ^^^^^\ndid you mean 'user_id'?"
    )
    assert (
        one("task click: binary\nignore tmp_*").splitlines()[0]
        == "MtlError MTL214, line 2: ignore 'tmp_*' matches no column"
    )


def test_an_empty_table() -> None:
    assert one(CELL, feed()[:0]) == "MtlError MTL202: the data has no rows"
    assert one(CELL, feed(), valid=feed()[:0]) == "MtlError MTL202: the validation table has no rows"
    assert one(CELL, feed(), feed()[:0]) == "MtlError MTL202: table 2 of the data has no rows"


def test_a_constant_label() -> None:
    assert one(CELL, feed().assign(click=0)) == (
        "MtlError MTL203, line 1: label 'click' of task 'click' is 0 in every labelled row\n"
        "    task click: binary\n"
        "         ^^^^^\n"
        "a task needs rows of both kinds"
    )
    assert one(CELL, feed().assign(rating="good")).splitlines()[0] == (
        "MtlError MTL203, line 2: label 'rating' of task 'rating' is 'good' in every labelled row"
    )
    assert one(CELL, feed().assign(watch=2.5)).splitlines()[0] == (
        "MtlError MTL203, line 3: label 'watch' of task 'watch' is 2.5 in every labelled row"
    )
    frame = feed().assign(click=lambda f: (f.day == 10).astype(int))
    assert one(CELL + "split time=day test=10", frame).splitlines()[0::3] == [
        "MtlError MTL203, line 1: label 'click' of task 'click' is 0 in every labelled training row",
        "the split leaves no other value to train on",
    ]


def test_a_label_of_the_wrong_type() -> None:
    frame = feed()
    assert one("task rating: binary\nignore day, click, watch", frame) == (
        "MtlError MTL204, line 1: label 'rating' of task 'rating' has 5 values (1, 2, 3, 4 and 1 more), and a binary task two\n"
        "    task rating: binary\n"
        "         ^^^^^^\n"
        "multiclass is the kind for several classes, regression for numbers"
    )
    assert one("task city: regression\nignore day, click, watch", frame).splitlines()[0::3] == [
        "MtlError MTL204, line 1: label 'city' of task 'city' holds text ('Lima'), and a regression learns numbers"
        if frame.city.iloc[0] == "Lima"
        else f"MtlError MTL204, line 1: label 'city' of task 'city' holds text ('{frame.city.iloc[0]}'), and a regression learns numbers",
        "multiclass and binary are the kinds for classes",
    ]
    assert (
        one("task watch: multiclass\nignore day, click, rating", frame).splitlines()[3]
        == "regression is the kind for numbers"
    )
    assert (
        "label 'rating' of task 'rating' has 5 classes (1, 2, 3, 4 and 1 more), and the task is multiclass(3)"
        in one("task rating: multiclass(3)\nignore day, click, watch", frame)
    )
    dated = frame.assign(click=pd.Timestamp("2022-05-04"))
    for kind in (": binary", ": regression", ""):
        code = "MTL204" if kind else "MTL209"
        assert (
            one(f"task click{kind}\nignore day, rating, watch", dated)
            .splitlines()[0]
            .startswith(f"MtlError {code}, line 1: label 'click' of task 'click' holds dates or times")
        )


def test_no_label_at_all() -> None:
    assert one(CELL, feed().assign(watch=np.nan)).splitlines()[0] == (
        "MtlError MTL205, line 3: label 'watch' of task 'watch' has no value in any row"
    )
    assert one(CELL, feed().assign(click=pd.Series(dtype=object))).splitlines()[0] == (
        "MtlError MTL205, line 1: label 'click' of task 'click' has no value in any row"
    )
    late = feed().assign(watch=lambda f: f.watch.where(f.day == 10))
    assert one(CELL + "split time=day test=10", late).splitlines()[0] == (
        "MtlError MTL205, line 3: label 'watch' of task 'watch' has no value in any training row"
    )


def test_a_validation_table_without_a_column() -> None:
    found = problems("feature city, price\n" + CELL, feed(), valid=feed(50).drop(columns=["city", "watch"]))
    assert found == [
        "MtlError MTL206, line 1: the validation table lacks the feature 'city'\n    feature city, price\n            ^^^^",
        "MtlError MTL206, line 4: the validation table lacks the label of task 'watch'\n    task watch: regression\n         ^^^^^",
    ]
    bare = feed(50)[["click", "watch", "rating"]]
    assert one(CELL, feed(), valid=bare) == (
        "MtlError MTL206: the validation table lacks 4 of the 4 features: 'user_id', 'city', 'price', 'genres'"
    )
    renamed = feed(50).rename(columns={"city": "City"})
    assert (
        one(CELL, feed(), test=renamed)
        == "MtlError MTL206: the test table lacks the feature 'city'\ndid you mean 'City'?"
    )
    assert one(
        "task seen: binary(label=click)\nfeature city", feed(), valid=feed(50).drop(columns="click")
    ).splitlines()[0] == (
        "MtlError MTL206, line 1: the validation table lacks the label of task 'seen', which is the column 'click'"
    )


def test_no_feature_left() -> None:
    assert one("task click: binary\nignore *") == (
        "MtlError MTL207: no feature is left\nevery column is ignored, a label, or has nothing to learn from"
    )
    assert one("task click: binary", feed()[["click"]]).startswith("MtlError MTL207: no feature is left")


def test_a_feature_of_the_wrong_type() -> None:
    assert one("task click: binary\nfeature city: number") == (
        f"MtlError MTL208, line 2: feature 'city': its column holds text, not numbers: '{feed().city.iloc[0]}'\n"
        "    feature city: number\n"
        "                  ^^^^^^\n"
        "category is the kind for words"
    )
    frame = feed().assign(when=pd.Timestamp("2022-05-04"), v=[[1.0], [1.0, 2.0]] * 200)
    assert one("task click: binary\nfeature when: category", frame).splitlines()[0] == (
        "MtlError MTL208, line 2: feature 'when': its column holds dates or times, which have no vocabulary"
    )
    assert one("task click: binary\nfeature vec: vector(column=v)", frame).splitlines()[0] == (
        "MtlError MTL208, line 2: feature 'vec' (column 'v'): its column holds vectors of different lengths, from 1 to 2"
    )
    assert one("task click: binary\nfeature price: tags", feed().assign(price=[[[1]]] * 400)).splitlines()[0] == (
        "MtlError MTL208, line 2: feature 'price': its column holds lists of lists, not lists of tags"
    )


def test_rows_that_do_not_train_may_be_of_the_wrong_type_too() -> None:
    frame = feed().assign(v=lambda f: [[1.0] * (2 + (d == 10)) for d in f.day])
    assert one(CELL.replace("ignore day", "split time=day test=10"), frame).splitlines()[0] == (
        "MtlError MTL208: feature 'v': its column holds vectors of different lengths, from 2 to 3"
    )


def test_a_kind_that_cannot_be_inferred() -> None:
    frame = feed().assign(when=pd.Timestamp("2022-05-04"))
    assert one("task click: binary\nfeature when, city", frame) == (
        "MtlError MTL209, line 2: feature 'when': dates and times have no kind of their own\n"
        "    feature when, city\n"
        "            ^^^^\n"
        "take out what matters (the hour, the weekday) as a column of its own, or write 'when: number'"
    )


def test_a_class_that_training_does_not_know() -> None:
    assert one(CELL, feed(), valid=feed(50).assign(rating=7)).splitlines() == [
        "MtlError MTL210: label 'rating' of task 'rating' in the validation table has values that training does not know: 7",
        "its classes are 1, 2, 3, 4, 5",
    ]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("valid=0.6 test=0.5", "nothing is left to train on: valid=0.6 and test=0.5 of 400 rows"),
        ("valid=5", "valid=5 is a first time, and there is no time="),
        ("test='2022-05-04'", "test='2022-05-04' is a first time, and there is no time="),
        ("time=city", "by the time 'city': holds text that is no ISO date: '"),
        ("time=day valid=11", "by the time 'day': the validation part has no rows: it begins after the last time"),
        ("time=day valid='2022-05-04'", "by the time 'day': the column holds numbers around "),
        ("group=genres", "by the group 'genres': holds lists, which have no vocabulary"),
        ("time=day stratify=click", "time= and stratify= exclude each other"),
        ("group=user_id stratify=click", "group= and stratify= exclude each other"),
    ],
)
def test_splits_that_cannot_be_made(split: str, message: str) -> None:
    frame = feed().assign(genres=[["a"], ["b"]] * 200) if "genres" in split else feed()
    found = one(CELL + "split " + split, frame)
    assert found.startswith(f"MtlError MTL211, line 5: split: {message}")
    assert "\n    split " in found


def test_sources_that_are_nothing() -> None:
    cell = "task click: binary from user\nshare user = mlp from usr_id, ci*\nignore genres, day, rating, watch"
    assert one(cell) == (
        "MtlError MTL021, line 2: block 'user' comes from 'usr_id', which is neither a block nor a feature\n"
        "    share user = mlp from usr_id, ci*\n"
        "                          ^^^^^^\n"
        "did you mean 'user_id'?"
    )
    assert one("task click: binary from genres\nignore day, rating, watch", feed().assign(genres=None)).splitlines()[
        0::3
    ] == [
        "MtlError MTL021, line 1: task 'click' comes from 'genres', a column that is no feature",
        "it is ignored, a label, or left out",
    ]


def test_all_of_them_at_once() -> None:
    frame = feed().assign(click=1)
    found = problems(
        "task click: binary\ntask city: regression\ntask no: binary\nfeature price, nope\nsplit time=never", frame
    )
    assert [f.split(":")[0] for f in found] == [
        "MtlError MTL203, line 1",
        "MtlError MTL204, line 2",
        "MtlError MTL201, line 3",
        "MtlError MTL201, line 4",
        "MtlError MTL201, line 5",
    ]


def test_every_code_is_in_the_catalogue() -> None:
    assert sorted(DATA) == [f"MTL{n}" for n in range(201, 223)]


@pytest.mark.parametrize("names", [["a", "b", "c"], [10, 20, 30]])
def test_more_classes_asked_for_than_the_data_names(names: list[object]) -> None:
    frame = feed().assign(rating=(names * 134)[:400])
    shown = ", ".join(repr(n) for n in names)
    assert one("task rating: multiclass(5)\nignore day, click, watch", frame).splitlines()[0::3] == [
        "MtlError MTL204, line 1: label 'rating' of task 'rating' has 3 classes "
        f"({shown}), and the task is multiclass(5)",
        "write multiclass(3), or multiclass for as many as the data has",
    ]


def test_a_label_finer_than_32_bits() -> None:
    rng = np.random.default_rng(0)
    frame = feed().assign(watch=1e9 + 3 * rng.standard_normal(400))
    said = one("task watch: regression\nignore day, click, rating", frame).splitlines()
    assert said[0].startswith("MtlError MTL204, line 1: label 'watch' of task 'watch' varies by ")
    assert said[0].endswith(" about 1e+09, where the model's 32-bit numbers are 64 apart")
    assert said[-1] == "subtract a constant from the label before, and add it to the predictions"


def test_a_label_that_is_named_is_pointed_at() -> None:
    found = one("task seen: binary(tower=[8], label=clik)\nignore click", feed())
    assert found.splitlines()[1:3] == [
        "    task seen: binary(tower=[8], label=clik)",
        "                                       ^^^^",
    ]
