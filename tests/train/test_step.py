"""The compiled step: reproducible, exact about missing labels, never retraced, equal on one and two replicas."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import Any, ClassVar

import numpy as np
import pytest

from mtl_magic.balance._base import Balance, Evidence
from mtl_magic.data.schema import Part, Prepared
from mtl_magic.model.net import build
from mtl_magic.program import BlockPlan
from mtl_magic.train.fit import dense_optimizer, train
from mtl_magic.train.state import set_state, state_of, weights_of
from mtl_magic.train.step import Step
from tests import toy


class OnesOfGramian(Balance):
    """Equal weights, by way of the Gramian."""

    uses = "gramian"
    seen: ClassVar[list[Any]] = []

    def weights(self, evidence: Evidence, state: Any, tasks: Any) -> Any:
        import tensorflow as tf

        self.seen.append(evidence.gramian.shape)
        return tf.ones_like(evidence.losses), state


def make(program: Any, prepared: Prepared) -> Step:
    net = build(program, prepared.schema)
    optimizer = dense_optimizer(program.train.optimizer, program.train.lr)
    step = Step(net, prepared.schema, program.balance, optimizer)
    step.rates.lr.assign(program.train.lr)
    return step


def run(step: Step, part: Part, start: int, stop: int, batch: int = 128) -> None:
    for i in range(start, stop):
        rows = slice(i * batch, (i + 1) * batch)
        step.run(part.ids[rows], part.floats[rows], part.labels[rows])


def difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray], *, skip: str = "\0") -> float:
    assert set(a) == set(b)
    return max(
        float(np.abs(a[k].astype("float64") - b[k].astype("float64")).max(initial=0)) for k in a if skip not in k
    )


def moves(step: Step, before: dict[str, np.ndarray], after: dict[str, np.ndarray], task: str) -> list[bool]:
    """Whether each weight of a task's own has moved: those of its name, and its part of those of several tasks."""
    found = [(before[k] != after[k]).any() for k in before if task in k]
    for layer in step.net.heads.layers:
        parts = list(layer.parts()) if hasattr(layer, "parts") else []
        for t in (t for t, part in enumerate(parts) if task in part):
            names = [k for k in before if f"/{layer.name}/" in k]
            assert len(names) == len(layer.weights)
            found += [(before[k][t] != after[k][t]).any() for k in names]
    return found


def test_the_same_seed_gives_the_same_run() -> None:
    block = toy.word("block", "mlp", units=(16, 8), dropout=0.3)
    one = train(toy.program(block), toy.data())
    two = train(toy.program(block), toy.data())
    other = train(toy.program(block, seed=1), toy.data())
    assert difference(weights_of(one.net.model), weights_of(two.net.model)) == 0
    assert one.metrics == two.metrics
    assert one.metrics != other.metrics


@pytest.mark.parametrize("balance", ["equal", "uncertainty"])
def test_going_on_from_a_state_equals_never_having_stopped(balance: str) -> None:
    prepared, part = toy.data(), toy.data().train[0]
    program = toy.program(toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.3), balance)
    whole = make(program, prepared)
    run(whole, part, 0, 6)
    first = make(program, prepared)
    run(first, part, 0, 3)
    state = state_of(first)
    second = make(toy.program(toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.3), balance, seed=7), prepared)
    set_state(second, state)
    run(second, part, 3, 6)
    assert difference(state_of(whole), state_of(second)) == 0


def test_a_state_of_another_shape_is_refused() -> None:
    step = make(toy.program(), toy.data())
    state = state_of(step)
    with pytest.raises(ValueError, match="lacks 'step'"):
        set_state(step, {k: v for k, v in state.items() if k != "step"})
    with pytest.raises(ValueError, match="has the shape"):
        set_state(step, {**state, "person": np.ones(4, "float32")})


@pytest.mark.parametrize("balance", ["equal", "static", "uncertainty"])
def test_a_row_without_a_label_teaches_that_task_nothing(balance: str) -> None:
    """The head that sees a part of the rows moves exactly as if the others were not there."""
    prepared = toy.data()
    part = prepared.train[0]
    ids, floats, labels = part.ids[:64], part.floats[:64], part.labels[:64].copy()
    labels[:, 1:] = np.nan
    labels[32:, 0] = np.nan
    program = toy.program("mlp", balance, optimizer="sgd")
    padded, alone = make(program, prepared), make(program, prepared)
    padded.run(ids, floats, labels)
    alone.run(ids[:32], floats[:32], labels[:32])
    assert difference(weights_of(padded.net.model), weights_of(alone.net.model)) < 1e-7
    assert padded.sums.numpy()[1].tolist() == [32, 0, 0]


