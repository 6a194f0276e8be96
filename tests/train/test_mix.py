"""Batches of several tables: shares to within a row, each row as often as any other, from any step on, on both roads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.data.streaming.scratch import Scratch
from mtl_magic.data.streaming.spool import Spool
from mtl_magic.train.mix import MixedBatches, apportioned, planned
from mtl_magic.train.order import Batches
from mtl_magic.train.stored import StoredBatches, batches_of

PLANS = st.lists(st.integers(1, 3000), min_size=2, max_size=6)


class Rows:
    """Rows that are known by their number and their table."""

    def __init__(self, rows: int, table: int) -> None:
        self.ids = np.stack([np.full(rows, table), np.arange(rows)], axis=1).astype("int32")
        self.floats = self.ids.astype("float32") / 2
        self.labels = self.ids[:, 1:].astype("float32")

    def __len__(self) -> int:
        return len(self.labels)


def on_disk(part: Rows):
    spool = Spool(Scratch(), "train", (2, 2, 1), mixes=True)
    spool.add((part.ids, part.floats, part.labels))
    made = spool.close()
    assert made is not None
    return made


@pytest.fixture(params=[Batches, StoredBatches], ids=["memory", "disk"])
def several(request, monkeypatch):
    """What makes batches of tables of so many rows, by one road."""
    monkeypatch.setattr("mtl_magic.data.streaming.spool.POOL", 300)

    def make(rows, batch, seed=3, shares=None):
        parts = [Rows(n, k) for k, n in enumerate(rows)]
        if request.param is StoredBatches:
            parts = [on_disk(part) for part in parts]
        return batches_of(parts, batch, seed, shares)

    return make


def read(batches, epoch, step=0):
    """Of each batch table and number of each row."""
    found = []
    for ids, floats, labels in batches.epoch(epoch, step):
        assert np.array_equal(ids, floats * 2)
        assert np.array_equal(ids[:, 1:], labels)
        found.append(ids.tolist())
    return found


@given(PLANS, st.integers(1, 700))
@settings(max_examples=300, deadline=None)
def test_each_batch_has_its_share_to_within_a_row(plan, batch):
    counts = apportioned(plan, batch)
    assert (counts >= 0).all()
    assert counts.sum(axis=0).tolist() == plan
    assert counts.sum(axis=1).tolist() == [batch] * (sum(plan) // batch) + [sum(plan) % batch] * bool(sum(plan) % batch)
    full = counts[: sum(plan) // batch]
    share = np.array(plan) * batch / sum(plan)
    apart = np.abs(full - share)[: -len(plan) or None]  # near its end an epoch gives each what it has left
    assert not apart.size or apart.max() < 1


@given(PLANS, st.integers(1, 700))
@settings(max_examples=100, deadline=None)
def test_no_table_falls_behind(plan, batch):
    counts = apportioned(plan, batch)
    had = counts.cumsum(axis=0)
    wanted = np.minimum(np.arange(1, len(counts) + 1) * batch, sum(plan))[:, None] * np.array(plan) / sum(plan)
    assert np.abs(had - wanted).max() < len(plan)


@given(PLANS, st.data())
@settings(max_examples=100, deadline=None)
def test_what_an_epoch_takes_of_each_table(rows, data):
    shares = data.draw(st.lists(st.floats(1e-6, 1e6), min_size=len(rows), max_size=len(rows)))
    plan = planned(rows, shares)
    assert sum(plan) == sum(rows)
    if sum(rows) >= len(rows):
        assert min(plan) >= 1
    exact = np.array(shares) / sum(shares) * sum(rows)
    assert np.abs(np.array(plan) - exact).max() <= len(rows)
    assert planned(rows) == rows


@pytest.mark.parametrize("batch", [64, 1000])
def test_each_row_once_an_epoch_without_a_mix(several, batch):
    batches = several([700, 90, 210], batch)
    assert isinstance(batches, MixedBatches)
    assert (batches.rows, batches.steps) == (1000, -(-1000 // batch))
    rows = [tuple(row) for found in read(batches, 0) for row in found]
    assert sorted(rows) == sorted((k, i) for k, n in enumerate((700, 90, 210)) for i in range(n))


def test_a_mix_holds_in_every_batch(several):
    batches = several([700, 90], 50, shares=[7, 3])
    for found in read(batches, 0)[:-1]:
        assert len(found) == 50
        assert abs(sum(table for table, _ in found) - 15) <= 1


def test_rows_of_a_table_are_read_equally_often(several):
    """Through epochs that end within a pass: after any number of them no row is more than one reading ahead."""
    batches = several([700, 90], 50, shares=[1, 1])
    times = {0: np.zeros(700, int), 1: np.zeros(90, int)}
    passes = set()
    for epoch in range(5):
        for found in read(batches, epoch):
            for table, row in found:
                times[table][row] += 1
        for count in times.values():
            assert count.max() - count.min() <= 1
        passes.add(times[1].max())
    assert max(passes) > 10


def test_an_epoch_goes_on_from_any_step(several):
    batches = several([300, 45, 20], 32, shares=[5, 3, 2])
    whole = read(batches, 3)
    assert len(whole) == batches.steps
    for step in range(batches.steps + 1):
        assert read(batches, 3, step) == whole[step:], step


def test_the_order_is_a_function_of_seed_and_epoch(several):
    first = read(several([300, 45], 32), 1)
    assert first == read(several([300, 45], 32), 1)
    assert first != read(several([300, 45], 32), 2)
    assert first != read(several([300, 45], 32, seed=4), 1)


def test_tables_of_one_size_have_orders_of_their_own(several):
    found = [row for batch in read(several([64, 64], 128), 0) for row in batch]
    first, second = ([row for table, row in found if table == k] for k in (0, 1))
    assert sorted(first) == sorted(second)
    assert first != second


def test_rows_of_the_tables_are_mixed_within_a_batch(several):
    """Replicas and slices are shares of a batch: each has some of every table."""
    (found,) = read(several([64, 64], 128), 0)
    half = sum(table for table, _ in found[:64])
    assert 16 < half < 48


def test_one_table_is_as_it_was():
    part = Rows(100, 0)
    assert type(batches_of([part], 32, 0)) is Batches
    assert type(batches_of([on_disk(part)], 32, 0)) is StoredBatches


def test_a_table_that_is_left_closes_its_file(several):
    batches = several([700, 90], 50)
    rows = batches.epoch(0)
    next(rows)
    rows.close()
