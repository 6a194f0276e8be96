"""Groups, and evidence for them: on matrices whose groups are known, and on noise. NumPy alone."""

from __future__ import annotations

import numpy as np
import pytest

from mtl_magic.decide.grouping import (
    CHANCE,
    agreement,
    centred,
    evidence,
    groups_of,
    linked,
    partitions,
    within,
)

BELL = {1: 1, 2: 2, 3: 5, 4: 15, 5: 52, 6: 203}


def planted(groups, seed=0, *, repeats=6, strength=1.0, noise=0.5):
    """Affinities (R, K, K) of groups; tasks are helped, or help, more or less than others."""
    rng = np.random.default_rng(seed)
    count = sum(map(len, groups))
    together = np.zeros((count, count))
    for group in groups:
        together[np.ix_(group, group)] = strength
    own = 0.15 * (rng.normal(size=count)[:, None] + rng.normal(size=count)[None, :]) + 2 * np.eye(count)
    whole = together + own + noise * rng.normal(size=(repeats, count, count))
    return whole * rng.uniform(0.3, 3, count)


@pytest.mark.parametrize("count", BELL)
def test_all_partitions(count):
    found = {tuple(sorted(tuple(sorted(g)) for g in groups)) for groups in partitions(count)}
    assert len(found) == BELL[count]


@pytest.mark.parametrize("groups", [[[0, 3], [1, 4], [2, 5]], [[0, 1, 2], [3, 4, 5]], [[0, 2, 3, 5], [1, 4]]])
def test_planted_groups_are_found(groups):
    for seed in range(5):
        found = evidence(planted(groups, seed))
        assert found.enough
        assert groups_of(found.scores) == tuple(sorted(map(tuple, groups)))


def test_average_linkage_finds_what_exact_search_finds():
    for seed in range(5):
        scores = evidence(planted([[0, 1, 2], [3, 4, 5]], seed)).scores
        assert tuple(sorted(tuple(sorted(g)) for g in linked(scores))) == groups_of(scores)
    many = [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(4)]
    assert groups_of(evidence(planted(many)).scores) == tuple(map(tuple, many))


def test_noise_is_no_evidence():
    """300 sets of noise whose tasks differ in size and in how easily they are helped; at most 1% may pass."""
    passed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        look = planted([[k] for k in range(6)], seed, strength=0.0)
        passed += evidence(look, rng.normal(size=look.shape) + 0.2).p <= 0.05
    assert passed / 300 < 0.09, "the test of 5% has its size, and advice asks for 1%"
    assert CHANCE == 0.01


def test_a_part_of_each_task_is_no_pattern():
    rng = np.random.default_rng(0)
    a = rng.normal(size=6)
    off = np.where(np.eye(6, dtype=bool), 0, np.add.outer(a, a))
    assert centred(off) == pytest.approx(np.zeros((6, 6)), abs=1e-12)


def test_two_tasks_are_tested_by_the_sign_of_their_cosine():
    rng = np.random.default_rng(0)
    look = np.eye(2) + 0.5 + 0.1 * rng.normal(size=(6, 2, 2))  # affinities of noise are above 0 too
    noise = 0.05 * rng.normal(size=(6, 2, 2))
    for cosine, groups in ((0.3, ((0, 1),)), (-0.3, ((0,), (1,)))):
        found = evidence(look, noise + cosine)
        assert found.enough
        assert groups_of(found.scores) == groups
    assert not evidence(look, noise).enough
    assert not evidence(look).enough


def test_agreement_is_that_of_pairs_of_repeats():
    each = np.random.default_rng(0).normal(size=(3, 2, 2))
    pairs = sum((each[i] * each[j]).sum() for i in range(3) for j in range(i))
    assert agreement(each) == pytest.approx(pairs)
    assert within(np.array([[0, 2.0], [2.0, 0]]), [[0, 1]]) == 2
