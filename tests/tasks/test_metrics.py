"""Metrics against scikit-learn, SciPy and their definitions; the functions of a script against ours."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mtl_magic.runs.code.functions import metrics as written
from tests.toy import word

RNG = np.random.default_rng(3)
ROWS = 600
Y = (RNG.random(ROWS) < 0.2).astype("float64")
P = np.clip(0.25 * RNG.random(ROWS) + 0.3 * Y * RNG.random(ROWS), 0, 1)
TIED = P.round(1)
CLASSES = RNG.integers(0, 4, ROWS).astype("float64")
SHARES = RNG.dirichlet(np.ones(4), ROWS)
GRADES = RNG.integers(0, 4, ROWS).astype("float64")
USERS = RNG.integers(0, 60, ROWS)
NUMBERS = RNG.gamma(2, 3, ROWS)


def value(name: str, labels: Any, predictions: Any, users: Any = USERS, **options: Any) -> float:
    found = word("metric", name, **options).value(labels, predictions, {"user": users})
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize("scores", [P, TIED, np.ones(ROWS)])
def test_pr_auc_is_average_precision(scores: np.ndarray) -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    want = reference.average_precision_score(Y, scores)
    assert value("pr_auc", Y, scores) == pytest.approx(want, abs=1e-12)
    assert written.pr_auc(Y, scores) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_f1_equals_scikit_learns(threshold: float) -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    want = reference.f1_score(Y, threshold < P)
    assert value("f1", Y, P, threshold=threshold) == pytest.approx(want, abs=1e-12)
    assert written.f1(Y, P, threshold) == pytest.approx(want, abs=1e-12)


def test_f1_of_classes_is_the_mean_over_those_that_occur() -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    few, shares = (
        np.minimum(CLASSES, 2),
        np.where(np.arange(4) == 3, 0, SHARES),
    )  # nobody is or is said to be of class 3
    for y, p in ((CLASSES, SHARES), (few, shares)):
        want = reference.f1_score(y, p.argmax(1), average="macro")
        assert value("f1", y, p) == pytest.approx(want, abs=1e-12)
        assert written.f1(y, p, 0.5) == pytest.approx(want, abs=1e-12)
    assert np.isnan(value("f1", np.zeros(3), np.zeros(3)))


def test_normalised_entropy_is_1_for_the_rate_and_its_definition() -> None:
    rate = Y.mean()
    assert value("ne", Y, np.full(ROWS, rate)) == pytest.approx(1, abs=1e-12)
    want = -(Y * np.log(P) + (1 - Y) * np.log(1 - P)).mean()
    want /= -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert value("ne", Y, P) == pytest.approx(want, abs=1e-12)
    assert written.ne(Y, P) == pytest.approx(want, abs=1e-12)
    assert np.isnan(value("ne", np.ones(3), np.ones(3)))


def test_pcoc_is_predicted_over_observed() -> None:
    assert value("pcoc", Y, P) == pytest.approx(P.sum() / Y.sum(), abs=1e-12)
    assert written.pcoc(Y, P) == value("pcoc", Y, P)
    assert np.isnan(value("pcoc", np.zeros(3), np.ones(3)))


def test_calibration_error_is_the_sum_over_bins() -> None:
    """Guo et al. 2017, eq. 2 and 3: bin m holds probabilities in ((m - 1) / M, m / M]."""
    want = 0.0
    for m in range(1, 11):
        inside = ((m - 1) / 10 < P) & (m / 10 >= P)
        if inside.any():
            want += inside.sum() / ROWS * abs(Y[inside].mean() - P[inside].mean())
    assert value("ece", Y, P, bins=10) == pytest.approx(want, abs=1e-12)
    assert written.ece(Y, P, 10, True) == pytest.approx(want, abs=1e-12)


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    y, p = np.array([1, 0, 0, 1.0]), np.array([0.5, 0.6, 1.0, 0.0])
    want = (abs(0.5 + 1.0) + abs(-0.6 - 1.0)) / 4
    assert value("ece", y, p, bins=2) == pytest.approx(want, abs=1e-12)
    assert written.ece(y, p, 2, True) == pytest.approx(want, abs=1e-12)


def test_bins_of_equally_many_rows() -> None:
    order = np.argsort(P)
    want = sum(abs((Y - P)[some].sum()) for some in np.split(order, 6)) / ROWS
    assert value("ece", Y, P, bins=6, spaced="count") == pytest.approx(want, abs=1e-12)
    assert written.ece(Y, P, 6, False) == pytest.approx(want, abs=1e-12)
    same = value("ece", Y, np.full(ROWS, 0.3), spaced="count")  # all in one bin, wherever their rows stand
    assert same == pytest.approx(abs(Y.mean() - 0.3), abs=1e-12)


def test_calibration_error_of_classes_is_that_of_the_most_probable() -> None:
    sure, right = SHARES.max(1), SHARES.argmax(1) == CLASSES
    assert value("ece", CLASSES, SHARES) == pytest.approx(value("ece", right.astype(float), sure), abs=1e-12)
    assert written.ece(CLASSES, SHARES, 15, True) == pytest.approx(value("ece", CLASSES, SHARES), abs=1e-12)


@pytest.mark.parametrize("predictions", [NUMBERS + RNG.normal(0, 5, ROWS), NUMBERS.round(), -NUMBERS])
def test_spearman_equals_scipys(predictions: np.ndarray) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the reference")
    y = NUMBERS.round()
    want = stats.spearmanr(y, predictions).statistic
    assert value("spearman", y, predictions) == pytest.approx(want, abs=1e-12)
    assert written.spearman(y, predictions) == pytest.approx(want, abs=1e-12)
    assert np.isnan(value("spearman", y, np.ones(ROWS)))


@pytest.mark.parametrize("k", [None, 1, 3])
@pytest.mark.parametrize("scores", [P, TIED, np.ones(ROWS)])
@pytest.mark.parametrize("gain", ["linear", "exponential"])
def test_ndcg_is_the_mean_of_scikit_learns(k: int | None, scores: np.ndarray, gain: str) -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
    gains = GRADES if gain == "linear" else 2**GRADES - 1
    found = []
    for user in np.unique(USERS):
        mine = user == USERS
        if mine.sum() > 1 and gains[mine].any():
            found.append(reference.ndcg_score([gains[mine]], [scores[mine]], k=k))
        elif gains[mine].any():
            found.append(1.0)
    want = np.mean(found)
    assert value("ndcg", GRADES, scores, k=k, group="user", gain=gain) == pytest.approx(want, abs=1e-12)
    got = written.ndcg(GRADES, scores, USERS, k, gain == "exponential")
    assert got == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("k", [None, 2])
def test_mrr_is_the_mean_over_all_orders_of_ties(k: int | None) -> None:
    y, scores = np.array([1, 0, 1, 0, 1.0, 0]), np.array([2, 2, 2, 5, 1, 2.0])
    users = np.array(["a"] * 6, object)
    found = []
    for order in itertools.permutations(range(6)):
        if all(scores[i] >= scores[j] for i, j in itertools.pairwise(order)):
            place = next(at for at, i in enumerate(order, 1) if y[i])
            found.append(1 / place if k is None or place <= k else 0.0)
    assert value("mrr", y, scores, users, k=k, group="user") == pytest.approx(np.mean(found), abs=1e-12)
    assert written.mrr(y, scores, users, k) == pytest.approx(np.mean(found), abs=1e-12)


def test_mrr_of_lists_is_the_mean_and_leaves_out_those_without_a_positive() -> None:
    found = []
    for user in np.unique(USERS):
        mine = user == USERS
        if Y[mine].any():
            found.append(1 / (1 + np.flatnonzero(Y[mine][np.argsort(-P[mine])])[0]))
    assert value("mrr", Y, P, group="user") == pytest.approx(np.mean(found), abs=1e-12)
    assert written.mrr(Y, P, USERS, None) == pytest.approx(np.mean(found), abs=1e-12)
    assert np.isnan(value("mrr", np.zeros(ROWS), P, group="user"))


def test_a_missing_group_is_a_group() -> None:
    users = np.array(["a", None, "a", None], object)
    y, p = np.array([1, 0, 0, 1.0]), np.array([0.9, 0.8, 0.1, 0.2])
    assert value("mrr", y, p, users, group="user") == pytest.approx((1 + 1 / 2) / 2)
    assert written.mrr(y, p, users, None) == pytest.approx((1 + 1 / 2) / 2)


NONE = np.zeros(0)


@pytest.mark.parametrize("name", ["pr_auc", "f1", "ne", "pcoc", "ece", "spearman"])
def test_of_no_row_there_is_no_value(name: str) -> None:
    assert np.isnan(value(name, NONE, NONE))


@pytest.mark.parametrize("name", ["ndcg", "mrr"])
def test_of_no_row_there_is_no_list(name: str) -> None:
    assert np.isnan(value(name, NONE, NONE, NONE, group="user"))


def test_a_list_needs_its_group() -> None:
    with pytest.raises(ValueError, match="the metric 'ndcg' needs group="):
        word("task", "binary", metrics=(word("metric", "ndcg", k=5),)).check()


def test_a_run_reports_them_and_its_script_the_same(tmp_path: Any) -> None:
    """On the rows that have a label, with a group that is no feature."""
    from tests.runs.scripts import module_of, untrained

    rows = 300
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"user": rng.integers(0, 30, rows), "x": rng.normal(size=rows)})
    table["click"] = np.where(rng.random(rows) < 0.2, np.nan, rng.random(rows) < 0.3)
    table["watch"] = rng.gamma(2, 3, rows)
    table["kind"] = rng.integers(0, 3, rows)
    run = untrained(
        """
        feature x
        task click: binary(metrics=[pr_auc, f1(0.2), ne, pcoc, ece(spaced=count), ndcg(5, user), mrr(group=user)])
        task kind:  multiclass(metrics=[f1, ece])
        task watch: regression(metrics=[spearman, pcoc])
        """,
        table,
    )
    got = run.evaluate(table).set_index(["task", "metric"])["value"]
    known = table["click"].notna().to_numpy()
    y, p = table["click"][known].to_numpy("float64"), run.predict(table)["click"][known].to_numpy()
    for name in ("pr_auc", "ne", "pcoc"):
        assert got["click", name] == pytest.approx(value(name, y, p))
    users = table["user"][known].to_numpy()
    assert got["click", "ndcg"] == pytest.approx(value("ndcg", y, p, users, k=5, group="user"))
    run.code(tmp_path / "script")
    want = module_of(tmp_path / "script")["evaluate"](table).set_index(["task", "metric"])["value"]
    pd.testing.assert_series_equal(got, want, rtol=1e-5, check_names=False)


def test_training_cannot_stop_by_what_is_best_in_the_middle() -> None:
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program
    from mtl_magic.train.fit import stopping_of
    from tests.toy import data

    made = data(rows=40, valid=10)
    kinds = (word("metric", "pcoc"), word("metric", "auc"))
    task = made.schema.tasks[0]
    import dataclasses

    tasks = (dataclasses.replace(task, kind=word("task", "binary", metrics=kinds)),)
    text = "task click: binary(metrics=[pcoc, auc])\ntrain early_stop=click.pcoc"
    with pytest.raises(MtlError) as caught:
        stopping_of(compile_program(text), dataclasses.replace(made.schema, tasks=tasks), {}, made.valid)
    found = caught.value.problems[0]
    assert (found.code, found.span.line, found.hint) == ("MTL303", 2, "watch click.auc, click.loss")
