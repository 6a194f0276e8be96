"""What the papers prove, as properties of Jacobians of all kinds; masks and numbers that are none."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.balance._base import TROUBLE, Balance, BalanceTask, Evidence, one_scale
from mtl_magic.vocabulary import vocabulary
from tests.balance.jacobians import draw

WORDS = vocabulary().words("balance")
ALL = [w for w in WORDS if vocabulary().find("balance", w).uses != "features"]
GRAMIAN = [w for w in ALL if vocabulary().find("balance", w).uses == "gramian"]
CHANCE = {"pcgrad", "gradvac", "random"}  # which task is drawn depends on its place
some = settings(max_examples=12, deadline=None)
jacobians = st.builds(
    draw,
    st.sampled_from(["well", "conflicting", "collinear", "deficient"]),
    st.sampled_from([2, 3, 5]),
    st.integers(0, 10**6),
)


@functools.cache
def made(name: str, **options: Any) -> Any:
    return vocabulary().find("balance", name)(**options)


def tasks_of(k: int) -> tuple[BalanceTask, ...]:
    return tuple(BalanceTask(str(i), classification=True) for i in range(k))


def weigh(
    method: Balance,
    gramian: Any,
    losses: Any = None,
    active: Any = None,
    state: Any = None,
    *,
    kind: Any = tf.float64,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Weights and state after one step."""
    k = len(gramian)
    losses = tf.constant(np.linspace(0.4, 1.2, k) if losses is None else losses, tf.float32)
    active = tf.constant([True] * k if active is None else active)
    state = method.start(tasks_of(k)) if state is None else state
    state = {name: tf.constant(value) for name, value in state.items()}
    evidence = Evidence(losses, losses, active, tf.constant(0, tf.int64), tf.constant(gramian, kind))
    w, after = method.weights(evidence, state, tasks_of(k))
    return w.numpy().astype("float64"), {name: value.numpy() for name, value in after.items()}


def direction(name: str, J: np.ndarray, **options: Any) -> np.ndarray:
    return J.T @ weigh(made(name, **options), J @ J.T)[0]


# -- what is proved of directions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["upgrad", "dualproj", "mgda", "nash_mtl", "fairgrad"])
@given(J=jacobians)
@some
def test_no_task_is_harmed(name: str, J: np.ndarray) -> None:
    d = direction(name, J)
    assert (J @ d >= -1e-6 * np.linalg.norm(J, axis=1) * np.linalg.norm(J)).all()


@given(J=jacobians)
@some
def test_mgda_serves_every_task_by_its_own_square(J: np.ndarray) -> None:
    """Désidéri 2012, theorem 2: g·d ≥ ‖d‖² for all gradients."""
    d = direction("mgda", J, norm=None)
    assert (J @ d >= d @ d - 1e-8 * (J**2).sum()).all()


@given(k=st.sampled_from([2, 3, 5, 12]), seed=st.integers(0, 10**6))
@some
def test_imtl_g_has_equal_projections_and_config_equal_cosines(k: int, seed: int) -> None:
    J = draw("conflicting", k, seed)
    units = J / np.linalg.norm(J, axis=1, keepdims=True)
    for name in ("imtl_g", "config"):
        d = direction(name, J)
        projections = units @ d / np.linalg.norm(d)
        assert np.ptp(projections) < 1e-8
        if name == "config":
            assert (projections > 0).all()


@given(J=jacobians)
@some
def test_cagrad_stays_in_its_ball_and_beats_the_mean_for_the_worst_task(J: np.ndarray) -> None:
    d, mean = direction("cagrad", J, c=0.5), J.mean(axis=0)
    assert np.linalg.norm(d - mean) <= 0.5 * np.linalg.norm(mean) * (1 + 1e-6)
    assert (J @ d).min() >= (J @ mean).min() - 1e-8 * (J**2).sum()


