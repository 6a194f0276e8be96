"""Methods with a state, or of losses: values that their papers' formulas give by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import mtl_magic
from mtl_magic.balance._base import BalanceTask, Evidence
from tests.toy import word

create = mtl_magic.balance.create
TASKS = (BalanceTask("a", classification=True), BalanceTask("b", classification=True))


def test_loss_methods_are_their_formulas() -> None:
    losses = np.array([0.5, 2.0])
    assert np.allclose(create("geometric", 2).update(losses), 1.0 / (2 * losses))
    e = np.exp(1 / losses)
    assert np.allclose(create("uw_so", 2).update(losses), e / e.sum())
    e = np.exp(losses / 0.5)
    assert np.allclose(create("stch", 2, mu=0.5).update(losses), e / e.sum())


def test_small_smoothing_heeds_the_worst_task_alone_and_does_not_overflow() -> None:
    assert np.allclose(create("stch", 2, mu=1e-3).update([5.0, 4.0]), [1, 0])


def test_random_weights_are_a_function_of_seed_and_step() -> None:
    first, again, other = (create("random", 3, seed=s) for s in (1, 1, 2))
    a, b, c = ([m.update([1, 1, 1]) for _ in range(3)] for m in (first, again, other))
    assert np.array_equal(a, b)
    assert not np.allclose(a, c)
    assert not np.allclose(a[0], a[1])
    assert np.allclose(np.sum(a, axis=1), 1)


def test_dwa_compares_the_means_of_two_epochs() -> None:
    dwa = create("dwa", 2, T=2.0, steps=2)
    for losses in ([4, 1], [2, 1], [1, 1], [2, 1]):
        assert np.allclose(dwa.update(losses), 1)
    e = np.exp(np.array([0.5, 1.0]) / 2)  # 1.5 after 3; 1 after 1
    assert np.allclose(dwa.update([1, 1]), 2 * e / e.sum())


@pytest.mark.parametrize("name", ["imtl_l", "uncertainty"])
def test_learnt_weights_come_to_their_optimum(name: str) -> None:
    options = {"form": "liebel"} if name == "uncertainty" else {}
    method = create(name, 2, lr=0.05, **options)
    losses = np.array([0.25, 0.6])
    w = np.zeros(2)
    for _ in range(400):
        w = method.update(losses)
    # Liebel's: w L (1 + w) = 1
    assert np.allclose(w, 1 / losses if name == "imtl_l" else (np.sqrt(1 + 4 / losses) - 1) / 2, rtol=0.02)


def test_famo_is_its_algorithm() -> None:
    famo = create("famo", 2, gamma=0.0, lr=0.1)
    losses = np.array([0.5, 1.0])
    assert np.allclose(famo.update(losses), [2 / 3, 1 / 3])
    famo.after([0.25, 1.0])  # the first improved: it weighs less, by one step of Adam each
    z = np.exp([-0.1, 0.1]) / np.exp([-0.1, 0.1]).sum()
    w = z / losses
    assert np.allclose(famo.update(losses), w / w.sum(), atol=1e-5)


def test_gradnorm_brings_norms_together_and_pulls_what_lags() -> None:
    """With losses at their start, w n is equal for all; a task whose loss stays where it was then weighs more."""
    gramian = np.diag([1.0, 16.0])
    even, lagging = (create("gradnorm", 2, lr=0.02, alpha=1.0, first=1) for _ in range(2))
    w = v = np.zeros(2)
    for i in range(250):
        w = even.update([1.0, 1.0], gramian)
        v = lagging.update([1.0, 1.0] if i == 0 else [1.0, 0.5], gramian)
    assert np.allclose(w * [1, 4], (w * [1, 4]).mean(), rtol=0.05)
    assert np.isclose(w.sum(), 2)
    assert v[0] / v[1] > 1.5 * w[0] / w[1]


def test_metabalance_brings_others_to_the_main_task() -> None:
    method = create("metabalance", ["a", "b"], main="b", relax=0.7)
    assert np.allclose(method.update(gramian=np.diag([16.0, 1.0])), [0.7 / 4 + 0.3, 1])


def test_excess_mtl_follows_what_has_gradient_left() -> None:
    method = create("excess_mtl", 2, lr=0.1)
    w = np.zeros(2)
    for i in range(50):
        w = method.update(gramian=np.diag([1.0, 0.5**i]))
    assert w[0] > w[1]
    assert np.isclose(w.sum(), 1)


def test_graddrop_lets_one_sign_pass() -> None:
    """Where all agree all passes; where they conflict one of two values, as often as its purity says."""
    features = tf.ones((2, 1000))
    cotangents = tf.stack([tf.ones((2, 1000)), -tf.ones((2, 1000)) / 3])
    method = word("balance", "graddrop")

    def run(cotangents: Any, step: int) -> Any:
        evidence = Evidence(tf.ones(2), tf.ones(2), tf.constant([True, True]), tf.constant(step, tf.int64))
        return method.combine([cotangents], [features], evidence, {}, TASKS)

    (found,), w, _ = run(cotangents, 0)
    assert np.allclose(np.unique(found.numpy().round(5)), [-0.33333, 1])
    assert np.array_equal(found[0], found[1])  # one mask for all rows
    assert abs((found.numpy()[0] > 0).mean() - 0.75) < 0.05
    assert np.allclose(w, [0.75, 0.25], atol=0.05)
    (again,), _, _ = run(cotangents, 0)
    (later,), _, _ = run(cotangents, 1)
    assert np.array_equal(found, again)
    assert not np.array_equal(found, later)
    (agreed,), w, _ = run(tf.abs(cotangents), 0)
    assert np.allclose(agreed, 4 / 3)
    assert np.allclose(w, 1)


def test_gradvac_with_no_usual_cosine_is_pcgrad() -> None:
    gramian = np.array([[1.0, -0.8], [-0.8, 4.0]])
    assert np.allclose(create("gradvac", 2).update(gramian=gramian), mtl_magic.balance.weights("pcgrad", gramian))
