"""Outputs that are conditional: their rows, their metrics, everywhere that a run shows them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.data.schema import Schema, TaskSchema
from mtl_magic.problems import MtlError
from mtl_magic.tasks.metrics import roc_auc
from mtl_magic.train.conditional import Conditional, conditionals
from mtl_magic.train.stopping import Stopping
from tests.toy import word

CELL = """
task click: binary
task buy:   binary given click via escm2_dr
task late:  binary(label=buy) given click via observed
train epochs=1 batch=64 early_stop=2
split valid=0.3
"""


def log(rows=400):
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    click = (rng.random(rows) < 1 / (1 + np.exp(-x))).astype(float)
    buy = click * (rng.random(rows) < 0.4)
    click[::9] = np.nan
    return pd.DataFrame({"x": x, "click": click, "buy": buy})


@pytest.fixture(scope="module")
def run():
    return mtl_magic.fit(CELL, log(), store=None)


def test_names_are_found_whatever_is_in_them():
    kind = word("task", "binary")
    tasks = tuple(TaskSchema(n, f"t{i}", n, kind) for i, n in enumerate(("a", "a|b", "b,c", "c", "b")))
    found = conditionals([("k", "a|b,c"), ("l", "a|b|b,c,c"), ("t0", "a")], Schema((), tasks))
    assert [(c.task, c.parents) for c in found] == [(0, (2,)), (1, (2, 3))]


def test_a_conditional_counts_where_all_parents_are_1():
    labels = np.array([[1, 1, 0], [1, 0, 1], [np.nan, 1, 1], [1, 1, np.nan]], "float32")
    found = Conditional("k", "c|a,b", 2, (0, 1)).labels(labels)
    assert found == pytest.approx([0, np.nan, np.nan, np.nan], nan_ok=True)


def test_a_run_has_its_metrics(run):
    frame = log(300)
    found = run.evaluate(frame).set_index(["task", "metric"])["value"]
    predicted = run.predict(frame)
    assert list(predicted) == ["click", "buy", "late", "buy|click"]
    clicked = frame["click"] == 1
    expected = roc_auc(frame["buy"][clicked].to_numpy(), predicted["buy|click"][clicked].to_numpy())
    assert found["buy|click", "auc"] == pytest.approx(expected)
    everywhere = roc_auc(frame["buy"].to_numpy(), predicted["buy"].to_numpy())
    assert found["buy", "auc"] == pytest.approx(everywhere)  # the product, on every row: those without a click too
    late = roc_auc(frame["buy"][clicked].to_numpy(), predicted["late"][clicked].to_numpy())
    assert found["late", "auc"] == pytest.approx(late)  # `observed`: the rows in which it was trained


def test_it_shows_them(run):
    assert run.metrics["valid"]["buy|click"].keys() == {"auc", "logloss"}
    assert "buy|click.val_auc" in run.history
    lines = str(run).splitlines()
    assert [line.split()[0] for line in lines if line.rstrip().count("auc")] == ["click", "buy", "buy|click", "late"]


def test_it_says_which_probability_a_prediction_is(run):
    given = "| click = 1)"
    said = {"click": "P(click)", "buy": "P(buy)", "late": f"P(late {given}", "buy|click": f"P(buy {given}"}
    assert run.meanings == said


def test_epochs_are_judged_by_the_tasks():
    metrics = {"click": {"loss": 0.5}, "buy": {"loss": 0.2}}
    stopping = Stopping({"click": 1.0, "buy": 1.0}, {"click": 1.0, "buy": 1.0})
    assert stopping.score({**metrics, "buy|click": {"auc": 0.1}}) == stopping.score(metrics)


@pytest.mark.parametrize(
    ("line", "said", "column"),
    [
        ("task buy: binary given click via aitm given like via dbmtl", "'dbmtl' does not fit beside 'aitm'", 54),
        ("task buy: binary given click given like via monotone", "'monotone' does not fit beside 'esmm'", 45),
        ("task buy given click via esmm given like via escm2_ips", "'escm2_ips' does not fit beside 'esmm'", 46),
        (
            "task buy: binary given click via aitm(0.1) given like via aitm(0.2)",
            "'aitm' does not fit beside another 'aitm' of other options",
            59,
        ),
        ("task buy: regression given click via aitm", "'aitm' does not fit between the regression task 'buy'", 38),
    ],
)
def test_what_cannot_stand_side_by_side_has_a_place(line, said, column):
    with pytest.raises(MtlError, match=said) as caught:
        mtl_magic.fit(f"task click: binary\ntask like: binary\n{line}", {"x": [1, 2], "click": [0, 1]}, store=None)
    problem = next(p for p in caught.value.problems if said in p.message)
    assert (problem.code, problem.line) == ("MTL031", 3)
    assert problem.column == column
    assert problem.hint


def test_a_child_that_contradicts_a_method_without_a_bound_is_no_warning():
    from mtl_magic.checks.given import contradicted
    from tests import toy

    prepared = toy.data(rows=400, valid=100)
    for part in prepared.train:
        part.labels[:, 1] = 1 - part.labels[:, 0]
    found = {}
    for name in ("esmm", "aitm", "dbmtl", "monotone"):
        found[name] = [p.code for p in contradicted(toy.program(given=name), dataclasses.replace(prepared))]
    assert found == {"esmm": ["MTL105"], "aitm": ["MTL105"], "monotone": ["MTL105"], "dbmtl": []}
