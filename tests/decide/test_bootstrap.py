"""Intervals and verdicts: against SciPy, by hand, and that they cover as they say (`experiments/coverage.py` at length)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mtl_magic.decide.bootstrap import (
    MOST,
    Interval,
    Replicates,
    holm,
    interval,
    joined,
    resamples,
    units_of,
)
from mtl_magic.decide.student import beta, cumulative, quantile


@pytest.mark.parametrize("freedom", [1.0, 1.7, 4.0, 33.3, 1e4, 1e9])
def test_student_is_scipys(freedom):
    for t in (-40.0, -2.1, -1e-3, 0.0, 0.7, 3.0, 50.0):
        assert cumulative(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), rel=1e-6, abs=1e-12)
    for share in (0.001, 0.025, 0.5, 0.9, 0.975, 0.9999):
        assert quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-5, abs=1e-9)


def test_beta_at_its_ends():
    assert (beta(0, 2, 3), beta(1, 2, 3)) == (0, 1)
    assert beta(0.3, 2, 5) == pytest.approx(stats.beta.cdf(0.3, 2, 5))


def test_resamples_are_those_of_their_seed_whatever_the_chunks():
    whole = np.concatenate(list(resamples(7, 50, seed=3)))
    cut = np.concatenate(list(resamples(7, 50, seed=3, wide=1_000_000)))
    assert whole.shape == (50, 7)
    assert (whole.sum(axis=1) == 7).all()
    assert abs(whole.mean() - 1) < 1e-9
    assert (whole == cut).all()
    assert (whole != np.concatenate(list(resamples(7, 50, seed=4)))).any()


def test_units_are_rows_groups_or_blocks_of_them():
    assert units_of(None, 3).tolist() == [0, 1, 2]
    assert units_of(np.array(["b", None, "b", "a"], object), 4).tolist() == [0, 1, 0, 2]
    many = units_of(None, 3 * MOST)
    assert np.bincount(many).tolist() == [3] * MOST
    groups = np.arange(3 * MOST) // 2
    blocks = units_of(groups, 3 * MOST)
    assert (blocks[::2] == blocks[1::2]).all(), "a group is torn apart"


def test_an_interval_of_a_mean_is_students():
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    drawn = np.array([(c @ x) / 40 for chunk in resamples(40, 4000) for c in chunk])
    found = Replicates(np.array([x.mean()]), drawn[None], (x - x.mean())[None], 40).contrast([1])
    low, high = stats.t.interval(0.95, 39, x.mean(), x.std(ddof=1) / 40**0.5)
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)
    assert found.p == pytest.approx(stats.ttest_1samp(x, 0).pvalue, rel=0.15)


def test_few_heavy_units_widen_the_interval():
    """Of 1,000 units three make all of the variance: an interval of 999 degrees of freedom would be a lie."""
    moved = np.zeros((1, 1000))
    moved[0, :3] = [400, -300, -100]
    drawn = np.random.default_rng(0).normal(size=(1, 500))
    found = Replicates(np.array([0.0]), drawn, moved, 1000)
    assert found.error([1])[1] < 5
    assert found.contrast([1]).high > 2.5 * drawn.std()


def test_what_cannot_be_said_is_not_said():
    nan = Replicates(np.array([0.5]), np.full((1, 50), np.nan), np.ones((1, 9)), 9)
    assert not nan.contrast([1]).known
    assert not Replicates(np.array([0.5]), np.zeros((1, 50)), np.zeros((1, 1)), 1).contrast([1]).known
    assert not interval(float("nan"), 1.0, 9).known
    same = interval(0.0, 0.0, 9)
    assert (same.low, same.high, same.p) == (0, 0, 1)


def test_an_interval_turns_with_its_sign():
    assert Interval(1.0, -1.0, 4.0, 0.2).times(-2) == Interval(-2.0, -8.0, 2.0, 0.2)


def test_variances_of_rows_and_of_seeds_add_up():
    drawn = np.zeros((4, 200))
    drawn[1] = drawn[3] = np.random.default_rng(0).normal(size=200)
    values = np.array([0.0, 0.1, 0.0, 0.3])
    found = Replicates(values, drawn, np.random.default_rng(1).normal(size=(4, 500)), 500)
    made = found.over_seeds([(0, 1), (2, 3)])
    assert made.value == pytest.approx(0.2)
    rows, between = drawn[1].var(ddof=1), np.var([0.1, 0.3], ddof=1) / 2
    assert made.high - made.value > 1.96 * (rows + between) ** 0.5
    assert joined(0.2, [(rows, 499), (between, 1)]).high == pytest.approx(made.high, rel=0.01)
    assert found.over_seeds([(0, 1)]) == found.contrast([-1, 1, 0, 0])


def test_holm_is_statsmodels_example():
    assert holm([0.01, 0.02, 0.03, 0.5]) == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert holm([]) == []


def test_coverage_of_a_difference_of_two_correlated_aucs():
    """The 95% interval of 300 small samples with 30 positives or so; the binomial's own error is 1.3%."""
    from mtl_magic.decide.replicates import replicates
    from mtl_magic.tasks.metrics import Auc, roc_auc

    def draw(n, seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 3))
        y = (rng.random(n) < 1 / (1 + np.exp(2 - x @ [1, 0.7, 0]))) * 1.0
        return y, x @ [1, 0.2, 0.3], x @ [0.6, 0.7, -0.3]

    y, a, b = draw(1_000_000, 0)
    truth, hits = roc_auc(y, b) - roc_auc(y, a), 0
    for seed in range(300):
        y, a, b = draw(150, seed + 1)
        found = replicates(Auc(), y, [a, b], {}, count=200, seed=seed).contrast([-1, 1])
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 300 <= 0.985
