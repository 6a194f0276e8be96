"""Row-sparse updates against dense references, and what they must not touch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.layers.embedding import FusedEmbedding
from mtl_magic.train.tables import Table


def table(optimizer: str, l2: float = 0.0, rows: int = 12) -> Table:
    layer = FusedEmbedding(rows, 3, columns=[0, 1], offsets=[0, 6], seed=1)
    layer.build((None, 2))
    return Table(layer, optimizer, l2)


def steps(made: Table, batches: list[np.ndarray], lr: float = 0.1) -> np.ndarray:
    """Descends Σ (embedding · position)², whose gradient is not the same for repeated ids."""
    for i, ids in enumerate(batches):
        touched = made.touch(tf.constant(ids, tf.int32))
        with tf.GradientTape() as tape:
            tape.watch(touched.rows)
            scale = tf.reshape(tf.range(1.0, ids.size + 1), (len(ids), 2, 1))
            loss = tf.reduce_sum((touched.embedded() * scale) ** 2)
        made.apply(touched, tape.gradient(loss, touched.rows), lr, tf.constant(i, tf.int64))
    return np.array(made.layer.table)


def dense(optimizer: Any, batches: list[np.ndarray], rows: int = 12) -> np.ndarray:
    layer = FusedEmbedding(rows, 3, columns=[0, 1], offsets=[0, 6], seed=1)
    layer.build((None, 2))
    variable = keras.Variable(layer.table.numpy())
    for ids in batches:
        with tf.GradientTape() as tape:
            looked_up = tf.gather(tf.convert_to_tensor(variable.value), ids + np.array([0, 6]))
            scale = tf.reshape(tf.range(1.0, ids.size + 1), (len(ids), 2, 1))
            loss = tf.reduce_sum((looked_up * scale) ** 2)
        optimizer.apply([tf.convert_to_tensor(tape.gradient(loss, variable.value))], [variable])
    return np.array(variable)


EVERY_ROW = [np.array([[i, 5 - i] for i in range(6)] + [[0, 0], [0, 3]]) for _ in range(15)]


@pytest.mark.parametrize(
    ("word", "reference"),
    [("adam", keras.optimizers.Adam), ("adagrad", keras.optimizers.Adagrad), ("sgd", keras.optimizers.SGD)],
)
def test_equals_the_dense_optimizer_where_every_row_is_touched(word: str, reference: Any) -> None:
    """Repeated ids in a batch count as one row with the summed gradient."""
    lr = 1e-4 if word == "sgd" else 0.1
    assert np.allclose(steps(table(word), EVERY_ROW, lr), dense(reference(lr), EVERY_ROW), atol=2e-5)


@pytest.mark.parametrize("word", ["adam", "adagrad", "sgd"])
def test_rows_that_no_batch_touches_stay_as_they_were(word: str) -> None:
    made = table(word)
    before = np.array(made.layer.table)
    slots = {name: slot.numpy() for name, slot in made.slots.items()}
    after = steps(made, [np.array([[2, 4], [2, 4]])] * 3)
    untouched = [i for i in range(12) if i not in (2, 10)]
    assert (after[untouched] == before[untouched]).all()
    assert (after[[2, 10]] != before[[2, 10]]).all()
    assert all((slot.numpy()[untouched] == slots[name][untouched]).all() for name, slot in made.slots.items())


def test_decay_touches_touched_rows_alone() -> None:
    made = table("sgd", l2=0.5)
    before = np.array(made.layer.table)
    touched = made.touch(tf.constant([[1, 1]]))
    made.apply(touched, tf.zeros_like(touched.rows), 0.1, tf.constant(0, tf.int64))
    after = np.array(made.layer.table)
    assert np.allclose(after[[1, 7]], before[[1, 7]] * 0.95)
    others = [i for i in range(12) if i not in (1, 7)]
    assert (after[others] == before[others]).all()


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match="no row-sparse form"):
        table("rmsprop")


SOME_ROWS = [np.array([[i % 4, i % 3], [i % 4, 5], [0, i % 3]]) for i in range(20)]  # 4, 5, 9 and 10 hardly or never


def test_dense_adam_is_keras_adam_on_the_whole_table() -> None:
    """Ids repeat in a batch, and rows that a step does not touch move all the same."""
    made = table("dense_adam")
    found = steps(made, SOME_ROWS[:5], 0.01)
    rested = np.array(made.layer.table)
    empty = made.touch(tf.constant([[1, 5]], tf.int32))
    made.apply(empty, tf.zeros_like(empty.rows), 0.01, tf.constant(5, tf.int64))
    assert (np.array(made.layer.table)[[0, 2, 3]] != rested[[0, 2, 3]]).all()
    assert np.allclose(found, dense(keras.optimizers.Adam(0.01), SOME_ROWS[:5]), atol=1e-6)
    assert np.allclose(
        steps(table("dense_adam"), SOME_ROWS, 0.01), dense(keras.optimizers.Adam(0.01), SOME_ROWS), atol=1e-5
    )
    lazy = steps(table("adam"), SOME_ROWS, 0.01)
    assert not np.allclose(lazy, dense(keras.optimizers.Adam(0.01), SOME_ROWS), atol=1e-3)


def settle(made: Table, lr: float, step: Any) -> None:
    for start in made.unsettled:
        made.settle(lr, step, start)


def deferred(batches: list[np.ndarray], lr: float, start: int = 0) -> np.ndarray:
    """As `steps`, from the step `start` on."""
    made = table("deferred_adam")
    made.slots["steps"].assign(tf.fill((12, 1), float(start)))
    for i, ids in enumerate(batches, start):
        step = tf.constant(i, tf.int64)
        touched = made.touch(tf.constant(ids, tf.int32), lr, step)
        with tf.GradientTape() as tape:
            tape.watch(touched.rows)
            scale = tf.reshape(tf.range(1.0, ids.size + 1), (len(ids), 2, 1))
            loss = tf.reduce_sum((touched.embedded() * scale) ** 2)
        made.apply(touched, tape.gradient(loss, touched.rows), lr, step)
    end = tf.constant(start + len(batches), tf.int64)
    settle(made, lr, end)
    assert (made.slots["steps"].numpy() == start + len(batches)).all()
    once = np.array(made.layer.table)
    settle(made, lr, end)
    np.testing.assert_array_equal(np.array(made.layer.table), once)
    return once


def test_deferred_adam_is_dense_adam_where_the_rate_is_steady() -> None:
    """Far from the start, where the correction of the moments' start is steady too."""
    start = 5000
    made = table("dense_adam")
    for i, ids in enumerate(SOME_ROWS, start):
        touched = made.touch(tf.constant(ids, tf.int32))
        with tf.GradientTape() as tape:
            tape.watch(touched.rows)
            scale = tf.reshape(tf.range(1.0, ids.size + 1), (len(ids), 2, 1))
            loss = tf.reduce_sum((touched.embedded() * scale) ** 2)
        made.apply(touched, tape.gradient(loss, touched.rows), 0.01, tf.constant(i, tf.int64))
    np.testing.assert_allclose(deferred(SOME_ROWS, 0.01, start), np.array(made.layer.table), rtol=0, atol=2e-5)


