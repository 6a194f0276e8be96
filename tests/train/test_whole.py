"""Batches that hold lists whole: in memory and on disk, from any step on, and cut between replicas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mtl_magic.data.beside import list_codes
from mtl_magic.data.prepare import prepare
from mtl_magic.train.whole import end_near, list_batches, shares, sorted_lists, together
from tests.data.cells import program

CELL = "task rank: ranking(group=user)\nfeature x: number\nfeature row: number(scale=none, bins=0)\nsplit valid=none"
BATCH = 64


def frame(rows: int = 1000, users: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    user = np.where(rng.random(rows) < 0.2, 0, rng.integers(1, users, rows))  # one list of 200, about
    return pd.DataFrame(
        {"user": user, "x": rng.normal(size=rows), "row": np.arange(rows) * 1.0, "rank": rng.integers(0, 3, rows)}
    )


@pytest.fixture(scope="module", params=["memory", "disk"])
def batches(request, tmp_path_factory):
    data: Any = frame()
    if request.param == "disk":
        path = tmp_path_factory.mktemp("lists") / "t.parquet"
        data.to_parquet(path, row_group_size=100)
        data = str(path)
    made = prepare(program(CELL), [data], stream=request.param == "disk")
    at = made.schema.beside.lists
    if request.param == "disk":  # several buckets, as of more rows than fit
        assert made.train[0].buckets
    yield lambda seed=0: list_batches(made.train, BATCH, seed, at), at
    made.close()


def test_an_epoch_has_each_row_once_in_as_many_steps(batches):
    make, _ = batches
    made = make()
    found = list(made.epoch(0))
    assert len(found) == made.steps == 16
    rows = np.sort(np.concatenate([floats[:, -1] for _, floats, _ in found]))
    assert len(np.unique(rows)) == 1000
    assert all(BATCH / 2 < len(labels) < BATCH * 1.5 for _, _, labels in found[:-1])


def test_lists_stay_together_unless_they_are_longer_than_a_batch(batches):
    make, at = batches
    where: dict[int, set[int]] = {}
    sizes: dict[int, int] = {}
    for step, (_, _, labels) in enumerate(make().epoch(3)):
        codes = list_codes(labels, at)
        assert (np.diff(codes) != 0).sum() + 1 == len(np.unique(codes))  # a list's rows stand side by side
        for code in codes.tolist():
            where.setdefault(code, set()).add(step)
            sizes[code] = sizes.get(code, 0) + 1
    cut = [code for code, steps in where.items() if len(steps) > 1]
    assert all(sizes[code] > BATCH for code in cut)
    assert len(cut) == 1


def test_the_order_is_that_of_seed_and_epoch_and_goes_on_at_any_step(batches):
    make, _ = batches
    whole = [labels for _, _, labels in make().epoch(1)]
    again = [labels for _, _, labels in make().epoch(1)]
    other = [labels for _, _, labels in make().epoch(2)]
    np.testing.assert_equal(whole, again)
    assert any(len(a) != len(b) or not np.array_equal(a, b, equal_nan=True) for a, b in zip(whole, other, strict=True))
    for step in (1, 7, 15):
        rest = [labels for _, _, labels in make().epoch(1, step)]
        np.testing.assert_equal(rest, whole[step:])


def test_buckets_hold_lists_whole(tmp_path):
    from mtl_magic.data.streaming.scratch import Scratch
    from mtl_magic.data.streaming.spool import Spool

    rng = np.random.default_rng(0)
    scratch = Scratch()
    spool = Spool(scratch, "train", (0, 1, 3), mixes=True, lists=1, rows=4000)
    spool.pool, spool.block, spool._by_bucket = 500, 100, [[] for _ in range(8)]
    for _ in range(8):
        numbers = rng.integers(0, 60, 500)
        labels = np.stack([rng.random(500), numbers, numbers], axis=1).astype("float32")
        spool.add((np.empty((500, 0), "int32"), labels[:, :1].copy(), labels))
    part = spool.close()
    seen: dict[float, set[int]] = {}
    for (_, _, labels), bucket in zip(part.read(range(len(part.blocks))), part.buckets, strict=True):
        for number in labels[:, 1].tolist():
            seen.setdefault(number, set()).add(bucket)
    assert len(part) == 4000
    assert all(len(buckets) == 1 for buckets in seen.values())
    assert len(set(part.buckets)) > 4
    made = list_batches([part], 50, 0, 1)
    assert sum(len(labels) for _, _, labels in made.epoch(0)) == 4000
    scratch.close()


def test_where_batches_end():
    ends = np.array([3, 10, 20])
    assert end_near(9, ends, 4, 20) == 10
    assert end_near(6, ends, 2, 20) == 6  # none is near: the list is cut
    assert end_near(19, ends, 4, 20) == 19  # the end of all is no end of a batch before it
    order, stops = together(np.array([1, 2, 1, 3, 2]), np.random.default_rng(1))
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert stops[-1] == 5


def test_shares_of_replicas_and_pieces_of_a_part_are_of_whole_lists():
    codes = np.repeat(np.arange(10.0), [5, 3, 9, 1, 1, 8, 2, 3, 4, 4]).astype("float32")
    labels = np.stack([codes, codes, codes], axis=1)
    stops = shares(labels, 1, 4)
    assert stops == [8, 19, 29, 40]
    mixed = np.random.default_rng(0).permutation(40)
    pieces = list(sorted_lists(labels[mixed], 1, 10))
    assert sorted(np.concatenate(pieces)) == list(range(40))
    held = [set(codes[mixed][piece]) for piece in pieces]
    assert sum(map(len, held)) == 10


def test_lists_are_not_cut_by_slices_or_a_mix():
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program
    from mtl_magic.train.fit import train

    made = prepare(program(CELL), [frame(100)])
    with pytest.raises(MtlError) as caught:
        train(compile_program(CELL + "\ntrain accumulate=2"), made)
    problem = caught.value.problems[0]
    assert (problem.code, problem.span.line) == ("MTL314", 5)


def test_a_group_of_single_rows_has_nothing_to_order():
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program
    from mtl_magic.train.constants import with_constants

    cell = CELL.replace("group=user", "group=row")
    with pytest.raises(MtlError) as caught:
        with_constants(compile_program(cell), prepare(program(cell), [frame(100)]))
    assert caught.value.problems[0].code == "MTL313"


TWO = """
from tests.train.two import strategy
both = strategy()
import numpy as np, tensorflow as tf
from mtl_magic.data.prepare import prepare
from mtl_magic.model.net import build
from mtl_magic.model.settle import settle
from mtl_magic.runs.fitting import compile_program
from mtl_magic.train.constants import with_constants
from mtl_magic.train.optimizers import dense_optimizer
from mtl_magic.train.step import Step
from mtl_magic.train.whole import list_batches
from tests.train.test_whole import CELL, frame

cell = CELL + "\\nshare mlp(units=[4], dropout=0)"
program = compile_program(cell)
made = prepare(program, [frame(400)])
schema, program = with_constants(program, made), settle(program, made.schema)
batch = next(iter(list_batches(made.train, 64, 0, schema.beside.lists).epoch(0)))
for scope in (tf.distribute.get_strategy(), both):
    with scope.scope():
        step = Step(build(program, schema), schema, program.balance, dense_optimizer("sgd", 0.1, 0.0))
        step.rates.lr.assign(0.1)
        step.run(*step.cut(batch))
        print(step.sums.numpy()[0, 0])
        print(float(sum(np.abs(w.numpy()).sum() for w in step.net.model.trainable_weights)))
"""


def test_two_replicas_compare_what_one_does():
    from tests.train.two import printed

    one, weights, two, moved = printed(TWO)
    assert two == pytest.approx(one, rel=1e-4)
    assert moved == pytest.approx(weights, rel=1e-5)