@pytest.mark.parametrize("balance", ["equal", "uncertainty"])
def test_a_batch_without_labels_of_a_task_leaves_head_and_balancer_alone(balance: str) -> None:
    prepared = toy.data()
    part = prepared.train[0]
    step = make(toy.program("mlp", balance, optimizer="sgd"), prepared)
    before, state = weights_of(step.net.model), state_of(step)
    labels = part.labels[:64].copy()
    labels[:, 2] = np.nan
    step.run(part.ids[:64], part.floats[:64], labels)
    after = weights_of(step.net.model)
    assert not any(moves(step, before, after, "watch"))
    assert any(moves(step, before, after, "click"))
    if "balance/s" in state:
        assert state_of(step)["balance/s"][2] == state["balance/s"][2]
        assert state_of(step)["balance/s"][0] != state["balance/s"][0]


def test_a_batch_with_no_label_at_all_changes_no_weight() -> None:
    prepared = toy.data()
    part = prepared.train[0]
    step = make(toy.program(optimizer="sgd"), prepared)
    before = weights_of(step.net.model)
    step.run(part.ids[:64], part.floats[:64], np.full((64, 3), np.nan, "float32"))
    assert difference(before, weights_of(step.net.model)) == 0


def test_weights_rates_and_short_batches_never_retrace() -> None:
    prepared = toy.data()
    part = prepared.train[0]
    step = make(toy.program("mmoe"), prepared)
    run(step, part, 0, 2)
    step.rates.person.assign([5.0, 0.0, 1.0])
    step.rates.lr.assign(0.5)
    step.run(part.ids[:7], part.floats[:7], part.labels[:7])
    assert step.run.experimental_get_tracing_count() == 1


def test_a_weight_multiplies_its_task_from_the_next_step_on() -> None:
    prepared = toy.data()
    part = prepared.train[0]
    step = make(toy.program("none", optimizer="sgd"), prepared)
    step.rates.person.assign([0.0, 1.0, 1.0])
    before = weights_of(step.net.model)
    run(step, part, 0, 1)
    after = weights_of(step.net.model)
    assert not any(moves(step, before, after, "click"))
    assert all(moves(step, before, after, "buy"))
    assert step.applied.numpy().tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("block", ["mlp", "mmoe", "none"])
@pytest.mark.parametrize("given", [None, "esmm"])
def test_balancing_at_the_cut_with_equal_weights_is_plain_training(block: str, given: str | None) -> None:
    prepared = toy.data()
    part = prepared.train[0]
    plain = make(toy.program(block, "equal", given, optimizer="sgd"), prepared)
    cut = make(toy.program(block, OnesOfGramian(), given, optimizer="sgd"), prepared)
    run(plain, part, 0, 3)
    run(cut, part, 0, 3)
    assert OnesOfGramian.seen[-1] == (3, 3)
    assert difference(weights_of(plain.net.model), weights_of(cut.net.model)) < 1e-5


TWO_REPLICAS = """
import numpy as np, tensorflow as tf
from tests import toy
from tests.train.test_step import difference, make, run
from mtl_magic.train.state import state_of
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
prepared = toy.data()
part = prepared.train[0]
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])  # one for all: a second one's collectives clash
for block, optimizer, balance in (("mmoe", "adam", "uncertainty"), ("mlp", "adagrad", "equal"), ("mlp", "sgd", "static")):
    program = toy.program(block, balance, optimizer=optimizer)
    one = make(program, prepared)
    run(one, part, 0, 6)
    with strategy.scope():
        two = make(program, prepared)
    for i in range(6):
        def half(context, part=part, i=i):
            start = i * 128 + 64 * context.replica_id_in_sync_group
            rows = slice(start, start + 64)
            return part.ids[rows], part.floats[rows], part.labels[rows]
        pick = lambda j: strategy.experimental_distribute_values_from_function(lambda c: tf.constant(half(c)[j]))
        two.run(pick(0), pick(1), pick(2))
    print(block, optimizer, difference(state_of(one), state_of(two), skip="sums"))
"""


def test_two_replicas_take_the_step_of_one() -> None:
    """In a process of its own: logical devices must be set before TensorFlow starts."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_REPLICAS], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(found) == 3
    assert max(found) < 2e-5, done.stdout


@pytest.mark.parametrize("balance", ["equal", OnesOfGramian()])
def test_what_a_layer_of_ones_own_adds_to_the_loss_counts(balance: Any) -> None:
    """A strong regulariser shrinks its kernel, at the cut too."""
    import keras

    def norm(regularizer: Any) -> float:
        prepared = toy.data()
        layer = keras.layers.Dense(8, kernel_regularizer=regularizer, name="mine")
        program = toy.program("mlp", balance, optimizer="sgd", lr=1e-3)
        program = dataclasses.replace(program, blocks=(BlockPlan("", layer, ("inputs",)),))
        step = make(program, prepared)
        run(step, prepared.train[0], 0, 3)
        return sum(float(np.abs(v.numpy()).sum()) for v in step.net.trunk.trainable_variables if "kernel" in v.path)

    assert norm(keras.regularizers.L2(50.0)) < 0.9 * norm(None)
