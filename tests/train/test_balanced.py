"""Gradients of single tasks: the quick way equals the plain one, in every domain; tasks that have none are left out."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.model.net import build
from mtl_magic.train.accumulate import Accumulated
from mtl_magic.train.balanced import HELD
from mtl_magic.train.events import Gradients
from mtl_magic.train.fit import train
from mtl_magic.train.left_out import LeftOut
from mtl_magic.train.state import set_state, state_of, weights_of
from mtl_magic.train.step import Step
from tests import toy
from tests.train.test_step import difference, moves, run
from tests.train.two import printed


def made(
    balance: Any, block: Any = "mmoe", *, quick: bool = True, slices: int = 1, given: str | None = None, **options: Any
) -> Step:
    prepared = toy.data()
    if isinstance(block, str):
        small = {"units": (8,), "dropout": 0.0} | ({"experts": 2} if block == "mmoe" else {})
        block = toy.word("block", block, **small)
    net = build(toy.program(block, balance, given), prepared.schema)
    if not quick:
        net = dataclasses.replace(net, tops=None)
    kind: Any = Step if slices == 1 else Accumulated
    more = {"slices": slices} if slices > 1 else {}
    step: Step = kind(net, prepared.schema, balance, keras.optimizers.SGD(0.1), **more, **options)
    step.rates.lr.assign(0.1)
    return step


def word(name: str, **options: Any) -> Any:
    return toy.word("balance", name, **options)


def taken(step: Step, steps: int = 2, rows: int = 64) -> dict[str, np.ndarray]:
    run(step, toy.data().train[0], 0, steps, rows)
    return state_of(step)


@pytest.mark.parametrize("heads", ["own", "weighted"])
@pytest.mark.parametrize("block", ["mmoe", "mlp", "cgc"])
def test_one_pass_through_the_heads_is_a_pass_a_task(block: str, heads: str) -> None:
    # Adam divides a row's gradient by its own size, so that gradients of 1e-9 would be compared by their rounding.
    method = word("mgda", heads=heads)
    quick, plain = (made(method, block, quick=q, table_optimizer="sgd") for q in (True, False))
    assert quick.net.tops is not None
    before = state_of(quick)
    one, other = taken(quick), taken(plain)
    assert difference(one, other) < 2e-6
    (table,) = [k for k in one if k.endswith("/table")]
    moved = one[table] - before[table]
    assert np.abs(moved).max() > 1e-5
    np.testing.assert_allclose(moved, other[table] - before[table], rtol=1e-3, atol=1e-8)


def test_a_loss_that_reaches_another_head_has_a_pass_of_its_own() -> None:
    assert made(word("mgda"), given="esmm").net.tops is None


@pytest.mark.parametrize("over", ["features", "parameters"])
def test_slices_and_parts_are_the_whole(over: str) -> None:
    whole = made(word("mgda", over=over))
    other = made(word("mgda"), slices=3) if over == "features" else made(word("mgda", over="subbatch", part=1.0))
    assert difference(taken(other), taken(whole), skip="sums") < 2e-6


def test_the_exact_gramian_is_that_of_the_shared_weights() -> None:
    """Against a tape over the whole model, one task at a time."""
    step, part = made(word("pcgrad", over="parameters")), toy.data().train[0]
    assert step.balanced is not None
    ids, floats, labels = (tf.constant(a[:64]) for a in (part.ids, part.floats, part.labels))
    touched = [t.touch(ids, step.rates.lr.value(), step.rates.step.value()) for t in step.tables]
    counts = step._counts(labels)
    forward = step.balanced.forward(ids, floats, labels, touched, counts)
    found = step.balanced._over_parameters(forward).numpy()
    experts = [v.value for v in step.below if "experts" in v.path]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(experts)
        scaled = tf.unstack(step._shares(step._trunk(ids, floats, touched), labels, counts) * step._scale())
    rows = [tf.concat([tf.reshape(g, (-1,)) for g in tape.gradient(loss, experts)], 0) for loss in scaled]
    assert np.allclose(found, np.array([[float(tf.reduce_sum(a * b)) for b in rows] for a in rows]), rtol=1e-4)


def test_weights_are_held_between_solves_and_survive_a_stop() -> None:
    method = word("mgda", every=3, over="parameters")
    whole, first, second = made(method), made(method), made(method)
    shown = []
    for i in range(4):
        run(whole, toy.data().train[0], i, i + 1, 64)
        shown.append(whole.applied.numpy().tolist())
    assert np.allclose(shown[:3], shown[0], rtol=1e-6)
    assert not np.allclose(shown[3], shown[0], rtol=1e-3)
    run(first, toy.data().train[0], 0, 2, 64)
    assert f"balance/{HELD}" in state_of(first)
    set_state(second, state_of(first))
    run(second, toy.data().train[0], 2, 4, 64)
    assert difference(state_of(whole), state_of(second)) == 0


@pytest.mark.parametrize("name", ["famo", "dwa", "gradnorm"])
def test_a_method_with_a_state_goes_on(name: str) -> None:
    block = toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.3)
    whole, first, second = (made(word(name), block) for _ in range(3))
    run(whole, toy.data().train[0], 0, 4, 64)
    run(first, toy.data().train[0], 0, 2, 64)
    set_state(second, state_of(first))
    run(second, toy.data().train[0], 2, 4, 64)
    assert difference(state_of(whole), state_of(second)) == 0


def test_a_look_back_sees_the_same_rows_and_masks() -> None:
    """At a rate of 0 nothing has changed, so no task has improved; in slices as well."""
    block = toy.word("block", "mlp", units=(8,), dropout=0.5)
    for slices in (1, 3):
        step = made(word("famo", gamma=0.0), block, slices=slices)
        step.rates.lr.assign(0.0)
        run(step, toy.data().train[0], 0, 1, 64)
        assert np.abs(state_of(step)["balance/m"]).max() < 1e-6
        step.rates.lr.assign(0.1)
        run(step, toy.data().train[0], 1, 2, 64)
        assert np.abs(state_of(step)["balance/m"]).max() > 1e-5


def test_a_task_that_is_not_finite_is_left_out() -> None:
    step, part = made(word("mgda", over="features")), toy.data().train[0]
    broken = next(layer for layer in step.net.heads.layers if layer.name == "logits").biases[0]
    broken.assign(np.array([[0.0], [np.nan], [0.0]], "float32"))
    before = weights_of(step.net.model)
    run(step, part, 0, 1, 64)
    after = weights_of(step.net.model)
    assert step.left_out.numpy().tolist() == [0, 1, 0]
    assert step.watched.numpy()[1].tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert np.isfinite(step.sums.numpy()).all()
    assert step.sums.numpy()[1, 1] == 0
    assert all(np.isfinite(v).all() for k, v in after.items() if "logits" not in k)
    assert any(moves(step, before, after, "click"))
    assert any((before[k] != after[k]).any() for k in before if "experts" in k)


def test_the_weights_of_all_gradient_methods_have_one_scale() -> None:
    for name in ("pcgrad", "mgda", "upgrad"):
        step = made(word(name))
        run(step, toy.data().train[0], 0, 1, 64)
        assert np.abs(step.applied.numpy()).sum() == pytest.approx(3.0, rel=1e-5), name


def test_graddrop_at_a_full_leak_is_plain_training() -> None:
    assert difference(weights_of(_after(word("graddrop", leak=1.0))), weights_of(_after(word("equal")))) < 2e-6


def _after(balance: Any) -> Any:
    step = made(balance)
    run(step, toy.data().train[0], 0, 2, 64)
    return step.net.model


def test_a_loop_tells_conflicts_and_who_is_left_out() -> None:
    prepared = toy.data(1000, 200)
    heard: list[Any] = []
    train(toy.program("mmoe", word("mgda"), epochs=1), prepared, listeners=[heard.append])
    found = [e for e in heard if isinstance(e, Gradients)]
    assert found
    assert np.allclose(np.diagonal(found[-1].cosines), 1.0, atol=1e-5)
    assert found[-1].tasks == ("click", "buy", "watch")
    assert 0 <= found[-1].conflict[0][1] <= 1
    step = made(word("mgda"))
    left = LeftOut(step, ["click", "buy", "watch"])
    step.left_out.assign([0, 1, 0])
    assert len(left.news()) == 1
    assert not left.news()
    step.left_out.assign([0, 12, 0])
    assert "'buy' was left out of 12 steps" in left.news()[0]
    assert left.epoch(np.array([5, 0, 5])) == ["buy"]
    assert not left.epoch(np.array([5, 0, 5]))


TWO_REPLICAS = """
import tensorflow as tf
from tests import toy
from tests.train import two as pair
strategy = pair.strategy()
from tests.train.test_balanced import made, word
from tests.train.test_step import difference, run
from mtl_magic.train.state import state_of
part = toy.data().train[0]
for name, options in (("mgda", {}), ("mgda", {"over": "parameters", "every": 2}), ("famo", {}), ("graddrop", {})):
    one = made(word(name, **options))
    run(one, part, 0, 3)
    with strategy.scope():
        two = made(word(name, **options))
    for i in range(3):
        half = pair.shares(strategy, 128 * i, 128 * i + 64, 128 * i + 128)
        two.run(half(part.ids), half(part.floats), half(part.labels))
    print(name, difference(state_of(one), state_of(two), skip="sums"))
"""


def test_two_replicas_balance_as_one() -> None:
    found = printed(TWO_REPLICAS)
    assert len(found) == 4
    assert max(found) < 2e-5, found


@pytest.mark.parametrize("over", ["features", "subbatch"])
def test_xla_balances_alike(over: str) -> None:
    method = word("mgda", over=over, part=0.5)
    plain, compiled = made(method), made(method, jit=True)
    compiled.full = 64
    assert difference(taken(plain), taken(compiled), skip="sums") < 1e-5


def test_float16_sees_the_gramian_of_the_losses() -> None:
    plain, scaled = made(word("mgda")), made(word("mgda"), scaled=True)
    assert difference(taken(plain, 1), {k: v for k, v in taken(scaled, 1).items() if "scaling" not in k}) < 1e-5
