"""A step in slices is the step of all its rows at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.balance._base import Balance, Evidence
from mtl_magic.model.net import build
from mtl_magic.program import BlockPlan
from mtl_magic.train.accumulate import Accumulated, reads_losses
from mtl_magic.train.events import Started
from mtl_magic.train.fit import dense_optimizer, tables_of, train
from mtl_magic.train.state import set_state, state_of
from mtl_magic.train.step import Step
from tests import toy
from tests.train.test_step import difference
from tests.train.two import printed


class OfGramian(Balance):
    """Weights that are a function of the whole Gramian, and of the losses: less for who is in conflict."""

    uses = "gramian"

    def weights(self, evidence: Evidence, state: Any, tasks: Any) -> Any:
        norm = tf.sqrt(tf.linalg.diag_part(evidence.gramian)) + 1e-2
        cosine = evidence.gramian / norm[:, None] / norm[None, :]
        return (1.0 + tf.reduce_sum(cosine, axis=1)) * tf.sqrt(evidence.losses), state


def make(program: Any, prepared: Any, slices: int = 1) -> Step:
    """The step as `fit.train` makes it."""
    settings = program.train
    net = build(program, prepared.schema)
    options = {"table_optimizer": tables_of(settings), "clip": settings.clip, "weight_decay": settings.weight_decay}
    optimizer = dense_optimizer(settings.optimizer, settings.lr, settings.weight_decay)
    own = {"slices": slices} if slices > 1 else {}
    step = (Accumulated if own else Step)(net, prepared.schema, program.balance, optimizer, **options, **own)
    step.rates.lr.assign(settings.lr)
    return step


def run(step: Step, part: Any, steps: int, rows: int = 32, start: int = 0) -> None:
    for i in range(start, steps):
        here = slice(i * rows, (i + 1) * rows)
        step.run(part.ids[here], part.floats[here], part.labels[here])


@pytest.mark.parametrize("balance", ["equal", "static", "uncertainty", OfGramian()])
@pytest.mark.parametrize("block", ["mlp", "mmoe"])
def test_four_slices_of_8_rows_are_one_of_32(balance: Any, block: str) -> None:
    """Weights, tables, moments, the balancer's state and the history; labels are missing in every slice."""
    prepared = toy.data()
    lr = 1e-4 if balance == "static" else 0.05
    program = toy.program(block, balance, "esmm", optimizer="sgd", lr=lr)
    whole, sliced = make(program, prepared), make(program, prepared, 4)
    before = state_of(whole)
    run(whole, prepared.train[0], 5)
    run(sliced, prepared.train[0], 5)
    found, expected = state_of(sliced), state_of(whole)
    assert difference(found, expected, skip="sums") < 2e-5
    assert np.allclose(found["sums"], expected["sums"], rtol=1e-4)
    tables = [k for k in expected if k.endswith("table")]
    assert tables
    assert all((expected[k] != before[k]).any() for k in tables)
    assert sliced.run.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("tables", ["lazy_adam", "adam", "dense_adam", "rowwise_adagrad"])
def test_so_it_is_with_clipping_decay_and_any_optimizer_of_the_tables(tables: str) -> None:
    prepared = toy.data()
    program = toy.program("mlp", "uncertainty", tables=tables, clip=0.1, weight_decay=0.1, optimizer="adagrad")
    whole, sliced = make(program, prepared), make(program, prepared, 4)
    run(whole, prepared.train[0], 5)
    run(sliced, prepared.train[0], 5)
    assert difference(state_of(sliced), state_of(whole), skip="sums") < 2e-5


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_rows_that_do_not_divide_are_all_there(rows: int) -> None:
    prepared = toy.data()
    program = toy.program("mlp", "uncertainty", optimizer="sgd")
    whole, sliced = make(program, prepared), make(program, prepared, 4)
    run(whole, prepared.train[0], 3, rows)
    run(sliced, prepared.train[0], 3, rows)
    assert difference(state_of(sliced), state_of(whole)) < 1e-4


