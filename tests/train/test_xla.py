"""XLA: the same step, compiled for one number of rows; what it cannot compile is said, or done without it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from train.test_step import OnesOfGramian, difference, run

from mtl_magic.model.net import build
from mtl_magic.problems import MtlError
from mtl_magic.train import xla
from mtl_magic.train.fit import dense_optimizer, train
from mtl_magic.train.state import state_of
from mtl_magic.train.step import Step
from tests import toy

BLOCK = toy.word("block", "mmoe", experts=2, units=(16, 8), dropout=0.0)


def made(program: Any, *, jit: bool, full: int = 128) -> Step:
    schema = toy.data().schema
    optimizer = dense_optimizer("adam", 1e-2)
    scaled = program.train.precision == "mixed_float16"
    step = Step(build(program, schema), schema, program.balance, optimizer, jit=jit, scaled=scaled)
    step.rates.lr.assign(1e-2)
    step.full = full
    return step


@pytest.mark.parametrize(
    ("balance", "precision"), [("uncertainty", "float32"), (OnesOfGramian(), "float32"), ("equal", "mixed_float16")]
)
def test_it_is_the_same_step(balance: Any, precision: str) -> None:
    program, part = toy.program(BLOCK, balance, given="esmm", precision=precision), toy.data().train[0]
    plain, compiled = made(program, jit=False), made(program, jit=True)
    for step in (plain, compiled):
        run(step, part, 0, 3)
    # In 16 bits XLA rounds less often, and one Adam step moves a weight by 0.01 whatever the size of its gradient.
    assert difference(state_of(plain), state_of(compiled), skip="sums") < (1e-4 if precision == "float32" else 0.05)
    assert plain.sums.numpy() == pytest.approx(compiled.sums.numpy(), rel=1e-4 if precision == "float32" else 1e-2)


def test_a_short_batch_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[str] = []
    original = Step.gradients

    def watched(self: Step, *args: Any) -> Any:
        traced.append("xla" if isinstance(args[-1][0], xla.LookedUp) else "plain")
        return original(self, *args)

    monkeypatch.setattr(Step, "gradients", watched)
    step, part = made(toy.program(BLOCK), jit=True), toy.data().train[0]
    for rows in (128, 128, 60, 128, 7, 128):
        step.run(part.ids[:rows], part.floats[:rows], part.labels[:rows])
        step.rates.person.assign([1.0, 2.0, 3.0])
    assert traced == ["xla", "plain"]
    step.xla.lower(128)  # type: ignore[union-attr]
    assert traced == ["xla", "plain"]


def test_another_number_of_steps_is_another_function() -> None:
    """What has been compiled holds how many steps an epoch had, for a method that counts them."""
    part = toy.data().train[0]
    plain, compiled = (made(toy.program(BLOCK, "dwa"), jit=jit) for jit in (False, True))
    for step in (plain, compiled):
        for steps in (1000, 2):
            step.epoch(steps)
            run(step, part, 0, 5)
    assert np.abs(plain.applied.numpy() - 1).max() > 1e-3, "two epochs are over, so their ratio counts"
    assert compiled.applied.numpy() == pytest.approx(plain.applied.numpy(), rel=1e-4)


def unknown(y_true: Any, y_pred: Any) -> Any:
    return tf.numpy_function(lambda a, b: np.square(a - b), [y_true, y_pred], tf.float32)


@keras.saving.register_keras_serializable("tests.xla")
class Unknown(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        same = tf.strings.to_number(tf.strings.as_string(x))
        return tf.reshape(same, tf.shape(x)) + x

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def test_what_xla_does_not_know_is_said_or_done_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MtlError, match="XLA cannot compile the step") as error:
        train(toy.program(Unknown(), jit=True, epochs=1), toy.data())
    assert error.value.problems[0].code == "MTL330"
    assert "leave jit out" in error.value.problems[0].hint
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["a GPU"])
    tried: list[Any] = []
    original = xla.Dense.lower
    monkeypatch.setattr(xla.Dense, "lower", lambda self, rows: (tried.append(rows), original(self, rows)))
    assert train(toy.program(Unknown(), epochs=1), toy.data()).step == 13
    assert tried == [256]


def test_by_itself_only_with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not xla.wanted(toy.program())
    assert not xla.wanted(toy.program(jit=False))
    assert xla.wanted(toy.program(jit=True))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["a GPU"])
    assert xla.wanted(toy.program())
    assert not xla.wanted(toy.program(accumulate=2))
    assert not xla.wanted(toy.program(jit=False))
    monkeypatch.setattr(xla.replicas, "count", lambda: 2)
    assert not xla.wanted(toy.program())
    with pytest.raises(MtlError, match="one device, and there are 2"):
        xla.wanted(toy.program(jit=True))


def test_slices_are_refused() -> None:
    with pytest.raises(ValueError, match="jit=true and accumulate"):
        toy.program(jit=True, accumulate=2).train.check()


def test_pairs_are_refused_by_name_or_done_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from mtl_magic.language import parse, resolve
    from mtl_magic.vocabulary import vocabulary

    def program(jit: str) -> Any:
        cell = f"task a: ranking(group=u, loss=pairwise)\ntrain jit={jit}"
        return resolve(parse(cell, vocabulary()), vocabulary(), {})

    with pytest.raises(MtlError, match="XLA cannot compile loss=pairwise") as error:
        xla.wanted(program("true"))
    assert error.value.problems[0].hint == "leave jit out"
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["a GPU"])
    assert not xla.wanted(program("auto"))
