"""Layers in 16 bits: as good as float32, never a wrong step, everything else float32."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from train.test_step import difference, make, run
from train.two import printed

from mtl_magic.balance._base import Balance, Evidence
from mtl_magic.model.net import build
from mtl_magic.problems import MtlError
from mtl_magic.train import scaling
from mtl_magic.train.accumulate import Accumulated
from mtl_magic.train.fit import dense_optimizer, train
from mtl_magic.train.state import set_state, state_of
from mtl_magic.train.step import Step
from tests import toy

BLOCK = toy.word("block", "mmoe", experts=2, units=(16, 8), dropout=0.1)
HALF = "mixed_float16"


class ByNorms(Balance):
    """Weights over the norms of the tasks' gradients."""

    uses = "gramian"

    def weights(self, evidence: Evidence, state: Any, tasks: Any) -> Any:
        return tf.math.rsqrt(tf.linalg.diag_part(evidence.gramian) + 1e-12), state


def scaled(program: Any, kind: Any = Step, **options: Any) -> Step:
    prepared = toy.data()
    net = build(program, prepared.schema)
    optimizer = dense_optimizer(program.train.optimizer, program.train.lr)
    step = kind(net, prepared.schema, program.balance, optimizer, scaled=True, **options)
    step.rates.lr.assign(program.train.lr)
    return step


@pytest.mark.parametrize(
    ("precision", "balance"), [("mixed", "uncertainty"), (HALF, ByNorms())], ids=["bfloat16", "float16"]
)
def test_it_learns_what_float32_learns(precision: str, balance: Any) -> None:
    # One seed's rounding is as good as another draw, of a deviation near 0.006 here: what is bounded is a mean.
    found = [
        [train(toy.program(BLOCK, balance, given="esmm", precision=p, seed=s), toy.data()).metrics for s in (0, 1)]
        for p in ("float32", precision)
    ]
    for task in ("click", "buy"):
        plain, half = (np.mean([metrics[task]["auc"] for metrics in runs]) for runs in found)
        assert half == pytest.approx(plain, abs=0.01)
    assert keras.config.dtype_policy().name == "float32", "Keras' own policy stays as it was"


def test_only_layers_compute_in_16_bits() -> None:
    prepared = toy.data()
    net = build(toy.program(BLOCK, given="esmm", precision="mixed"), prepared.schema)
    assert {t.dtype for t in net.trunk.outputs} == {"bfloat16"}
    assert {t.dtype for t in net.heads.output.values()} == {"float32"}
    assert {v.dtype for v in net.model.variables if not v.path.endswith("seed_generator_state")} == {"float32"}
    assert {e.compute_dtype for e in net.embeddings} == {"float32"}, "a cast would sweep the table"
    with pytest.raises(MtlError):
        build(toy.program(keras.layers.Dense, precision="mixed"), prepared.schema)
    assert keras.config.dtype_policy().name == "float32", "after an error too"


def test_a_saved_model_computes_as_it_did(tmp_path: Any) -> None:
    program = toy.program(toy.word("block", "mmoe", experts=2, units=(16, 8), dropout=0.3), precision="mixed")
    part = toy.data().valid
    assert part is not None
    net = build(program, toy.data().schema)
    net.model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "x.npz", ids=part.ids, floats=part.floats)
    script = (
        "import sys, numpy as np, keras, mtl_magic.layers.embedding, mtl_magic.layers.experts, mtl_magic.layers.gates\n"
        "import mtl_magic.layers.towers\n"
        "model, x = keras.models.load_model(sys.argv[1] + '/m.keras'), np.load(sys.argv[1] + '/x.npz')\n"
        "np.savez(sys.argv[1] + '/y.npz', **model.predict(dict(x), verbose=0))"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    expected = net.model.predict({"ids": part.ids, "floats": part.floats}, verbose=0)
    with np.load(tmp_path / "y.npz") as found:
        assert all((found[key] == expected[key]).all() and found[key].dtype == "float32" for key in expected)


@pytest.mark.parametrize(
    ("tables", "balance"), [("deferred_adam", "uncertainty"), ("dense_adam", ByNorms())], ids=["losses", "gramian"]
)
def test_a_step_that_overflows_changes_nothing_but_the_scale(tables: str, balance: Any) -> None:
    block = keras.Sequential([keras.layers.Dense(8, dtype=HALF), keras.layers.BatchNormalization()])
    step, part = scaled(toy.program(block, balance, precision=HALF), table_optimizer=tables), toy.data().train[0]
    assert step.scaling is not None
    step.scaling.scale.assign(2.0**10)
    run(step, part, 0, 2)
    step.scaling.scale.assign(2.0**40)
    before = state_of(step)
    run(step, part, 2, 3)
    after = state_of(step)
    moved = {name for name in before if (before[name] != after[name]).any()}
    assert moved == {"scaling/scale", "scaling/good"}
    assert after["scaling/scale"] == 2.0**39
    step.scaling.scale.assign(2.0**10)
    run(step, part, 3, 4)
    assert state_of(step)["step"] == before["step"] + 1


def test_dropout_draws_anew_after_an_overflow() -> None:
    step, part = scaled(toy.program(BLOCK, precision=HALF)), toy.data().train[0]
    assert step.scaling is not None
    step.scaling.scale.assign(2.0**40)
    before = state_of(step)
    run(step, part, 0, 1)
    after = state_of(step)
    moved = {name for name in before if (before[name] != after[name]).any()}
    assert {name for name in moved if "seed" not in name} == {"scaling/scale"}
    assert any("seed" in name for name in moved)


def test_the_scale_grows_after_steps_that_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "EVERY", 3)
    step, part = scaled(toy.program(BLOCK, precision=HALF)), toy.data().train[0]
    assert step.scaling is not None
    step.scaling.scale.assign(64.0)
    seen = []
    for i in range(4):
        run(step, part, i, i + 1)
        seen.append((float(step.scaling.scale.numpy()), int(step.scaling.good.numpy())))
    assert seen == [(64, 1), (64, 2), (128, 0), (128, 1)]