@pytest.mark.parametrize("regularizer", ["kernel_regularizer", "activity_regularizer"])
def test_what_a_layer_adds_to_the_loss_is_added_once(regularizer: str) -> None:
    prepared = toy.data()

    def made(slices: int) -> Step:
        layer = keras.layers.Dense(8, name="mine", **{regularizer: keras.regularizers.L2(5.0)})
        program = dataclasses.replace(toy.program(optimizer="sgd"), blocks=(BlockPlan("", layer, ("inputs",)),))
        return make(program, prepared, slices)

    whole, sliced = made(1), made(4)
    run(whole, prepared.train[0], 3, 30)
    run(sliced, prepared.train[0], 3, 30)
    assert difference(state_of(sliced), state_of(whole), skip="sums") < 2e-5


@pytest.mark.parametrize("balance", ["uncertainty", OfGramian()])
def test_both_passes_draw_the_same_masks(balance: Any) -> None:
    """What the method sees of a step is what the step then descends: the sums are of the second pass."""
    prepared, part = toy.data(), toy.data().train[0]
    program = toy.program(toy.word("block", "mlp", units=(16, 8), dropout=0.5), balance, optimizer="sgd")
    step = make(program, prepared, 4)
    assert step.masks
    weigh = step._weights
    kept = tf.Variable(tf.zeros((3,)))

    def noted(losses: Any, counts: Any, gramian: Any = None) -> Any:
        kept.assign(losses)
        return weigh(losses, counts, gramian)

    step._weights = noted  # type: ignore[method-assign]
    before = [np.array(v) for v in step.masks]
    run(step, part, 1)
    sums = step.sums.numpy()
    seen = kept.numpy() * sums[1]
    assert np.allclose(seen, sums[0], rtol=1e-5)
    assert all((np.array(v) != b).any() for v, b in zip(step.masks, before, strict=True))


def test_going_on_from_a_state_equals_never_having_stopped() -> None:
    prepared, part = toy.data(), toy.data().train[0]
    program = toy.program(toy.word("block", "mlp", units=(16, 8), dropout=0.3), "uncertainty")
    whole, first, second = (make(program, prepared, 4) for _ in range(3))
    run(whole, part, 4)
    run(first, part, 2)
    set_state(second, state_of(first))
    run(second, part, 4, start=2)
    assert difference(state_of(whole), state_of(second)) == 0


def test_only_methods_that_read_losses_look_first() -> None:
    tasks = make(toy.program(), toy.data()).tasks
    assert not reads_losses(toy.word("balance", "equal"), tasks)
    assert not reads_losses(toy.word("balance", "static"), tasks)
    assert reads_losses(toy.word("balance", "uncertainty"), tasks)


def test_a_training_takes_as_many_batches_a_step() -> None:
    events: list[Any] = []
    sliced = train(toy.program(batch=64, accumulate=4, optimizer="sgd"), toy.data(), listeners=[events.append])
    whole = train(toy.program(batch=256, optimizer="sgd"), toy.data())
    started = next(e for e in events if isinstance(e, Started))
    assert (started.steps_per_epoch, sliced.step) == (13, 26)
    assert sliced.metrics["watch"]["loss"] == pytest.approx(whole.metrics["watch"]["loss"], rel=1e-3)


TWO_REPLICAS = """
from tests import toy
from tests.train import two as pair
strategy = pair.strategy()
from tests.train.test_accumulate import OfGramian, difference, make, run
from mtl_magic.train.state import state_of
prepared = toy.data()
part = prepared.train[0]
for balance, dropout in (("uncertainty", 0.0), (OfGramian(), 0.0), ("uncertainty", 0.3)):
    block = toy.word("block", "mlp", units=(16, 8), dropout=dropout)
    program = toy.program(block, balance, optimizer="sgd", lr=0.05, clip=0.5)
    one = make(program, prepared, 4)
    run(one, part, 4)
    with strategy.scope():
        two = make(program, prepared, 4)
    for i in range(4):
        half = pair.shares(strategy, 32 * i, 32 * i + 13, 32 * i + 32)
        two.run(half(part.ids), half(part.floats), half(part.labels))
    print(dropout, difference(state_of(one), state_of(two), skip="sums") if not dropout else 0.0)
"""


def test_two_replicas_of_unequal_slices_take_the_step_of_one() -> None:
    found = printed(TWO_REPLICAS)
    assert len(found) == 3
    assert max(found) < 2e-5, found
