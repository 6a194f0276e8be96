"""Numbers that a traced step takes: another one traces nothing, and is what the run is trained with."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import mtl_magic
from mtl_magic.assigned import Assigned, number
from mtl_magic.balance._base import BalanceTask, Evidence
from mtl_magic.parameters import Float, Int
from mtl_magic.train import reuse
from mtl_magic.train.control import Control
from mtl_magic.train.dropout import assign_rate
from mtl_magic.train.methods import method_of
from mtl_magic.vocabulary import vocabulary
from tests.train.test_reuse import table, tracings

__all__ = ["tracings"]  # a fixture

TASKS = "task click: binary\ntask watch: regression\ntrain epochs=1 batch=64"


def equal(one: mtl_magic.Run, two: mtl_magic.Run) -> None:
    assert one.metrics == two.metrics
    for a, b in zip(one.model.variables, two.model.variables, strict=True):
        if "seed" not in a.path:
            np.testing.assert_array_equal(np.array(a), np.array(b))


def configs(run: mtl_magic.Run) -> list[dict[str, object]]:
    found = [layer.get_config() for layer in run.model._flatten_layers() if not isinstance(layer, keras.Model)]
    return [{k: v for k, v in config.items() if k != "name"} for config in found]


def second(first: str, then: str, tracings: list[str], data: pd.DataFrame, steps: int = 0) -> mtl_magic.Run:
    """The run of the second cell behind the first: it has traced so many steps, and equals a fresh training."""
    reuse.take(None)
    fresh = mtl_magic.fit(then, data)
    reuse.take(None)
    mtl_magic.fit(first, data)
    del tracings[:]
    run = mtl_magic.fit(then, data)
    assert tracings.count("Step") == steps
    equal(run, fresh)
    assert configs(run) == configs(fresh)
    return run


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_assigned_dropout_is_that_of_keras(dtype: str) -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(50, 40)), dtype)
    rate = Assigned(0.5)
    for value in (0.1, 0.3, 0.75):
        layers = [keras.layers.Dropout(value, seed=7, dtype=dtype) for _ in range(2)]
        assign_rate(layers[1], rate)
        rate.assign(value)
        for training in (True, True, False):
            plain, assigned = (tf.function(layer, autograph=False)(x, training=training) for layer in layers)
            np.testing.assert_array_equal(plain, assigned)


def test_a_number_has_the_digits_of_a_constant() -> None:
    for value in (0.1, 1 / 3, 1e-12, 123456789.0):
        for dtype in ("float32", "float64"):
            assert number(Assigned(value), dtype) == number(value, dtype)
    assert int(number(Assigned(2**32 - 1), "int64")) == 2**32 - 1


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("share mlp(units=[8])", "share mlp(units=[8], dropout=0.4)"),
        ("share mmoe(experts=3, units=[8, 4], dropout=0.3)", "share mmoe(experts=3, units=[8, 4])"),
        ("share cross_stitch(units=[8])", "share cross_stitch(units=[8], dropout=0.25)"),
        ("feature user: category(dropout=0.1)", "feature user: category(dropout=0.2)"),
        ("feature price: number(dropout=0.3)", "feature price: number(dropout=0.2)"),
    ],
)
def test_another_dropout_traces_nothing(tracings: list[str], first: str, then: str) -> None:
    second(f"{first}\n{TASKS}", f"{then}\n{TASKS}", tracings, table())


@pytest.mark.parametrize(
    ("click", "watch", "steps"),
    [
        ("dropout=0.3", "dropout=0.3", 0),  # in one layer for both towers, in both cells
        ("dropout=0.3", "dropout=0.2", 1),  # in layers of their own
        ("dropout=0", "dropout=0", 1),  # in one layer without dropout
    ],
)
def test_towers_of_another_dropout(tracings: list[str], click: str, watch: str, steps: int) -> None:
    both = "task click: binary({})\ntask watch: regression({})\ntrain epochs=1 batch=64"
    second(both.format("dropout=0.2", "dropout=0.2"), both.format(click, watch), tracings, table(), steps)


def test_which_feature_has_dropout_is_another_graph(tracings: list[str]) -> None:
    data = table().assign(age=lambda t: t.price**2)
    first, then = ("feature price: number(dropout={})\nfeature age: number(dropout={})\n" + TASKS,) * 2
    second(first.format(0.2, 0), then.format(0, 0.2), tracings, data, steps=1)
    second(first.format(0.2, 0.3), then.format(0.3, 0.2), tracings, data)


@pytest.mark.parametrize("train", ["jit=true", "precision=mixed_float16", "accumulate=2", "precision=mixed"])
def test_another_dropout_of_other_steps(tracings: list[str], train: str) -> None:
    cell = f"share mlp(units=[8], dropout={{}})\n{TASKS} {train}"
    second(cell.format(0.2), cell.format(0.3), tracings, table())


def test_a_run_has_the_number_as_its_own(tracings: list[str], tmp_path: pathlib.Path) -> None:
    cell = f"share mmoe(experts=2, units=[8], dropout={{}})\n{TASKS}"
    run = second(cell.format(0.1), cell.format(0.35), tracings, data := table())
    rates = [layer.rate for layer in run.model._flatten_layers() if type(layer) is keras.layers.Dropout]
    assert set(rates) == {0.35}
    run.save(tmp_path / "run")
    loaded = mtl_magic.load(tmp_path / "run")
    assert configs(loaded) == configs(run)
    pd.testing.assert_frame_equal(loaded.predict(data), run.predict(data))
    assert "dropout=0.35" in run.code()


@pytest.mark.parametrize(
    ("first", "then", "steps"),
    [
        ("mmoe(temperature=2)", "mmoe(temperature=0.5)", 0),
        ("mmoe(temperature=2, gate_dropout=0.2)", "mmoe(gate_dropout=0.1)", 0),
        ("mmoe(importance=0.1, entropy=0.2)", "mmoe(importance=0.3, entropy=0.05)", 0),
        ("ple(levels=2, temperature=2, dropout=0.2)", "ple(levels=2, temperature=0.7)", 0),
        ("dselect_k(experts=4)", "dselect_k(experts=4, gamma=1.5)", 0),
        ("dselect_k(experts=4, importance=0.1, entropy=0.1)", "dselect_k(experts=4, importance=0.2, entropy=0.3)", 0),
        ("mmoe(temperature=2)", "mmoe(temperature=1)", 1),  # a softmax, and no more
        ("mmoe(importance=0.1)", "mmoe(entropy=0.1)", 1),
        ("mmoe(gate_dropout=0.1, temperature=2)", "mmoe(temperature=2)", 1),
    ],
)
def test_what_gates_are_told(tracings: list[str], first: str, then: str, steps: int) -> None:
    cells = (f"share {block[:-1]}, units=[4])\n{TASKS}" for block in (first, then))
    second(*cells, tracings, table(), steps)


# Each option that is declared so, with another value than its default.
OPTIONS = {
    "cagrad": "c=0.2",
    "dwa": "T=0.7",
    "excess_mtl": "lr=0.2",
    "fairgrad": "alpha=1.3",
    "famo": "gamma=0.01, lr=0.1",
    "graddrop": "leak=0.3, seed=4",
    "gradnorm": "alpha=0.7, lr=0.1, first=3",
    "gradvac": "beta=0.3, seed=4",
    "imtl_l": "lr=0.1",
    "metabalance": "relax=0.2, beta=0.5",
    "pcgrad": "seed=3",
    "random": "seed=5",
    "stch": "mu=0.2",
    "uncertainty": "lr=0.1",
    "uw_so": "T=0.3",
}
GRAPH = {"part", "every", "one_in", "steps"}  # numbers that decide shapes, or which operations there are


def test_every_number_of_a_method_is_assigned_or_the_graphs() -> None:
    found: dict[str, set[str]] = {}
    for word in vocabulary().words("balance"):
        for p in vocabulary().find("balance", word).options():
            numeric = any(isinstance(t, (Float, Int)) for t in getattr(p.type, "types", (p.type,)))
            assert p.assigned == (numeric and p.name not in GRAPH), (word, p.name)
            if p.assigned:
                found.setdefault(word, set()).add(p.name)
    assert {word: set(re.findall(r"(\w+)=", text)) for word, text in OPTIONS.items()} == found


@pytest.mark.parametrize("word", sorted({*OPTIONS} - {"graddrop"}))
def test_a_method_weighs_by_an_assigned_number_as_by_its_own(word: str) -> None:
    tasks = (BalanceTask("a", True), BalanceTask("b", False), BalanceTask("c", True))
    plain, other = method_of(f"{word}({OPTIONS[word]})"), method_of(word)
    numbers = {p.name: Assigned(getattr(other, p.name)) for p in other.options() if p.assigned}
    assigned = dataclasses.replace(other, **numbers)
    for name, each in numbers.items():
        each.assign(getattr(plain, name))
    draw = np.random.default_rng(0)
    states = [{k: tf.constant(v) for k, v in m.start(tasks).items()} for m in (plain, assigned)]
    for step in range(4):
        jacobian = draw.normal(size=(3, 7))
        losses = tf.constant(draw.uniform(0.2, 2, 3), tf.float32)
        gramian = tf.constant(jacobian @ jacobian.T, tf.float32)
        evidence = Evidence(losses, losses, tf.constant([True] * 3), tf.constant(step, tf.int64), gramian, 2)
        found = []
        for i, method in enumerate((plain, assigned)):
            call = functools.partial(method.weights, evidence, states[i], tasks)
            weights, states[i] = tf.function(call, autograph=False)()
            if method.looks_back:
                states[i] = method.after(evidence, losses * 0.9, states[i], tasks)
            found.append(weights)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    for name, value in states[0].items():
        np.testing.assert_allclose(value, states[1][name], rtol=1e-5, atol=1e-7)


def test_a_ball_without_a_radius_holds_the_mean() -> None:
    gramian = tf.constant([[2.0, -1.0, 0.0], [-1.0, 3.0, 0.5], [0.0, 0.5, 1.0]])
    for k in (3, 2):
        evidence = Evidence(tf.ones(k), tf.ones(k), tf.constant([True] * k), 0, gramian[:k, :k])
        tasks = tuple(BalanceTask(str(i), True) for i in range(k))
        method = dataclasses.replace(method_of("cagrad"), c=Assigned(0.0))
        weights, state = method.weights(evidence, method.start(tasks), tasks)
        np.testing.assert_allclose(weights, np.full(k, 1 / k), rtol=1e-6)
        assert float(state["trouble"]) == 0


@pytest.mark.parametrize("word", sorted(OPTIONS))
def test_other_options_of_a_method_trace_nothing(tracings: list[str], word: str) -> None:
    second(f"{TASKS}\nbalance {word}", f"{TASKS}\nbalance {word}({OPTIONS[word]})", tracings, table())


@pytest.mark.parametrize(("word", "train"), [("famo", "accumulate=2"), ("cagrad", "jit=true"), ("stch", "jit=true")])
def test_other_options_of_other_steps(tracings: list[str], word: str, train: str) -> None:
    cells = (f"{TASKS} {train}\nbalance {method}" for method in (f"{word}({OPTIONS[word]})", word))
    second(*cells, tracings, table())


def test_options_that_are_the_graphs_are_traced(tracings: list[str]) -> None:
    for first, then in (("gradnorm", "gradnorm(every=2)"), ("uncertainty", "uncertainty(form=liebel)")):
        second(f"{TASKS}\nbalance {first}", f"{TASKS}\nbalance {then}", tracings, table(), steps=1)


def test_a_method_that_is_changed_by_hand_is_not_kept(tracings: list[str]) -> None:
    cell = f"{TASKS}\nbalance stch(mu={{}})"
    control = Control()
    control.set_method("stch(mu=3)")
    reuse.take(None)
    mtl_magic.fit(cell.format(0.5), table(), control=control)
    del tracings[:]
    run = mtl_magic.fit(cell.format(0.4), table())
    assert tracings.count("Step") == 1
    reuse.take(None)
    equal(run, mtl_magic.fit(cell.format(0.4), table()))


def test_a_search_over_numbers_traces_one_graph(tracings: list[str]) -> None:
    cell = "share mlp(units=[8], dropout=range(0.05, 0.5))\nbalance cagrad(c=range(0.1, 0.9))\nsplit valid=0.2"
    run = mtl_magic.fit(f"{cell}\n{TASKS}\ntune trials=4 method=random", table())
    assert tracings.count("Step") == 1
    trials = run.search.trials
    assert len(trials) == 4
    assert trials.status.eq("finished").all()
    best = run.search.best_trial
    rates = {layer.rate for layer in run.model._flatten_layers() if type(layer) is keras.layers.Dropout}
    assert rates == {value for name, value in best.values.items() if "dropout" in name}