def test_deferred_adam_is_far_nearer_to_dense_adam_than_lazy_adam_from_the_start() -> None:
    exact = dense(keras.optimizers.Adam(0.01), SOME_ROWS)
    lazy, found = steps(table("adam"), SOME_ROWS, 0.01), deferred(SOME_ROWS, 0.01)
    assert np.abs(found - exact).max() < np.abs(lazy - exact).max() / 5


def test_all_rows_settle_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deferred(SOME_ROWS, 0.01)
    monkeypatch.setattr("mtl_magic.train.tables.SETTLED", 5)
    np.testing.assert_allclose(deferred(SOME_ROWS, 0.01), whole, atol=1e-7)


def test_rowwise_adagrad_divides_by_the_mean_of_the_rows_squares() -> None:
    made = table("rowwise_adagrad")
    expected, total = np.array(made.layer.table), np.full((12, 1), 0.1, "float32")
    for ids in SOME_ROWS:
        gradient = np.zeros_like(expected)
        scale = np.arange(1.0, ids.size + 1)
        for row, by in zip((ids + np.array([0, 6])).ravel(), scale, strict=True):
            gradient[row] += 2 * by**2 * expected[row]
        total += (gradient**2).mean(axis=1, keepdims=True)
        expected = expected - 0.1 * gradient / np.sqrt(total + 1e-7)
    assert made.slots["sum"].shape == (12, 1)
    assert np.allclose(steps(made, SOME_ROWS), expected, atol=1e-5)
    assert np.allclose(made.slots["sum"].numpy(), total, rtol=1e-4)


@pytest.mark.parametrize("word", ["adam", "dense_adam", "adagrad", "rowwise_adagrad", "sgd"])
def test_decoupled_decay_takes_its_share_of_touched_rows_alone(word: str) -> None:
    """What a step moves is that of no decay, less lr · decay · row as it was before."""
    ids = np.array([[1, 1], [3, 1]])
    plain, decayed = table(word), table(word)
    decayed.decay = 0.2
    before = np.array(plain.layer.table)
    share = np.zeros_like(before)
    share[[1, 3, 7]] = 0.1 * 0.2 * before[[1, 3, 7]]
    assert np.allclose(steps(plain, [ids]) - share, steps(decayed, [ids]), atol=1e-7)