@given(k=st.sampled_from([2, 3, 5]), seed=st.integers(0, 10**6))
@some
def test_nash_mtl_bargain_and_aligned_mtl_condition(k: int, seed: int) -> None:
    J = draw("well", k, seed)
    w, _ = weigh(made("nash_mtl"), J @ J.T)
    assert np.allclose(w * (J @ J.T @ w), 1, atol=1e-9)
    w, _ = weigh(made("aligned_mtl"), J @ J.T)
    assert np.isclose(np.linalg.norm(J.T @ w), np.linalg.svd(J)[1][-1] / np.sqrt(k))


@pytest.mark.parametrize("name", ["upgrad", "dualproj", "mgda"])
@given(k=st.sampled_from([2, 3, 5]), seed=st.integers(0, 10**6))
@some
def test_nothing_moves_where_a_convex_combination_is_nought(name: str, k: int, seed: int) -> None:
    J = draw("stationary", k, seed)
    assert np.linalg.norm(direction(name, J)) < 1e-5 * np.linalg.norm(J, axis=1).min()


@given(J=jacobians, seed=st.integers(0, 10**6))
@some
def test_upgrad_is_linear_under_scaling_and_the_scale_free_do_not_mind(J: np.ndarray, seed: int) -> None:
    """Quinton & Rey 2024, definition 3: c ↦ direction of diag(c) J is linear in c > 0."""
    a, b = np.random.default_rng(seed).uniform(0.1, 10, (2, len(J), 1))
    both = direction("upgrad", (a + b) * J)
    assert np.allclose(both, direction("upgrad", a * J) + direction("upgrad", b * J), atol=1e-5 * np.abs(J).max())
    d, e = direction("nash_mtl", J), direction("nash_mtl", a * J)
    if np.linalg.eigvalsh(J @ J.T)[0] > 1e-3:
        assert np.allclose(d, e, atol=1e-6)


@pytest.mark.parametrize("name", ["nash_mtl", "imtl_g", "config", "db_mtl", "geometric"])
@given(k=st.sampled_from([2, 3, 5]), seed=st.integers(0, 10**6))
@some
def test_the_direction_of_the_scale_free_does_not_mind_a_losss_unit(name: str, k: int, seed: int) -> None:
    J, losses = draw("well", k, seed), np.linspace(0.4, 1.2, k)
    unit = 10.0 ** np.random.default_rng(seed).uniform(-2, 2, k)
    d = J.T @ weigh(made(name), J @ J.T, losses)[0]
    scaled = unit[:, None] * J
    e = scaled.T @ weigh(made(name), scaled @ scaled.T, unit * losses)[0]
    assert np.allclose(d / np.linalg.norm(d), e / np.linalg.norm(e), atol=1e-4)


@given(J=jacobians, order=st.randoms(use_true_random=False))
@settings(max_examples=3, deadline=None)
def test_no_task_is_preferred_by_its_place(J: np.ndarray, order: Any) -> None:
    p = list(range(len(J)))
    order.shuffle(p)
    losses = np.linspace(0.4, 1.2, len(J))
    for name in set(ALL) - CHANCE - {"metabalance"}:
        w, _ = weigh(made(name), J @ J.T, losses)
        moved, _ = weigh(made(name), J[p] @ J[p].T, losses[p])
        assert np.allclose(J.T @ w, J[p].T @ moved, atol=1e-4 * np.abs(w).max() * np.abs(J).max()), name


# -- every method -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_one_task_is_trained_as_alone(name: str) -> None:
    w, _ = weigh(made(name), np.array([[4.0]]), [0.7])
    assert w[0] > 0
    assert one_scale(tf.constant(w), tf.constant([True])).numpy().tolist() == [1.0]


@pytest.mark.parametrize("name", GRAMIAN)
def test_many_tasks_are_solved_without_trouble(name: str) -> None:
    J = draw("conflicting", 32, 0, width=64)
    w, state = weigh(made(name), J @ J.T)
    assert np.isfinite(w).all()
    assert state[TROUBLE] == 0


