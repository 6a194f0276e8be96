"""Clipping, decay, the tables' optimizers and schedules, as the `train` statement has them, against dense references."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.language import parse, resolve
from mtl_magic.model.net import build
from mtl_magic.problems import MtlError
from mtl_magic.settings.train import TABLES as KEPT
from mtl_magic.train.fit import dense_optimizer, learning_rate, tables_of, train, warmed_up
from mtl_magic.train.state import set_state, state_of
from mtl_magic.train.step import Step, row_losses
from mtl_magic.vocabulary import vocabulary
from tests import toy
from tests.train.test_step import difference, run
from tests.train.two import printed


def make(program: Any, prepared: Any) -> Step:
    """The step as `fit.train` makes it."""
    settings = program.train
    net = build(program, prepared.schema)
    optimizer = dense_optimizer(settings.optimizer, settings.lr, settings.weight_decay)
    step = Step(
        net,
        prepared.schema,
        program.balance,
        optimizer,
        table_optimizer=tables_of(settings),
        clip=settings.clip,
        weight_decay=settings.weight_decay,
    )
    step.rates.lr.assign(settings.lr)
    return step


def dense_step(program: Any, prepared: Any, rows: int, clip: float | None) -> tuple[Any, Any, float]:
    """One SGD step of the whole model, tables as plain dense variables: (weights before, after), and the norm."""
    net, part = build(program, prepared.schema), prepared.train[0]
    variables = [*(v.value for v in net.dense_variables()), *(e.table.value for e in net.embeddings)]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        ids, floats = tf.constant(part.ids[:rows]), tf.constant(part.floats[:rows])
        cut = net.trunk([ids, floats, *(e(ids) for e in net.embeddings)], training=True)
        logits = net.heads(cut, training=True)
        losses, known = row_losses(prepared.schema, logits, tf.constant(part.labels[:rows]))
        means = tf.reduce_sum(losses, axis=0) / tf.reduce_sum(known, axis=0)
        objective = tf.reduce_sum(means / [t.constant_loss for t in prepared.schema.tasks])
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(objective, variables)]
    clipped, norm = tf.clip_by_global_norm(gradients, clip) if clip else (gradients, tf.linalg.global_norm(gradients))
    before = [v.numpy() for v in variables]
    return before, [b - program.train.lr * g.numpy() for b, g in zip(before, clipped, strict=True)], float(norm)


@pytest.mark.parametrize("share", [0.1, 10.0])
def test_clip_is_by_the_global_norm_of_the_dense_equivalent(share: float) -> None:
    prepared = toy.data()
    _, _, norm = dense_step(toy.program(optimizer="sgd", lr=0.5), prepared, 128, None)
    program = toy.program(optimizer="sgd", lr=0.5, clip=norm * share)
    before, expected, found = dense_step(program, prepared, 128, program.train.clip)
    assert found == pytest.approx(norm)
    step = make(program, prepared)
    run(step, prepared.train[0], 0, 1)
    made = [*(np.array(v) for v in step.net.dense_variables()), *(np.array(e.table) for e in step.net.embeddings)]
    assert all(np.allclose(m, e, atol=1e-6) for m, e in zip(made, expected, strict=True))
    moved = np.sqrt(sum(float(((m - b) ** 2).sum()) for m, b in zip(made, before, strict=True))) / 0.5
    assert moved == pytest.approx(min(norm, norm * share), rel=1e-3)


def test_clip_holds_at_the_cut_too() -> None:
    from tests.train.test_step import OnesOfGramian

    prepared = toy.data()
    plain = make(toy.program("mmoe", "equal", optimizer="sgd", clip=0.05), prepared)
    cut = make(toy.program("mmoe", OnesOfGramian(), optimizer="sgd", clip=0.05), prepared)
    run(plain, prepared.train[0], 0, 3)
    run(cut, prepared.train[0], 0, 3)
    assert difference(state_of(plain), state_of(cut)) < 1e-5


def test_decay_of_kernels_is_that_of_keras_adamw() -> None:
    """Like gradients for both: the decay of the tables is set to none here, and nothing else differs."""
    prepared = toy.data()
    ours = make(toy.program("mmoe", weight_decay=0.1), prepared)
    for table in ours.tables:
        table.decay = 0.0
    program = toy.program("mmoe")
    net = build(program, prepared.schema)
    adamw = keras.optimizers.AdamW(1e-2, weight_decay=0.1)
    vectors = [v for v in net.dense_variables() if len(v.shape) < 2 or v.name.startswith("bias")]
    assert 0 < len(vectors) < len(net.dense_variables())
    adamw.exclude_from_weight_decay(vectors)
    theirs = Step(net, prepared.schema, program.balance, adamw, table_optimizer="deferred_adam")
    theirs.rates.lr.assign(1e-2)
    run(ours, prepared.train[0], 0, 6)
    run(theirs, prepared.train[0], 0, 6)
    assert difference(state_of(ours), state_of(theirs)) == 0
    plain = make(program, prepared)
    run(plain, prepared.train[0], 0, 6)
    assert difference(state_of(ours), state_of(plain)) > 1e-3


def test_decay_alone_shrinks_kernels_and_touched_rows_and_nothing_else() -> None:
    """Without a label there is no gradient."""
    prepared = toy.data()
    part = prepared.train[0]
    step = make(toy.program("mmoe", optimizer="sgd", lr=0.5, weight_decay=0.1), prepared)
    before = {v.path: np.array(v) for v in step.net.model.variables}
    step.run(part.ids[:8], part.floats[:8], np.full((8, 3), np.nan, "float32"))
    tables = {t.layer.table.path: np.unique(t.touch(part.ids[:8]).ids) for t in step.tables}
    for variable in step.net.model.variables:
        expected = before[variable.path].copy()
        if variable.path in tables:
            expected[tables[variable.path]] *= 0.95
            assert len(tables[variable.path]) < len(expected)
        elif "kernel" in variable.name:
            expected *= 0.95
        assert np.allclose(np.array(variable), expected, atol=1e-7), variable.path


def test_the_decay_of_ones_own_optimizer_stays_unless_the_cell_says_another() -> None:
    own = keras.optimizers.AdamW(0.02, weight_decay=0.3)
    assert dense_optimizer(own, 0.02).weight_decay == 0.3
    assert dense_optimizer(own, 0.02, 0.1).weight_decay == 0.1
    assert dense_optimizer("adam", 0.02).weight_decay is None


TABLES = [None, "adam", "lazy_adam", "dense_adam", "adagrad", "rowwise_adagrad", "sgd"]


def test_the_words_of_the_tables() -> None:
    found = [tables_of(toy.program(tables=word).train) for word in TABLES]
    assert found == ["deferred_adam", "deferred_adam", "adam", "dense_adam", "adagrad", "rowwise_adagrad", "sgd"]
    assert tables_of(toy.program(tables="lazy_adam", optimizer="sgd").train) == "adam"


@pytest.mark.parametrize("word", KEPT)
def test_tables_keep_as_many_numbers_as_is_said_of_them(word: str) -> None:
    step = make(toy.program(tables=word), toy.data())
    of_entry, of_row = KEPT[word]
    for table in step.tables:
        rows, dim = table.layer.table.shape
        assert sum(v.shape.num_elements() for v in table.slots.values()) == rows * (of_entry * dim + of_row)


@pytest.mark.parametrize("tables", TABLES)
def test_a_training_with_each_of_them_learns_and_goes_on_from_a_state(tables: str | None) -> None:
    prepared = toy.data()
    program = toy.program(tables=tables, clip=1.0, weight_decay=0.01, schedule="cosine")
    result = train(program, prepared)
    assert result.metrics["click"]["loss"] < prepared.schema.task("click").constant_loss
    whole, first, second = (make(program, prepared) for _ in range(3))
    run(whole, prepared.train[0], 0, 4)
    run(first, prepared.train[0], 0, 2)
    set_state(second, state_of(first))
    run(second, prepared.train[0], 2, 4)
    assert difference(state_of(whole), state_of(second)) == 0


def course(schedule: str, warmup: int, total: int, **options: Any) -> list[float]:
    settings = toy.program(schedule=schedule, **({"lr": 2.0} | options)).train
    own, peak = learning_rate(settings)
    lr = warmed_up(own, warmup, total, settings.schedule)
    return [lr(step, peak) for step in range(total)]


def test_a_schedule_falls_from_the_peak_to_nothing_over_the_planned_run() -> None:
    assert course("linear", 0, 4) == pytest.approx([2.0, 1.5, 1.0, 0.5])
    assert course("cosine", 0, 4) == pytest.approx([2.0, 1 + 0.5**0.5, 1.0, 1 - 0.5**0.5])
    keras_course = keras.optimizers.schedules.CosineDecay(2.0, 50)
    assert course("cosine", 0, 50) == pytest.approx([float(keras_course(i)) for i in range(50)], abs=1e-6)
    for schedule in ("linear", "cosine"):
        found = course(schedule, 5, 100)
        assert found[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
        assert all(a > b > 0 for a, b in itertools.pairwise(found[4:]))
        assert found[-1] < 0.03
    assert course("constant", 5, 100)[4:] == [2.0] * 96
    assert course("linear", 0, 1) == [2.0]


def test_a_schedule_and_one_of_the_optimizers_own_are_one_too_many() -> None:
    own = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100))
    with pytest.raises(ValueError, match="schedule=linear and the optimizer's own"):
        toy.program(optimizer=own, lr=None, schedule="linear").train.check()
    toy.program(optimizer=own, lr=0.1, schedule="linear").train.check()
    toy.program(optimizer=own, lr=None).train.check()
    toy.program(optimizer=keras.optimizers.Adam(0.01), lr=None, schedule="linear").train.check()
    toy.program(schedule="cosine").train.check()
    with pytest.raises(MtlError, match="cannot both hold"):
        resolve(parse("task a\ntrain optimizer={own} schedule=cosine", vocabulary()), vocabulary(), {"own": own})


TWO_REPLICAS = """
from tests import toy
from tests.train import two as pair
strategy = pair.strategy()
from tests.train.test_gradients import difference, make, run
from mtl_magic.train.state import state_of
prepared = toy.data()
part = prepared.train[0]
for options in (
    {"optimizer": "sgd", "clip": 0.05, "lr": 0.5},
    {"optimizer": "adam", "clip": 0.05, "tables": "adam", "weight_decay": 0.1},
    {"optimizer": "adam", "clip": 0.05, "tables": "dense_adam", "weight_decay": 0.1},
    {"optimizer": "adagrad", "clip": 0.05, "tables": "rowwise_adagrad", "weight_decay": 0.1},
):
    program = toy.program("mmoe", "uncertainty", **options)
    one = make(program, prepared)
    run(one, part, 0, 6)
    with strategy.scope():
        two = make(program, prepared)
    for i in range(6):
        half = pair.shares(strategy, 128 * i, 128 * i + 64, 128 * i + 128)
        two.run(half(part.ids), half(part.floats), half(part.labels))
    one.settle(), two.settle()
    print(options["optimizer"], difference(state_of(one), state_of(two), skip="sums"))
"""


def test_two_replicas_clip_decay_and_settle_as_one() -> None:
    found = printed(TWO_REPLICAS)
    assert len(found) == 4
    assert max(found) < 2e-5, found
