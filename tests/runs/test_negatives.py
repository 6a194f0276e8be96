"""Negative sampling: which labels and rows are left, on both roads, and that probabilities stay those of all rows."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.data.negatives import offset, sampled
from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting
from mtl_magic.tasks.binary import Binary
from mtl_magic.train.constants import with_constants

ROWS = 24_000
TEXT = "feature a, b: category\nshare mlp(units=[8], dropout=0)\nsplit valid=0.25\n"
TRAIN = "train epochs=4 batch=256 lr=0.01 warmup=0 average=none early_stop=none\n"


def log(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """A click in forty, by `a`; a like in four, by `b`."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, rows), rng.integers(0, 6, rows)
    click = rng.random(rows) < np.array([0.005, 0.01, 0.02, 0.03, 0.04, 0.05])[a]
    like = rng.random(rows) < 0.05 + 0.07 * b
    return pd.DataFrame({"a": a, "b": b, "click": click * 1, "like": like * 1})


def prepared(text: str, *frames: pd.DataFrame, **options):
    return fitting.prepare(fitting.compile_program(text), list(frames or [log()]), **options)


def labels_of(part) -> np.ndarray:
    return np.concatenate([labels for _, _, labels in part.chunks(5000)])


ONE = TEXT + "ignore like\ntask click: binary(negatives=0.1, metrics=[auc, pcoc, logloss])\n" + TRAIN
TWO = TEXT + "task click: binary(negatives=0.1)\ntask like: binary(negatives=0.5)\n" + TRAIN


def test_a_share_of_the_negatives_is_left_and_every_positive():
    labels = np.array([[1.0], [0.0], [np.nan]] * 10_000, "float32")
    left, stays = sampled([Binary(negatives=0.2)], labels, np.arange(30_000), seed=0)
    assert (left == 1).sum() == 10_000
    assert (left == 0).sum() == pytest.approx(2_000, abs=150)
    assert np.array_equal(stays, np.isfinite(left[:, 0]))
    again, _ = sampled([Binary(negatives=0.2)], labels[7:], np.arange(7, 30_000), seed=0)
    assert np.array_equal(left[7:], again, equal_nan=True), "a row's draw is that of its number alone"
    other, _ = sampled([Binary(negatives=0.2)], labels, np.arange(30_000), seed=1)
    assert not np.array_equal(left, other, equal_nan=True)


def test_nothing_is_touched_where_no_task_samples():
    labels = np.array([[1.0, np.nan], [0.0, np.nan], [np.nan, np.nan]], "float32")
    left, stays = sampled([Binary(), Binary()], labels, np.arange(3), seed=0)
    assert left is labels
    assert stays.all()


def test_a_row_stays_while_it_teaches_another_task():
    labels = np.zeros((20_000, 3), "float32")
    labels[:, 2] = np.nan
    labels[:5_000, 2] = 0
    left, stays = sampled([Binary(negatives=0.1), Binary(negatives=0.3), Binary()], labels, np.arange(20_000), seed=0)
    assert np.isfinite(left[:, 0]).mean() == pytest.approx(0.1, abs=0.01)
    assert np.isfinite(left[:, 1]).mean() == pytest.approx(0.3, abs=0.01)
    assert np.isfinite(left[:5_000, 2]).all()
    assert stays[:5_000].all()
    assert stays[5_000:].mean() == pytest.approx(0.3, abs=0.01), "labels go together: a row for both, not one for each"


@pytest.mark.parametrize("stream", [False, True], ids=["memory", "streaming"])
def test_training_rows_alone_are_sampled(stream):
    made = prepared(TWO, stream=stream)
    valid, train = labels_of(made.valid), labels_of(made.train[0])
    assert np.isfinite(valid).all()
    click, like = made.schema.tasks
    total = ROWS - len(valid)
    assert click.rows == like.rows == total
    for k, (task, share) in enumerate(((click, 0.1), (like, 0.5))):
        negatives = total * (1 - task.mean)
        assert (train[:, k] == 0).sum() == pytest.approx(share * negatives, rel=0.08)
        assert (train[:, k] == 1).sum() == round(total * task.mean)
    assert np.isfinite(train).any(axis=1).all()
    assert len(train) < 0.75 * total
    said = " ".join(made.notes)
    assert "Task 'click' learns from 10% of its negatives; its probabilities are those of all rows." in said
    assert f"{total - len(train):,} of {total:,} training rows teach no task any more and are left out." in said


def test_both_roads_draw_the_same_rows():
    text = TWO.replace("valid=0.25", "valid=none")
    one, other = (labels_of(prepared(text, stream=s).train[0]) for s in (False, True))
    assert np.array_equal(np.sort(one.view("int32"), axis=0), np.sort(other.view("int32"), axis=0))


def test_the_constants_are_those_of_each_scale():
    """The loss that trains is divided by its own constant's, the one that is judged by its own."""
    task = prepared(ONE).schema.task("click")

    def entropy(p):
        return -p * np.log(p) - (1 - p) * np.log(1 - p)

    assert task.constant_loss == pytest.approx(entropy(task.mean), rel=1e-4)
    rate = task.mean / (task.mean + 0.1 * (1 - task.mean))
    assert task.sampled_loss == pytest.approx(entropy(rate), rel=1e-4)