@pytest.mark.parametrize("name", GRAMIAN)
def test_the_gramian_of_a_training_is_enough(name: str) -> None:
    """float32, as the step has it: the direction is that of float64 to what its entries are exact to."""
    J = draw("conflicting", 5, 1)
    found, exact = (J.T @ weigh(made(name), J @ J.T, kind=kind)[0] for kind in (tf.float32, tf.float64))
    assert np.allclose(found / np.linalg.norm(found), exact / np.linalg.norm(exact), atol=2e-4)


@pytest.mark.parametrize("name", ALL)
def test_inactive_tasks_change_nothing(name: str) -> None:
    """The answer of the others is that of their own problem, and what the absent one's evidence holds is not looked at."""
    J = draw("conflicting", 4, 3)
    losses = np.array([0.4, 0.9, 1.3, 0.6])
    active = np.array([True, False, True, True])
    method = made(name)
    start = {n: np.copy(v) for n, v in method.start(tasks_of(4)).items()}
    gramian = J @ J.T
    w, after = weigh(method, gramian, losses, active, start)
    odd = gramian.copy()
    odd[1], odd[:, 1] = np.nan, np.nan
    again, same = weigh(method, odd, np.where(active, losses, 0), active, start)
    assert np.allclose(w[active], again[active])
    if name not in CHANCE:
        alone, _ = weigh(method, gramian[np.ix_(active, active)], losses[active])
        assert np.allclose(w[active], alone, rtol=1e-5)
    for key, value in after.items():
        assert np.isfinite(same[key]).all(), key
        if value.ndim:
            assert np.array_equal(value[1], start[key][1]), key


@pytest.mark.parametrize("name", GRAMIAN)
def test_no_gradient_that_is_none_reaches_a_weight(name: str) -> None:
    for odd in (0.0, np.inf, np.nan):
        gramian = np.eye(3) + 0.2
        gramian[1], gramian[:, 1] = odd, odd
        w, state = weigh(made(name), gramian, kind=tf.float32)
        assert np.isfinite(w).all()
        assert w[1] == 0
        assert all(np.isfinite(value).all() for value in state.values())
    w, _ = weigh(made(name), np.zeros((3, 3)), active=[False] * 3)
    assert (w == 0).all()


def test_a_solver_without_an_answer_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from mtl_magic.balance.solve import fair

    monkeypatch.setattr(fair, "ITERATIONS", 1)
    w, state = weigh(made("nash_mtl"), draw("conflicting", 5, 0) @ draw("conflicting", 5, 0).T)
    assert np.allclose(w, 1 / 5)
    assert state[TROUBLE] == 1


# one of each kind of solver, and of what has a state or draws orders
COMPILED = ("upgrad", "nash_mtl", "cagrad", "aligned_mtl", "imtl_g", "config", "gradnorm", "gradvac", "famo")


@pytest.mark.parametrize(("name", "xla"), [*((name, False) for name in ALL), *((name, True) for name in COMPILED)])
def test_the_graph_says_what_the_operations_say(name: str, *, xla: bool) -> None:
    J = draw("well", 3, 0)
    method = made(name)
    state = {n: tf.constant(v) for n, v in method.start(tasks_of(3)).items()}
    losses, active = tf.constant([0.4, 0.8, 1.2]), tf.constant([True, True, False])
    step = tf.constant(7, tf.int64)

    def run(gramian: Any) -> Any:
        w, after = method.weights(Evidence(losses, losses, active, step, gramian), state, tasks_of(3))
        for key, value in after.items():
            assert value.dtype == tf.float32
            assert value.shape == state[key].shape
        assert w.dtype == tf.float32
        return w

    gramian = tf.constant(J @ J.T, tf.float32)
    compiled = tf.function(run, jit_compile=xla, autograph=False)(gramian)
    assert np.allclose(compiled, run(gramian), rtol=1e-3, atol=1e-5)
