from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.columns import MisfitError
from mtl_magic.data.moments import moments
from mtl_magic.data.split import Parts, Start, at_random, by_group, by_time, latest_of_group, strata_of, stratified

SHARES = st.sampled_from([(0.1, 0.0), (0.1, 0.1), (0.25, 0.5), (0.0, 0.2)])
NOTHING = Start()


def whole(parts: Parts, rows: int) -> None:
    together = np.concatenate([parts.train, parts.valid, parts.test])
    assert sorted(together.tolist()) == list(range(rows))
    for part in (parts.train, parts.valid, parts.test):
        assert (np.diff(part) > 0).all()
    assert len(parts.train)


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(5, 300), shares=SHARES, seed=st.integers(0, 5))
def test_random_parts_have_every_row_once(rows: int, shares: tuple[float, float], seed: int) -> None:
    parts = at_random(rows, *shares, seed)
    whole(parts, rows)
    for part, share in ((parts.valid, shares[0]), (parts.test, shares[1])):
        assert abs(len(part) - share * rows) <= 1
        assert bool(len(part)) == bool(share)
    again = at_random(rows, *shares, seed)
    assert again.valid.tolist() == parts.valid.tolist()


def test_another_seed_is_another_split() -> None:
    assert at_random(100, 0.1, 0, 0).valid.tolist() != at_random(100, 0.1, 0, 1).valid.tolist()


def test_nothing_left_to_train_on() -> None:
    with pytest.raises(MisfitError, match=r"nothing is left to train on: valid=0.6 and test=0.5 of 10 rows"):
        at_random(10, 0.6, 0.5, 0)


@settings(deadline=None, max_examples=60)
@given(groups=st.lists(st.integers(-1, 12), min_size=3), shares=SHARES, seed=st.integers(0, 5))
def test_groups_stay_whole(groups: list[int], shares: tuple[float, float], seed: int) -> None:
    codes = np.array(groups)
    if len(set(groups) - {-1}) + groups.count(-1) < 3:
        return
    parts = by_group(codes, *shares, seed)
    whole(parts, len(groups))
    for one, two in ((parts.train, parts.valid), (parts.train, parts.test), (parts.valid, parts.test)):
        assert not (set(codes[one]) & set(codes[two])) - {-1}
    assert bool(len(parts.valid)) == bool(shares[0])
    assert bool(len(parts.test)) == bool(shares[1])


def test_groups_are_cut_near_the_share() -> None:
    codes = np.repeat(np.arange(1000), 3)
    parts = by_group(codes, 0.1, 0.2, 0)
    assert len(parts.valid) == 300
    assert len(parts.test) == 600
    with pytest.raises(MisfitError, match="1 group cannot be divided into 2 parts"):
        by_group(np.zeros(10, int), 0.1, 0, 0)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=5, max_size=200),
    shares=SHARES,
    seed=st.integers(0, 5),
)
def test_strata_are_divided_alike(labels: list[float], shares: tuple[float, float], seed: int) -> None:
    strata = strata_of(np.array(labels))
    parts = stratified(strata, *shares, seed)
    whole(parts, len(labels))
    for part, share in ((parts.valid, shares[0]), (parts.test, shares[1])):
        for stratum in set(strata.tolist()):
            expected = share * (strata == stratum).sum()
            assert abs((strata[part] == stratum).sum() - expected) <= 2.5


def test_rare_labels_reach_every_part() -> None:
    labels = np.zeros(1000)
    labels[:20] = 1
    parts = stratified(strata_of(labels), 0.1, 0.1, 0)
    assert [int(labels[p].sum()) for p in (parts.train, parts.valid, parts.test)] == [16, 2, 2]


def test_strata_of_numbers_are_ten_bins() -> None:
    strata = strata_of(np.append(np.arange(1000.0), np.nan))
    assert strata[-1] == -1
    assert np.bincount(strata[:-1]).tolist() == [100] * 10


@settings(deadline=None, max_examples=60)
@given(
    times=st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=8),
    valid=st.sampled_from([0.1, 0.3]),
    test=st.sampled_from([0.0, 0.2]),
)
def test_time_never_runs_backwards(times: list[int | None], valid: float, test: float) -> None:
    values = np.array([np.nan if t is None else t for t in times])
    if len(set(values[~np.isnan(values)])) < 3:
        return
    parts = by_time(values, Start(valid), Start(test) if test else NOTHING)
    whole(parts, len(times))
    assert len(parts.valid)
    assert bool(len(parts.test)) == bool(test)
    known = [values[p][~np.isnan(values[p])] for p in (parts.train, parts.valid, parts.test)]
    assert known[0].max() < known[1].min()
    assert not test or known[1].max() < known[2].min()
    assert not np.isnan(values[np.concatenate([parts.valid, parts.test])]).any()


