"""Labels of counts, ranks, grades and several classes; masks, weights and lists beside them; what is wrong with each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtl_magic.data.beside import list_codes
from mtl_magic.data.encode import encode_table
from mtl_magic.data.prepare import prepare
from tests.data.cells import prepared, problems, program

NONE = "\nsplit valid=none"


def table(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    tags = [["a"], ["a", "b"], [], None, ["c"]]
    return pd.DataFrame(
        {
            "x": rng.normal(size=rows),
            "user": rng.integers(0, 7, rows).astype(str),
            "n": rng.poisson(2, rows),
            "stars": rng.integers(1, 6, rows),
            "rank": rng.integers(0, 4, rows),
            "click": rng.integers(0, 2, rows),
            "tags": [tags[i % 5] for i in range(rows)],
            "joined": ["p|q", "q", "", "p | r", "r"] * (rows // 5),
            "vector": [[int(i % 2 == 0), 1, int(i % 3 == 0)] if i % 7 else None for i in range(rows)],
            "like": np.where(np.arange(rows) % 4 == 0, np.nan, rng.integers(0, 2, rows)),
            "w": np.where(np.arange(rows) % 6 == 0, np.nan, 2.0),
            "m": np.arange(rows) % 3 > 0,
        }
    )


FRAME = table()


def test_ranks_are_counted_from_0_or_are_the_numbers_of_the_data():
    made = prepared("task rank: ordinal(5)\nignore *" + NONE + "\nfeature x: number", FRAME)
    task = made.schema.task("rank")
    assert task.classes == (0, 1, 2, 3, 4)
    assert task.frequencies[4] == 0
    stars = prepared("task stars: ordinal\nfeature x: number" + NONE, FRAME).schema.task("stars")
    assert stars.classes == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("column", "classes", "rows"),
    [
        ("tags", ("a", "b", "c"), [[1, 0, 0], [1, 1, 0], [0, 0, 0], None, [0, 0, 1]]),
        ("joined", ("p", "q", "r"), [[1, 1, 0], [0, 1, 0], None, [1, 0, 1], [0, 0, 1]]),
        ("vector", (0, 1, 2), [None, [0, 1, 0], [1, 1, 0], [0, 1, 1], [1, 1, 0]]),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_classes_of_a_column(column: str, classes: Any, rows: Any, streamed: bool, tmp_path: Any):
    data: Any = FRAME[["x", column]]
    if streamed:
        data = str(tmp_path / "t.parquet")
        pq.write_table(pa.Table.from_pandas(FRAME[["x", column]]), data, row_group_size=16)
    made = prepare(program(f"task {column}: multilabel\nfeature x: number{NONE}"), [data], stream=streamed)
    (part,) = made.train
    task = made.schema.tasks[0]
    assert task.classes == classes
    start, stop = made.schema.beside.flags[0]
    gap = [np.nan] * 3
    if not streamed:
        np.testing.assert_equal(part.labels[:5, start:stop], [gap if row is None else row for row in rows])
        np.testing.assert_equal(part.labels[:5, 0], [np.nan if row is None else sum(row) for row in rows])
    known = ~np.isnan(part.labels[:, 0])
    np.testing.assert_allclose(task.frequencies, part.labels[known, start:stop].mean(axis=0))
    assert task.rows == known.sum()
    again = encode_table(made.schema, FRAME)
    assert np.isnan(again.labels[:, 0]).sum() == (~known).sum()
    made.close()


def test_columns_as_classes_leave_unknown_ones_out_of_a_row():
    made = prepared("task both: multilabel(labels=[click, like])\nfeature x: number" + NONE, FRAME)
    (part,) = made.train
    start, stop = made.schema.beside.flags[0]
    np.testing.assert_equal(part.labels[:, start], FRAME["click"])
    np.testing.assert_equal(part.labels[:, stop - 1], FRAME["like"])
    assert not np.isnan(part.labels[:, 0]).any()
    assert made.schema.tasks[0].frequencies[1] == pytest.approx(FRAME["like"].mean())


def test_a_mask_leaves_labels_out_and_so_does_what_stands_there():
    frame = FRAME.assign(n=np.where(FRAME["m"], FRAME["n"], -9))
    made = prepared("task n: count(mask=m)\nfeature x: number" + NONE, frame)
    (part,) = made.train
    assert (np.isnan(part.labels[:, 0]) == ~FRAME["m"]).all()
    assert made.schema.task("n").learnt[0] == pytest.approx(FRAME["n"][FRAME["m"]].mean())
    assert made.schema.extras == ("m",)
    assert "m" not in [f.name for f in made.schema.features]


def test_weights_stand_beside_and_count_in_the_constant():
    for asked, text in ((None, "w"), (lambda t: t["w"].fillna(0), "{f}")):
        made = prepared_with(f"task click: binary(sample_weight={text})\nfeature x: number{NONE}", {"f": asked})
        (part,) = made.train
        weights = part.labels[:, made.schema.beside.weights[0]]
        np.testing.assert_equal(weights, np.nan_to_num(FRAME["w"]))
        rate = np.average(FRAME["click"], weights=weights)
        entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
        assert made.schema.task("click").constant_loss == pytest.approx(entropy, rel=1e-6)
        assert made.schema.task("click").start[0] == pytest.approx(np.log(rate / (1 - rate)), rel=1e-5)


def prepared_with(text: str, namespace: dict[str, Any]) -> Any:
    from mtl_magic.language import parse
    from mtl_magic.language.resolve import resolve
    from mtl_magic.vocabulary import vocabulary

    return prepare(resolve(parse(text, vocabulary()), vocabulary(), namespace), [FRAME])


def test_weights_of_classes():
    made = prepared("task click: binary(pos_weight=balanced)\nfeature x: number" + NONE, FRAME).schema.task("click")
    rate = FRAME["click"].mean()
    assert made.class_weights == pytest.approx((1, (1 - rate) / rate))
    assert made.constant_loss == pytest.approx(np.log(2))
    ranks = prepared("task rank: multiclass(class_weight=['3'=4])\nfeature x: number" + NONE, FRAME).schema.task("rank")
    assert ranks.class_weights == (1, 1, 1, 4)


def test_lists_are_equal_where_the_column_is():
    frame = FRAME.assign(user=FRAME["user"].where(FRAME.index % 9 > 0))
    made = prepared("task rank: ranking(group=user)\nfeature x: number" + NONE, frame)
    (part,) = made.train
    codes = list_codes(part.labels, made.schema.beside.lists)
    for one in range(len(frame)):
        same = codes == codes[one]
        want = (frame["user"] == frame["user"][one]) if isinstance(frame["user"][one], str) else frame.index == one
        np.testing.assert_equal(same, np.array(want))
    assert np.isnan(made.schema.task("rank").constant_loss)  # it takes the lists to tell
    again = encode_table(made.schema, frame)
    np.testing.assert_equal(again.labels, part.labels)


@pytest.mark.parametrize(
    ("cell", "change", "said"),
    [
        ("task stars: ordinal(5)", {}, ["MTL204", "is 5 in some row, and the ranks of ordinal(5) are 0 to 4", "subtract 1"]),
        ("task word: ordinal", {"word": ["a", "b"] * 30}, ["MTL204", "holds 'a'"]),
        ("task n: count", {"n": [-1, 2] * 30}, ["MTL204", "is -1 in some row", "at least 0"]),
        ("task n: count", {"n": [0.5, 2] * 30}, ["MTL204", "is 0.5 in some row", "whole number", "poisson"]),
        ("task n: regression(loss=tweedie)", {"n": [-1, 2] * 30}, ["MTL204", "loss=tweedie takes numbers of at least 0"]),
        ("task n: ranking(group=user)", {"n": [-1, 2] * 30}, ["MTL204", "a ranking task takes numbers of at least 0"]),
        ("task n: ranking(group=usr)", {}, ["MTL201", "the group of task 'n' is the column 'usr'", "did you mean 'user'"]),
        ("task n: count(mask=mm)", {}, ["MTL201", "the mask of task 'n'"]),
        ("task n: count(mask=user)", {"user": ["a"] * 60}, ["MTL221", "the mask 'user' of task 'n' holds text"]),
        ("task n: count(sample_weight=nope)", {}, ["MTL201", "the sample weight of task 'n'"]),
        ("task n: count(sample_weight=w)", {"w": [-2.0] * 60}, ["MTL221", "a sample weight 'w' of -2"]),
        ("task n: count(sample_weight=w)", {"w": [0.0] * 60}, ["MTL221", "every labelled training row has the sample weight 0"]),
        ("task n: count(sample_weight=user)", {"user": ["a"] * 60}, ["MTL221", "which holds text"]),
        ("task x: multilabel", {}, ["MTL204", "lists of tags, or vectors of 0 and 1"]),
        ("task tags: multilabel", {"tags": [["a"], []] * 30}, ["MTL203", "holds one tag, 'a'"]),
        ("task b: multilabel(labels=[click, n])", {}, ["MTL204", "in the column 'n'"]),
        ("task b: multilabel(labels=[click, nn])", {}, ["MTL201", "the label of task 'b' is the column 'nn'"]),
        ("task rank: multiclass(class_weight=[high=2])", {}, ["MTL221", "class_weight names the class 'high'"]),
        ("task rank: multiclass(class_weight=[1, 2])", {}, ["MTL221", "2 weights, and the label 4 classes"]),
        ("task n: ranking(group=user)\ntask click: binary(loss=pairwise(group=stars))", {}, ["MTL045", "'user'", "'stars'"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(cell: str, change: dict[str, Any], said: list[str]):
    frame = FRAME.assign(**change)
    found = problems(cell + "\nfeature x: number" + NONE, frame)
    assert len(found) == 1, found
    for part in said:
        assert part in found[0], found[0]
    assert "task" in found[0].split("\n")[1]


def test_a_weight_in_braces_that_fails_says_so():
    from mtl_magic.problems import MtlError

    for function, part in ((lambda t: t["gone"], "KeyError"), (lambda t: np.ones(3), "shape (3,)")):
        with pytest.raises(MtlError) as caught:
            prepared_with("task n: count(sample_weight={f})\nfeature x: number" + NONE, {"f": function})
        problem = caught.value.problems[0]
        assert (problem.code, part in problem.message, problem.span.line) == ("MTL221", True, 1)


def test_tags_that_training_does_not_know_are_refused():
    from mtl_magic.problems import MtlError

    made = prepared("task tags: multilabel\nfeature x: number" + NONE, FRAME)
    with pytest.raises(MtlError) as caught:
        encode_table(made.schema, FRAME.assign(tags=[["zz"]] * 60))
    assert (caught.value.problems[0].code, "'zz'" in caught.value.problems[0].message) == ("MTL210", True)


@pytest.mark.parametrize("kind", ["n: count(sample_weight=w)", "rank: ordinal(5)", "n: regression(loss=ziln)"])
def test_both_roads_learn_the_same(kind: str, tmp_path: Any):
    path = str(tmp_path / "t.parquet")
    FRAME.drop(columns=["tags", "vector"]).to_parquet(path, row_group_size=20)
    text = f"task {kind}\nfeature x: number{NONE}"
    one, two = prepare(program(text), [FRAME], stream=False), prepare(program(text), [path], stream=True)
    (a,), (b,) = one.schema.tasks, two.schema.tasks
    assert (a.classes, a.rows) == (b.classes, b.rows)
    found = [np.array([t.mean, t.std, t.constant_loss, *t.learnt, *t.start, *t.frequencies]) for t in (a, b)]
    np.testing.assert_allclose(*found, rtol=1e-6)
    two.close()


def test_a_split_that_cuts_lists_is_noted():
    text = "task rank: ranking(group=user)\nfeature x: number\nsplit valid=0.3"
    note = "The split divides the rows of a 'user', so that its lists are cut: 'split group=user' keeps them whole."
    assert note in prepared(text, FRAME).notes
    assert note not in prepared(text + " group=user", FRAME).notes
    assert note not in prepared(text, FRAME, valid=FRAME).notes
