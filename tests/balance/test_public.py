"""The methods in a loop of one's own, and rules of one's own."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import mtl_magic
from mtl_magic import MtlError
from mtl_magic.language import parse
from mtl_magic.language.resolve import resolve
from mtl_magic.train.own_rule import try_own_rule
from mtl_magic.vocabulary import vocabulary
from tests.balance.jacobians import draw

EYE = np.eye(2)


def refused(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(MtlError) as raised:
        call(*args, **options)
    (problem,) = raised.value.problems
    assert problem.code == "MTL470"
    return f"{problem.message} | {problem.hint}"


def test_weights_are_on_the_papers_own_scale() -> None:
    """Of orthogonal unit gradients: Nash's w is 1, a simplex' 1/2, PCGrad's sum 1."""
    weights = mtl_magic.balance.weights
    assert np.allclose(weights("nash_mtl", EYE), 1)
    assert np.allclose(weights("mgda", EYE), 0.5)
    assert np.allclose(weights("upgrad", EYE), 0.5)
    assert np.allclose(weights("pcgrad", EYE), 1)
    assert weights("upgrad", EYE).dtype == np.float64


def test_a_task_without_gradient_has_no_weight_and_half_of_the_mean() -> None:
    assert mtl_magic.balance.weights("upgrad", np.diag([1.0, 0.0, 4.0])).tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        (("upgrd", EYE), {}, "did you mean 'upgrad'?"),
        (("cagrad", EYE), {"c": 2}, "'c' of 'cagrad' is a number of at least 0 and below 1, not 2"),
        (("cagrad", EYE), {"radius": 1}, "'cagrad' has no option 'radius'"),
        (("upgrad", np.ones((2, 3))), {}, "the Gramian has the shape (2, 3)"),
        (("upgrad", [[1, 2], [0, 1]]), {}, "not symmetric"),
        (("famo", EYE), {}, "balance.create('famo', tasks=…)"),
        (("gradnorm", EYE), {"losses": [1, 1]}, "has a state from step to step"),
        (("graddrop", EYE), {}, "works on the gradients themselves"),
        (("db_mtl", EYE), {}, "needs the losses too"),
        (("mgda", EYE), {"norm": "loss"}, "needs the losses too"),
    ],
)
def test_what_does_not_fit_is_said(args: Any, options: Any, said: str) -> None:
    assert said in refused(mtl_magic.balance.weights, *args, **options)


def test_what_an_update_lacks_is_said() -> None:
    create = mtl_magic.balance.create
    assert "needs a Gramian" in refused(create("gradnorm", 2).update, losses=[1, 1])
    assert "needs losses" in refused(create("famo", 2).update)
    assert "have the shape (3,)" in refused(create("famo", 2).update, losses=[1, 1, 1])
    assert "comes after 'update'" in refused(create("famo", 2).after, [1, 1])
    assert "there is no task" in refused(create, "famo", 0)


@pytest.mark.parametrize("name", ["gradnorm", "famo", "dwa", "uncertainty", "gradvac", "metabalance", "excess_mtl"])
def test_a_loop_that_goes_on_from_a_state_is_the_same(name: str) -> None:
    """All that the next weights depend on is the state and the step."""

    def run(balancer: Any, steps: range) -> list[np.ndarray]:
        found = []
        for i in steps:
            rng = np.random.default_rng(i)
            J = draw("conflicting", 3, i)
            found.append(balancer.update(losses=rng.uniform(0.5, 1, 3), gramian=J @ J.T))
            balancer.after(rng.uniform(0.4, 0.9, 3))
        return found

    create = mtl_magic.balance.create
    options = {"steps": 3} if name == "dwa" else {}
    whole = run(create(name, 3, **options), range(10))
    first = create(name, 3, **options)
    run(first, range(5))
    second = create(name, 3, **options)
    second.state, second.step = {k: np.copy(v) for k, v in first.state.items()}, 5
    assert np.array_equal(run(second, range(5, 10)), whole[5:])
    assert not np.allclose(whole[0], whole[-1])


# -- rules of one's own -----------------------------------------------------------------------------------------------


def program(rule: Any) -> Any:
    return resolve(parse("task a: binary\ntask b: binary\nbalance {rule}", vocabulary()), vocabulary(), {"rule": rule})


def test_a_rule_of_the_gramian_is_a_method() -> None:
    made = program(lambda gramian: 1 / tf.sqrt(tf.linalg.diag_part(gramian)))
    try_own_rule(made, 2)
    assert (made.balance.uses, made.balance.rescaled) == ("gramian", True)


def test_a_rule_of_the_losses_is_one_too() -> None:
    made = program(lambda losses, active: tf.where(active, 1 / losses, 0.0))
    try_own_rule(made, 2)
    assert (made.balance.uses, made.balance.rescaled) == ("losses", False)


@pytest.mark.parametrize("rule", [lambda: 1, lambda x: x, 3, dict, lambda active: active])
def test_what_is_no_rule_is_refused_at_its_place(rule: Any) -> None:
    with pytest.raises(MtlError) as raised:
        program(rule)
    (problem,) = raised.value.problems
    assert problem.code == "MTL041"
    assert problem.span is not None
    assert problem.span.line == 3


@pytest.mark.parametrize("rule", [lambda losses: 1 / 0, lambda losses: losses[:1], lambda gramian: gramian])
def test_a_rule_that_fails_is_told_before_training(rule: Any) -> None:
    with pytest.raises(MtlError) as raised:
        try_own_rule(program(rule), 2)
    (problem,) = raised.value.problems
    assert (problem.code, problem.span.line) == ("MTL309", 3)


@pytest.mark.parametrize("name", vocabulary().words("balance"))
def test_a_methods_page_is_whole(name: str) -> None:
    """Its formula, when to use it, what it costs, and the paper with a place in it; what is nobody's says so by itself."""
    page = (pathlib.Path(__file__).parents[2] / "docs" / "balancing.md").read_text()
    section = page.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    for part in ("**When:** ", "**Cost:** "):
        assert part in section
    said = section.partition("**When:**")[0] + section.partition("**Cost:**")[2]
    assert any(sign in said for sign in "=∑Σ→")
    if name not in ("equal", "static"):
        (paper,) = re.findall(r"(?m)^Paper: (.*)\.$", section)
        assert re.search(r"\b(19|20)\d\d\b", paper)
        assert re.search(r"eq\. \d|algorithm \d|section \d|proposition \d", paper)


def test_the_pages_examples_run() -> None:
    page = (pathlib.Path(__file__).parents[2] / "docs" / "balancing.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {"J": np.array([[1.0, 0.0], [-1.0, 1.0]]), "tf": tf}
    for block in blocks:
        exec(block, names)
    assert np.allclose(names["rule"](tf.constant(EYE, tf.float64)), 1)
    assert names["famo"].state["t"].tolist() == [1, 1]
    assert names["w"].shape == (2,)
