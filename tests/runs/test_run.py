"""Predictions, metrics and what else a run answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.runs.use import columns_of


def test_predict_is_on_the_index_of_the_table(run, table):
    before = table.copy()
    made = run.predict(table)
    assert list(made.index) == [7, 8, 9]
    assert list(made.columns) == ["click", "watch", "kind", "kind:x", "kind:y", "kind:z"]
    assert made["click"].between(0, 1).all()
    assert set(made["kind"]) <= {"x", "y", "z"}
    assert np.allclose(made[["kind:x", "kind:y", "kind:z"]].sum(axis=1), 1)
    pd.testing.assert_frame_equal(table, before)


def test_predict_does_not_depend_on_the_other_rows(run, table):
    whole = run.predict(table)
    pd.testing.assert_frame_equal(whole.iloc[[1]], run.predict(table.iloc[[1]]), rtol=1e-5)


def test_predict_lacks_a_column(run, table):
    with pytest.raises(MtlError, match="the age"):
        run.predict(table[["名"]])


@pytest.mark.parametrize(
    ("classes", "kind"),
    [((0, 1), "i"), ((3, 7), "i"), (("a", "b"), "O"), ((), "i"), ((False, True), "b"), ((1, "x"), "O")],
)
def test_classes_keep_their_type(classes, kind):
    made = columns_of("t", classes, np.array([[0.2, 0.8], [0.9, 0.1]]))
    assert made["t"].dtype.kind == kind
    assert list(made["t"]) == [(classes or (0, 1))[1], (classes or (0, 1))[0]]


def test_evaluate_without_a_table_is_what_it_ended_with(run):
    frame = run.evaluate()
    assert list(frame.columns) == ["task", "metric", "value"]
    assert frame.query("task == 'click' and metric == 'auc'")["value"].item() == pytest.approx(0.71234)


def test_evaluate_a_table(run, table):
    labelled = table.assign(click=[0, 1, None], time=[1.0, 2.0, None], kind=["x", "z", None])
    frame = run.evaluate(labelled).set_index(["task", "metric"])["value"]
    assert 0 <= frame["click", "auc"] <= 1
    predicted = run.predict(labelled)["watch"].iloc[:2]
    assert frame["watch", "rmse"] == pytest.approx(float(np.sqrt(((predicted - [1.0, 2.0]) ** 2).mean())), rel=1e-5)


def test_evaluate_without_a_label_is_nan(run, table):
    frame = run.evaluate(table.assign(time=1.0, kind="x"))
    assert frame[frame["task"] == "click"]["value"].isna().all()


def test_features(run):
    frame = run.features
    assert list(frame["feature"]) == ["the age", "名"]
    assert list(frame["kind"]) == ["number", "category"]
    assert list(frame["inferred"]) == [False, True]


def test_names(run):
    assert run.tasks == ("click", "watch", "kind")
    assert run.watched["click"] == "auc"


def test_topology(run):
    found = run.topology()
    assert str(found).split("\n")[0] == "inputs: the age, 名"
    assert [e.target for e in found.outline.out_of("block:/layers")] == ["tower:click", "tower:watch", "tower:kind"]
    assert set(found._repr_mimebundle_()) == {"text/plain", "text/html"}
