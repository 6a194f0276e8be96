"""Batches from files: every row once an epoch, an order that is a function of the seed, from any step on."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import toy

from mtl_magic.data.streaming.scratch import Scratch
from mtl_magic.data.streaming.spool import Spool, StoredPart
from mtl_magic.train.fit import train
from mtl_magic.train.order import Batches
from mtl_magic.train.prefetch import prefetched
from mtl_magic.train.stored import StoredBatches, batches_of

ROWS, BATCH = 5003, 64


def stored(part, what: str = "train") -> StoredPart:
    """A part in memory, on disk."""
    widths = part.ids.shape[1], part.floats.shape[1], part.labels.shape[1]
    spool = Spool(Scratch(), what, widths, mixes=what == "train")
    for chunk in part.chunks(701):
        spool.add(chunk)
    made = spool.close()
    assert made is not None
    return made


@pytest.fixture
def part(monkeypatch) -> StoredPart:
    monkeypatch.setattr("mtl_magic.data.streaming.spool.POOL", 1000)
    spool = Spool(Scratch(), "train", (1, 1, 1), mixes=True)
    numbers = np.arange(ROWS)[:, None]
    spool.add((numbers.astype("int32"), numbers.astype("float32") / 2, numbers.astype("float32")))
    made = spool.close()
    assert made is not None
    return made


def order(batches: Batches, epoch: int, step: int = 0) -> list[list[int]]:
    found = []
    for ids, floats, labels in batches.epoch(epoch, step):
        assert np.array_equal(ids, floats * 2)
        assert np.array_equal(ids, labels)
        found.append(ids[:, 0].tolist())
    return found


@pytest.mark.parametrize("pool", [1, 900, 100_000])
def test_each_row_once_an_epoch(part, pool):
    batches = StoredBatches(part, BATCH, seed=3, pool=pool)
    found = order(batches, 0)
    assert [len(batch) for batch in found] == [BATCH] * (ROWS // BATCH) + [ROWS % BATCH]
    assert len(found) == batches.steps
    assert sorted(row for batch in found for row in batch) == list(range(ROWS))


def test_the_order_is_a_function_of_seed_and_epoch(part):
    again = [order(StoredBatches(part, BATCH, seed=3, pool=900), 1) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != order(StoredBatches(part, BATCH, seed=3, pool=900), 2)
    assert again[0] != order(StoredBatches(part, BATCH, seed=4, pool=900), 1)


@pytest.mark.parametrize("batch", [64, 1500])
def test_an_epoch_goes_on_from_any_step(part, batch):
    batches = StoredBatches(part, batch, seed=3, pool=900)
    whole = order(batches, 5)
    for step in range(batches.steps + 1):
        assert order(batches, 5, step) == whole[step:], step


def test_rows_are_mixed_within_and_across_batches(part):
    """Sorted rows reach a step as a sample of all of them: no batch is of one end of the file."""
    batches = order(StoredBatches(part, BATCH, seed=0, pool=1000), 0)[:-1]
    means = np.array([np.mean(batch) for batch in batches])
    chance = np.sqrt(ROWS**2 / 12 / BATCH)
    assert np.abs(means - ROWS / 2).max() < ROWS / 2 * 0.7
    assert np.median(np.abs(np.diff(means))) > 0.3 * chance, "neighbours are of different places"
    assert not any(np.array_equal(batch, np.sort(batch)) for batch in batches)


def test_batches_of_tells_where_the_rows_are(part):
    prepared = toy.data(200, 50)
    assert type(batches_of(prepared.train, 32, 0)) is Batches
    assert type(batches_of([part], 32, 0)) is StoredBatches


def test_training_from_files_is_as_good_as_from_memory():
    memory = toy.data(6000, 1500)
    files = toy.data(6000, 1500)
    files.train, files.valid = [stored(files.train[0])], stored(files.valid, "valid")
    program = toy.program(epochs=3, lr=3e-3)
    one, other = train(program, memory), train(program, files)
    for task, metric in (("click", "auc"), ("buy", "auc")):
        assert one.metrics[task][metric] == pytest.approx(other.metrics[task][metric], abs=0.01), task
    assert one.metrics["watch"]["loss"] == pytest.approx(other.metrics["watch"]["loss"], rel=0.15)
    assert one.step == other.step


# -- reading ahead -----------------------------------------------------------------------------------------------------


def alive() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "mtl_magic-prefetch"]


def test_items_come_in_order_and_are_made_ahead():
    made = []

    def items():
        for k in range(20):
            made.append(k)
            yield k

    stream = prefetched(items(), ahead=3)
    assert next(stream) == 0
    deadline = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == 5, "one taken, three wait, one is on its way"
    assert list(stream) == list(range(1, 20))
    assert not alive()


def test_an_error_is_raised_where_the_item_would_have_come():
    def items():
        yield 1
        raise ValueError("broken disk")

    stream = prefetched(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="broken disk"):
        next(stream)
    assert not alive()


def test_a_loop_that_is_left_ends_the_thread_at_once():
    began = time.monotonic()
    for item in prefetched(k for k in range(10**9)):
        if item == 5:
            break
    assert not alive()
    assert time.monotonic() - began < 1


def test_batches_of_memory_that_are_gathered_ahead_are_the_same() -> None:
    part = toy.data().train[0]
    plain, ahead = (list(Batches([part], BATCH, 0, ahead=k).epoch(1, step=3)) for k in (0, 2))
    assert len(plain) == len(ahead) > 3
    for one, other in zip(plain, ahead, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