def test_weights_of_rows_count_in_both_constants():
    frame = log(6_000).assign(w=lambda t: np.where(t.click, 3.0, 0.5))
    text = "ignore like\nfeature a, b: category\ntask click: binary(negatives=0.1, sample_weight=w)\nsplit valid=none\n"
    task = prepared(text, frame).schema.task("click")
    clicks = frame.click.sum()
    positive, negative = 3 * clicks, 0.5 * (len(frame) - clicks)

    def entropy(p):
        return -p * np.log(p) - (1 - p) * np.log(1 - p)

    assert task.constant_loss == pytest.approx(entropy(positive / (positive + negative)), rel=1e-4)
    assert task.sampled_loss == pytest.approx(entropy(positive / (positive + 0.1 * negative)), rel=1e-4)


def _log_loss(y_true, y_pred):
    return keras.ops.binary_crossentropy(y_true, y_pred)


LOSSES = {"callable": "{loss}", "list": "[bce, pairwise(group=a, weight=0.2)]"}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_losses_whose_constant_labels_do_not_tell_have_one_of_each_scale(loss):
    text = ONE.replace("negatives=0.1,", f"negatives=0.1, loss={loss},")
    usual = prepared(ONE).schema.task("click")
    program = fitting.compile_program(text, {"loss": _log_loss})
    made = fitting.prepare(program, [log()])
    task = with_constants(program, made).tasks[0]
    # Of equal scores, a pair has the loss log 2: it is added where a list has a click and another row, as all of these do.
    more = 0.0 if loss == "{loss}" else 0.2 * np.log(2)
    if more:
        assert np.isnan(made.schema.tasks[0].constant_loss)
    assert task.constant_loss == pytest.approx(usual.constant_loss + more, rel=0.03)
    assert task.sampled_loss == pytest.approx(usual.sampled_loss + more, rel=0.03)
    found = mtl_magic.fit(text.replace("epochs=4", "epochs=1"), log(), namespace={"loss": _log_loss})
    assert found.history["click.val_loss"].iloc[-1] < 1.05 * task.constant_loss


@pytest.fixture(scope="module")
def run():
    return mtl_magic.fit(ONE, log())


def test_probabilities_are_those_of_all_rows(run):
    """Predicted over observed rate is 1, over all and nearly in each of `a`; a model of the sample would miss it eightfold."""
    table = log(60_000, seed=9)
    found = run.evaluate(table).set_index("metric")["value"]
    assert found["pcoc"] == pytest.approx(1, abs=0.12)
    assert run.metrics["valid"]["click"]["pcoc"] == pytest.approx(1, abs=0.25)
    predicted = run.predict(table).click.groupby(table.a).mean()
    observed = table.click.groupby(table.a).mean()
    assert np.abs(np.log(predicted / observed)).max() < np.log(2.5)
    assert found["auc"] > 0.6


def test_without_the_correction_they_would_not_be(monkeypatch):
    """The test above can fail: by the share of the negatives."""
    monkeypatch.setattr("mtl_magic.train.losses.offset", lambda kind: 0.0)
    monkeypatch.setattr("mtl_magic.train.reuse.take", lambda key: None)
    wrong = mtl_magic.fit(ONE.replace("lr=0.01", "lr=0.011"), log())
    assert wrong.evaluate(log(20_000, seed=9)).set_index("metric")["value"]["pcoc"] > 4


def test_a_run_that_is_kept_predicts_alike(run, tmp_path):
    run.save(tmp_path / "run")
    again = mtl_magic.load(tmp_path / "run")
    table = log(100, seed=3)
    pd.testing.assert_frame_equal(again.predict(table), run.predict(table))
    assert again.schema.task("click").kind.negatives == 0.1
    assert "10% of the negatives train" in str(mtl_magic.explain(ONE, log()))


def test_several_tables_count_what_is_left():
    text = TEXT + "task click: binary(negatives=0.1)\ntask like: binary\ntrain mix=[feed=1, likes=1]\n"
    frame = log(4_000)
    tables = {"feed": frame.drop(columns="like"), "likes": frame.drop(columns="click")}
    for stream in (False, True):
        made = fitting.prepare(fitting.compile_program(text), tables, stream=stream)
        assert [t.rows for t in made.tables] == [len(part) for part in made.train]
        assert made.tables[0].labels == {"click": len(made.train[0])}
        assert made.tables[0].rows < 0.2 * made.tables[1].rows


@pytest.mark.parametrize("method", ["escm2_ips", "escm2_dr"])
def test_a_risk_over_all_rows_needs_all_negatives(method):
    text = f"feature a: category\ntask click: binary(negatives=0.5)\ntask like: binary given click via {method}\n"
    with pytest.raises(MtlError) as caught:
        prepared(text, log(2_000))
    assert "MTL222" in str(caught.value)
    assert f"task 'click' samples its negatives, and the risk of '{method}' is over all of them" in str(caught.value)


@pytest.mark.parametrize("given", ["esmm", "observed"])
def test_other_dependencies_take_the_probability_of_all_rows(given):
    text = TEXT + f"task click: binary(negatives=0.1)\ntask like: binary given click via {given}\n" + TRAIN
    made = prepared(text, log(4_000))
    assert made.schema.task("like").sampled_loss is None


def test_one_way_of_weighing_negatives():
    with pytest.raises(MtlError, match="leave one of them out"):
        fitting.compile_program("task click: binary(negatives=0.1, pos_weight=3)")
    with pytest.raises(MtlError, match="negatives"):
        fitting.compile_program("task click: binary(negatives=0)")
    assert offset(Binary(negatives=0.25)) == pytest.approx(np.log(4))