@pytest.mark.parametrize("balance", ["uncertainty", ByNorms()], ids=["losses", "gramian"])
def test_the_scale_leaves_no_trace_in_the_step(balance: Any) -> None:
    """In float32 a scale of a power of two is exact: the same step as without."""
    program, part = toy.program(BLOCK, balance, given="esmm"), toy.data().train[0]
    plain, step = make(program, toy.data()), scaled(program)
    for one in (plain, step):
        run(one, part, 0, 3)
    found = {name: value for name, value in state_of(step).items() if not name.startswith("scaling/")}
    assert difference(state_of(plain), found) < 1e-6


def test_scaled_slices_add_up_to_the_whole() -> None:
    block = toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.0)
    for balance in ("uncertainty", ByNorms()):
        program, part = toy.program(block, balance), toy.data().train[0]
        whole, slices = scaled(program), scaled(program, functools.partial(Accumulated, slices=4))
        for step in (whole, slices):
            run(step, part, 0, 2)
        assert difference(state_of(whole), state_of(slices), skip="sums") < 1e-5


def test_going_on_from_a_state_equals_never_having_stopped() -> None:
    program, part = toy.program(BLOCK, "uncertainty", precision=HALF), toy.data().train[0]
    whole, first, second = scaled(program), scaled(program), scaled(program)
    run(whole, part, 0, 4)
    run(first, part, 0, 2)
    set_state(second, state_of(first))
    run(second, part, 2, 4)
    assert difference(state_of(whole), state_of(second)) == 0


def test_a_loss_that_is_not_finite_ends_the_training() -> None:
    prepared = toy.data()
    prepared.train[0].floats[:] = np.inf
    with pytest.raises(MtlError, match="not a finite number") as error:
        train(toy.program(BLOCK, precision=HALF), prepared)
    assert error.value.problems[0].code == "MTL301"


def test_a_gradient_that_never_fits_ends_the_training() -> None:
    step, part = scaled(toy.program(keras.layers.Dense(4), precision=HALF)), toy.data().train[0]
    steep = step.variables[0]
    steep.assign(np.full(steep.shape, 1e-3))
    step.scaled = lambda loss: step.scaling.up(loss) + float("nan") * loss  # type: ignore[union-attr]
    for i in range(17):
        run(step, part, i, i + 1)
    assert float(step.scaling.scale.numpy()) == 1.0  # type: ignore[union-attr]
    assert np.isnan(np.array(steep)).any(), "it shows in the next loss"


TWO = """
import sys
sys.path.insert(0, "tests")
import numpy as np
from train.two import shares, strategy
from tests import toy
from train.test_precision import ByNorms, scaled, difference, run, state_of
strategy = strategy()
part = toy.data().train[0]
share = shares(strategy, 0, 40, 128)
program = toy.program(toy.word("block", "mlp", units=(8,), dropout=0.0), ByNorms())
one = scaled(program)
with strategy.scope():
    two = scaled(program)
run(one, part, 0, 1)
two.run(*map(share, (part.ids, part.floats, part.labels)))
print(difference(state_of(one), state_of(two), skip="sums"))
before = state_of(two)
two.scaling.scale.assign(1e38)
bad = part.floats.copy()
bad[:40] = 1e6  # of one replica alone
two.run(*map(share, (part.ids, bad, part.labels)))
after = state_of(two)
print(sum((before[name] != after[name]).any() for name in before if not name.startswith("scaling/")))
"""


def test_replicas_agree_on_what_overflows() -> None:
    difference, moved = printed(TWO)
    assert difference < 1e-5
    assert moved == 0
