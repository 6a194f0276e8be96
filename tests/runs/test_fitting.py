"""`mtl_magic.fit`: text and tables to a run, without a notebook."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from runs.handmade import same_predictions

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs.fitting import compile_program, fingerprint, prepare, with_options

TEXT = "task click: binary\ntask watch: regression weight 0.5\ntrain epochs=1 batch=64"


@pytest.fixture(scope="module")
def frame():
    draw = np.random.default_rng(0)
    a = draw.integers(0, 8, 500)
    return pd.DataFrame({"a": a, "b": draw.normal(size=500), "click": (a > 3) * 1, "watch": a + draw.normal(size=500)})


@pytest.fixture(scope="module")
def fitted(frame):
    return mtl_magic.fit(TEXT, frame, name="feed", seed=1)


def test_fit(fitted, frame):
    assert fitted.name == "feed"
    assert fitted.tasks == ("click", "watch")
    assert fitted.weights["watch"] == pytest.approx(0.5)
    assert fitted.facts["seed"] == 1
    assert fitted.facts["rows"] == {"train": 450, "valid": 50}
    assert set(fitted.metrics) == {"valid"}
    assert set(fitted.metrics["valid"]["click"]) == {"auc", "logloss"}
    assert "train epochs=1 batch=64\ntrain seed=1" in fitted.text
    assert str(fitted.spec) == fitted.text
    assert len(fitted.notes) >= 1
    assert list(fitted.history["epoch"]) == [1]


def test_the_reported_metrics_are_those_of_the_model(fitted, frame):
    last = fitted.history.iloc[-1]
    assert last["click.val_auc"] == pytest.approx(fitted.metrics["valid"]["click"]["auc"], abs=1e-6)
    assert last["watch.val_rmse"] == pytest.approx(fitted.metrics["valid"]["watch"]["rmse"], rel=1e-5)


def test_a_saved_run_predicts_the_same(fitted, frame, tmp_path):
    fitted.save(tmp_path / "feed")
    again = mtl_magic.load(tmp_path / "feed")
    odd = pd.concat([frame.head(5), pd.DataFrame({"a": [99, None], "b": [np.inf, None]})])
    same_predictions(fitted, again, odd)
    assert repr(again) == repr(fitted)
    pd.testing.assert_frame_equal(again.evaluate(frame), fitted.evaluate(frame), rtol=1e-5)


def test_test_tables_and_lists(frame):
    halves = [frame.iloc[:250], frame.iloc[250:].drop(columns="watch")]
    run = mtl_magic.fit(TEXT, halves, valid=frame.head(60), test=frame.tail(70))
    assert run.facts["rows"] == {"train": 500, "valid": 60, "test": 70}
    assert list(run.evaluate()["value"]) == [v for m in run.metrics["test"].values() for v in m.values()]


def test_train_options_win(frame):
    spec, objects = with_options(mtl_magic.parse(TEXT), {"epochs": 3, "early_stop": None})
    assert str(spec).endswith("train batch=64\ntrain epochs=3 early_stop=none")
    assert objects == {}


def test_an_object_as_an_option():
    import keras

    optimizer = keras.optimizers.SGD()
    program = compile_program(TEXT, None, {"optimizer": optimizer})
    assert program.train.optimizer is optimizer
    assert program.train.epochs == 1


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [({"epoch": 2}, "MTL040", "did you mean 'epochs'"), ({"epochs": 0}, "MTL041", "a whole number of at least 1")],
)
def test_a_wrong_option(frame, options, code, says):
    with pytest.raises(MtlError, match=says) as caught:
        mtl_magic.fit(TEXT, frame, **options)
    assert [p.code for p in caught.value.problems] == [code]


def test_braces_need_a_namespace(frame):
    with pytest.raises(MtlError, match="namespace"):
        mtl_magic.fit("task click: binary weight {w}", frame)
    assert compile_program("task click: binary weight {w}", {"w": 2.0}).tasks[0].weight == 2.0


def test_a_spec_may_be_given(frame):
    assert compile_program(mtl_magic.parse(TEXT)).canonical == str(mtl_magic.parse(TEXT))


def test_fingerprint_is_of_the_data(frame):
    program = compile_program(TEXT)

    def print_of(table):
        return fingerprint(prepare(program, table).train)

    changed = frame.copy()
    changed.loc[3, "b"] += 1e-3
    assert print_of(frame) == print_of(frame.copy())
    assert print_of(frame) != print_of(changed)


def test_listeners_hear_every_event(frame):
    heard = []
    mtl_magic.fit(TEXT, frame, listeners=[heard.append])
    assert [type(e).__name__ for e in heard if type(e).__name__ != "Progress"] == ["Started", "Evaluated", "Finished"]


def test_a_child_is_scored_where_it_was_taught(frame):
    """`observed` holds for a table that is evaluated later too, also after the run was saved."""
    data = frame.assign(late=np.where(frame["click"] == 1, frame["watch"], -100.0))
    cell = "task click: binary\ntask late: regression given click via observed\nignore watch\nsplit valid=0.2\ntrain epochs=2 batch=64"
    run = mtl_magic.fit(cell, data.head(400), test=data.tail(100))
    scores = run.evaluate(data.tail(100)).set_index(["task", "metric"])["value"]
    assert scores["late", "rmse"] == pytest.approx(run.metrics["test"]["late"]["rmse"])
    assert scores["late", "rmse"] < 50


def test_a_child_that_counts_where_its_parent_is_1_is_as_one_with_missing_labels(frame):
    data = frame.assign(late=np.where(frame["click"] == 1, 50 + frame["watch"] / 100, 0.0))
    by_hand = data.assign(late=data["late"].where(data["click"] == 1))
    cell = (
        "task click: binary\ntask late: regression given click\nignore watch\nsplit valid=0.2\ntrain epochs=2 batch=64"
    )
    one, other = mtl_magic.fit(cell, data), mtl_magic.fit(cell, by_hand)
    assert one.schema.tasks == other.schema.tasks
    assert one.metrics == other.metrics
    assert one.facts["data"] == other.facts["data"]
    assert one.schema.task("late").std < 5


@pytest.mark.parametrize("n", ["", "(5)"])
def test_classes_that_are_numbers_are_predicted(frame, n):
    data = frame.assign(y=np.arange(len(frame)) % 3)
    made = mtl_magic.fit(f"task y: multiclass{n}\nignore click, watch\ntrain epochs=1", data).predict(frame)
    assert set(made["y"]) <= {0, 1, 2, 3, 4}
    assert made.shape[1] == (6 if n else 4)


def test_evaluate_a_table_without_the_column_of_a_metric(frame):
    data = frame.assign(user=np.arange(len(frame)) % 20)
    cell = "task click: binary(metrics=[gauc(user)])\nfeature a, b\nsplit valid=0.2\ntrain epochs=1"
    run = mtl_magic.fit(cell, data)
    with pytest.raises(MtlError, match="lacks the column 'user' of the metric 'gauc'") as caught:
        run.evaluate(frame)
    assert [p.code for p in caught.value.problems] == ["MTL206"]
    assert run.evaluate(frame.drop(columns="click"))["value"].isna().all()


def test_no_validation_part_where_none_is_wanted(frame):
    program = compile_program("task click: binary\nsplit valid=none")
    assert prepare(program, frame).valid is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("click.auc", "click.auc"),
        ("click.loss", "click.loss"),
        ("my label.auc", '"my label".auc'),
        ("'my label'.auc", '"my label".auc'),
        ("a.b.auc", '"a.b".auc'),
        ('"a.b".auc', '"a.b".auc'),
    ],
)
def test_a_metric_to_watch_as_an_option(text, written):
    tasks = "task click: binary\ntask 'my label', 'a.b': binary"
    spec, _ = with_options(mtl_magic.parse(tasks), {"early_stop": text})
    assert str(spec).endswith(f"train early_stop={written}")
    watched = compile_program(tasks, None, {"early_stop": text}).train.early_stop
    assert watched == written.replace('"', "")
    assert mtl_magic.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("click.rmse", "MTL303", "does not serve"),
        ("buy|click.auc", "MTL303", "conditional"),
        ("klick.auc", "MTL048", "did you mean 'click'"),
        ("auc", "MTL041", "write 'click.auc'"),
    ],
)
def test_a_wrong_metric_to_watch_as_an_option(text, code, says):
    with pytest.raises(MtlError, match=says) as caught:
        compile_program("task click: binary\ntask buy: binary given click", None, {"early_stop": text})
    assert [p.code for p in caught.value.problems] == [code]