def test_a_share_by_time_goes_to_the_nearest_new_moment() -> None:
    days = np.repeat(np.arange(10.0), [10] * 10)
    assert by_time(days, Start(0.12), NOTHING).valid.tolist() == list(range(90, 100))
    parts = by_time(days, Start(0.1), Start(0.2))
    assert parts.test.tolist() == list(range(80, 100))
    assert parts.valid.tolist() == list(range(70, 80))


def test_first_moments() -> None:
    days = np.array([5.0, 1, 2, 3, 4, 5, np.nan])
    parts = by_time(days, Start(first=3), Start(first=4.5))
    assert parts.valid.tolist() == [3, 4]
    assert parts.test.tolist() == [0, 5]
    assert by_time(days, NOTHING, Start(first=4)).train.tolist() == [1, 2, 3, 6]
    for valid, test, message in (
        (Start(first=6), NOTHING, "the validation part has no rows: it begins after the last time"),
        (
            Start(first=5),
            Start(first=4),
            "the validation part has no rows: it begins where the test part does, or later",
        ),
        (
            Start(first=1),
            NOTHING,
            "nothing is left to train on: the validation part begins at the earliest time, or before",
        ),
    ):
        with pytest.raises(MisfitError) as caught:
            by_time(days, valid, test)
        assert caught.value.message == message
    with pytest.raises(MisfitError, match="too few different times for a validation part"):
        by_time(np.ones(5), Start(0.1), NOTHING)
    with pytest.raises(MisfitError, match="every time is missing"):
        by_time(np.full(3, np.nan), Start(0.1), NOTHING)


def test_groups_and_time_together() -> None:
    times = np.array([1.0, 9, 2, 3, np.nan, 4])
    groups = np.array([0, 0, 1, 1, 1, -1])
    latest = latest_of_group(times, groups)
    assert latest.tolist() == [9, 9, 3, 3, 3, 4]
    parts = by_time(latest, Start(0.3), NOTHING)
    assert parts.valid.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "value", "first"),
    [
        (pa.array([20220501, 20220504, 20220505]), 20220504.0, 1),
        (pa.array([20220501, 20220504, 20220505]), "2022-05-04", 1),
        (pa.array([20220501, 20220504, 20220505]), "20220504", 1),
        (pa.array([1651363200000, 1651622400000, 1651708800000]), "2022-05-04", 1),
        (pa.array([1651363200, 1651622400, 1651708800]), "2022-05-04", 1),
        (pa.array([1651363200000, 1651622400000, 1651708800000]), 1651622400000.0, 1),
        (pa.array(["2022-05-01", "2022-05-04", "2022-05-05"]), "2022-05-04", 1),
        (pa.array(["2022-05-01", "2022-05-04", "2022-05-05"]), 20220504.0, 1),
        (pa.array(["2022-05-01 10:00", "2022-05-04T00:00:00Z", "2022-05-05"]), "2022-05-04", 1),
        (pa.array(["1", "4", "5"]), 4.0, 1),
        (pa.array([1651363200, 1651622400, 1651708800], pa.timestamp("s")), "2022-05-04", 1),
        (pa.array([1651363200, 1651622400, 1651708800], pa.timestamp("s")), 20220504.0, 1),
        (pa.array([1609459200, 1640995200], pa.timestamp("s")), 2022.0, 1),
        (pa.array([1651363200, 1651614000, 1651615200], pa.timestamp("s", "Europe/Rome")), "2022-05-04", 2),
        (pa.array([19113, 19116, 19117], pa.date32()), "2022-05-04", 1),
        (pa.array([1.5, 2.5]), "2", 1),
    ],
)
def test_first_values_in_the_terms_of_the_column(column: pa.Array, value: float | str, first: int) -> None:
    times = moments(column)
    start = times.read(value)
    assert (times.values >= start).tolist() == [i >= first for i in range(len(column))]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            pa.array([1, 2, 3]),
            "2022-05-04",
            "the column holds numbers around 2, which '2022-05-04' cannot be compared with",
        ),
        (pa.array([1, 2, 3]), "soon", "'soon' is no date"),
        (pa.array([0], pa.timestamp("s")), 7.5, "the column holds dates, and 7.5 is none"),
        (pa.array([0], pa.timestamp("s")), "2022-13-04", "'2022-13-04' is no date"),
    ],
)
def test_first_values_that_are_none(column: pa.Array, value: float | str, message: str) -> None:
    with pytest.raises(MisfitError) as caught:
        moments(column).read(value)
    assert caught.value.message == message


def test_columns_that_are_no_time() -> None:
    with pytest.raises(MisfitError, match="holds text that is no ISO date: '1/1/11'"):
        moments(pa.array(["2022-05-04", "1/1/11", None]))
    with pytest.raises(MisfitError, match="holds lists, not times"):
        moments(pa.array([[1]]))
    with pytest.raises(MisfitError, match="every time is missing"):
        moments(pa.nulls(2))
    assert np.isnan(moments(pa.array(["2022-05-04", None, ""])).values).tolist() == [False, True, True]
