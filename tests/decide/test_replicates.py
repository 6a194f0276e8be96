"""Every metric on resamples at once is the metric itself on each resample's rows."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mtl_magic.decide.bootstrap import MOST, numbered, resamples
from mtl_magic.decide.replicates import Units, placements, replicates, sorting
from mtl_magic.tasks.calibration import CalibrationError, NormalizedEntropy, PredictedOverObserved
from mtl_magic.tasks.lists import Mrr, Ndcg
from mtl_magic.tasks.metrics import F1, Accuracy, Auc, GroupAuc, LogLoss, Mae, PrAuc, Rmse, Spearman
from mtl_magic.vocabulary import vocabulary

BINARY = [Auc(), LogLoss(), Accuracy(), NormalizedEntropy(), PredictedOverObserved(), PrAuc(), F1(), CalibrationError()]
LISTS = [GroupAuc("u"), Ndcg(k=3, group="u"), Mrr(group="u")]


def rows(n=60, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4) * 1.0
    made = [np.round(np.clip(rng.random(n) * 0.6 + 0.3 * y, 0.02, 0.98), 1) for _ in range(2)]  # rounded: they tie
    return y, made, {"u": rng.integers(0, 12, n)}


def repeated(metric, y, p, extras, counts):
    at = np.repeat(np.arange(len(y)), counts.astype(int))
    return metric.value(y[at], p[at], {k: v[at] for k, v in extras.items()})


@pytest.mark.parametrize("metric", [*BINARY, Rmse(), Mae(), Spearman()], ids=lambda m: m.word)
def test_each_resample_is_the_metric_of_its_rows(metric):
    y, made, extras = rows()
    if metric.tasks == ("regression",):
        y = y + made[0]
    found = replicates(metric, y, made, extras, count=20, seed=5)
    draws = next(resamples(60, 20, seed=5))
    for k, p in enumerate(made):
        assert found.values[k] == metric.value(y, p, extras)
        assert found.drawn[k] == pytest.approx([repeated(metric, y, p, extras, c) for c in draws])


@pytest.mark.parametrize("metric", LISTS, ids=lambda m: m.word)
def test_lists_are_resampled_whole(metric):
    y, made, extras = rows(200)
    codes = numbered(extras["u"])
    found = replicates(metric, y, made, extras, count=8, seed=5)
    assert found.units == 12
    for r, counts in enumerate(next(resamples(12, 8, seed=5))):
        at = [np.flatnonzero(codes == u) for u in range(12) for _ in range(int(counts[u]))]
        lists = {"u": np.repeat(np.arange(len(at)), [len(a) for a in at])}
        whole = np.concatenate(at)
        assert found.drawn[0, r] == pytest.approx(metric.value(y[whole], made[0][whole], lists))


def test_groups_are_resampled_whole():
    y, made, extras = rows(200)
    codes = numbered(extras["u"])
    found = replicates(Auc(), y, made, {}, extras["u"], count=8, seed=5)
    for r, counts in enumerate(next(resamples(12, 8, seed=5))):
        assert found.drawn[1, r] == pytest.approx(repeated(Auc(), y, made[1], {}, counts[codes]))


def test_classes():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 3, 50) * 1.0, rng.dirichlet(np.ones(3), 50)
    for metric in (LogLoss(), Accuracy()):
        found = replicates(metric, y, [p], {}, count=5, seed=1)
        draws = next(resamples(50, 5, seed=1))
        assert found.drawn[0] == pytest.approx([repeated(metric, y, p, {}, c) for c in draws])


def test_placements_are_the_auc_to_first_order():
    """Of many rows the two agree on each resample; their standard errors are equal."""
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.2) * 1.0
    p, units = rng.normal(size=4000) + y, Units(np.arange(4000), 4000)
    counts = np.concatenate(list(resamples(4000, 100)))
    exact, linear = sorting(y, p, units)(counts), placements(y, p, units).under(counts)
    assert np.corrcoef(exact, linear)[0, 1] > 0.999
    assert linear.std() == pytest.approx(exact.std(), rel=0.02)


def test_influence_gives_the_bootstraps_standard_error():
    y, made, extras = rows(2000)
    for metric in [*BINARY[:5], *LISTS, Rmse(), Mae()]:
        found = replicates(metric, y, made, extras)
        assert found.influence is not None
        own = ((found.influence[1] - found.influence[0]) ** 2).sum() ** 0.5 / found.units
        assert own == pytest.approx(found.error([-1, 1])[0], rel=0.12), metric.word


def test_rows_without_a_label_do_not_count():
    y, made, _ = rows()
    gone = np.append(y, [np.nan] * 5), [np.append(p, [9.0] * 5) for p in made]
    found = replicates(Auc(), *gone, {}, count=300)
    assert found.units == 65, "resamples are of all rows, so that heads with other labels have the same"
    assert found.events == (y > 0.5).sum()
    assert found.values == pytest.approx(replicates(Auc(), y, made, {}).values)
    assert found.error([-1, 1])[0] == pytest.approx(replicates(Auc(), y, made, {}).error([-1, 1])[0], rel=0.15)


def test_several_labels_are_their_mean():
    y, made, _ = rows()
    two = replicates(Auc(), np.stack([y, 1 - y], 1), [np.stack([p, p], 1) for p in made], {}, count=9)
    one = replicates(Auc(), y, made, {}, count=9)
    assert two.values == pytest.approx([0.5, 0.5])
    assert two.drawn == pytest.approx(np.full((2, 9), 0.5))
    assert one.units == two.units


def test_no_row_and_one_class():
    nothing = replicates(Auc(), np.full(4, np.nan), [np.ones(4)] * 2, {})
    assert not nothing.contrast([-1, 1]).known
    one = replicates(Auc(), np.ones(40), [np.arange(40.0)] * 2, {}, count=10)
    assert not one.contrast([-1, 1]).known


def test_many_rows_are_quick():
    rng = np.random.default_rng(0)
    n = 10 * MOST
    y = (rng.random(n) < 0.1) * 1.0
    made = [rng.random(n) + 0.3 * y for _ in range(2)]
    began = time.process_time()
    found = replicates(Auc(), y, made, {}, count=200)
    assert time.process_time() - began < 20
    assert found.units == MOST
    assert found.contrast([-1, 1]).known


def test_every_metric_of_the_language_has_replicates():
    """A new one falls back on the slow road, which asks nothing of it."""
    y, made, extras = rows()
    for declaration in vocabulary():
        if declaration.family == "metric" and "binary" in declaration.tasks:
            needs = {p.name: "u" for p in declaration.options() if p.name == "group"}
            assert np.isfinite(replicates(declaration(**needs), y, made, extras, count=3).drawn).all(), declaration.word


@pytest.mark.parametrize("word", ["logloss", "accuracy", "mae", "f1", "ece", "spearman", "kappa"])
def test_a_metric_of_ranks_is_that_of_the_resampled_rows(word):
    """An ordinal or multiclass head gives a probability a class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 80) * 1.0
    made = rng.dirichlet(np.ones(4), 80) + np.eye(4)[y.astype(int)] / 2
    made /= made.sum(axis=1, keepdims=True)
    metric = vocabulary().find("metric", word)()
    found = replicates(metric, y, [made], {}, count=10, seed=5)
    draws = next(resamples(80, 10, seed=5))
    assert found.drawn[0] == pytest.approx([repeated(metric, y, made, {}, c) for c in draws])
