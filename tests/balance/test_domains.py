"""What the papers prove, where gradients are taken in a training: at the shared representation, at the shared weights."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import mtl_magic
from tests import toy
from tests.train.test_balanced import made

NAMES = ("upgrad", "dualproj", "mgda", "imtl_g", "config")
OPTIONS: dict[str, Any] = {"mgda": {"norm": None}}


@functools.cache
def step_of(over: str) -> Any:
    """A step whose first two tasks have equal towers, so that labels turned round turn their gradients against each other."""
    step = made(toy.word("balance", "upgrad", over=over), toy.word("block", "mmoe", experts=2, units=(8,), dropout=0.0))
    equal_towers(step)
    return step


def equal_towers(step: Any) -> None:
    """Gives the second task the first one's tower and logits: all tasks' are one variable a layer."""
    for variable in step.above:
        value = variable.value.numpy()
        value[1] = value[0]
        variable.value.assign(value)


def batch(rows: int = 48) -> list[Any]:
    part = toy.data().train[0]
    return [tf.constant(a[:rows]) for a in (part.ids, part.floats, part.labels)]


def jacobian(step: Any, over: str, ids: Any, floats: Any, labels: Any) -> np.ndarray:
    """Each normalised loss's gradient (K, …) in a domain, by a tape of its own over the whole model."""
    touched = [t.touch(ids, step.rates.lr.value(), step.rates.step.value()) for t in step.tables]
    shared = [v.value for v in step.balanced.shared]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(shared)
        cut = step._trunk(ids, floats, touched)
        losses = tf.unstack(step._shares(cut, labels, step._counts(labels)) * step._scale())
    sources = shared if over == "parameters" else [cut[i] for i in step.net.shared]
    none = tf.UnconnectedGradients.ZERO
    rows = [tape.gradient(loss, sources, unconnected_gradients=none) for loss in losses]
    return np.stack([np.concatenate([np.ravel(g) for g in row]) for row in rows]).astype("float64")


@pytest.mark.parametrize("over", ["features", "parameters"])
@pytest.mark.parametrize("name", NAMES)
def test_theorems_hold_in_the_chosen_domain(name: str, over: str) -> None:
    """Of the weights that a step applies, not of a solver's answer alone: constants, scale and order of tasks are in them."""
    step, (ids, floats, labels) = step_of(over), batch()
    labels = tf.stack([labels[:, 0], 1 - labels[:, 0], labels[:, 2]], axis=1)
    step.change_method(toy.word("balance", name, over=over, **OPTIONS.get(name, {})))
    touched = [t.touch(ids, step.rates.lr.value(), step.rates.step.value()) for t in step.tables]
    step.balanced.gradients(ids, floats, labels, touched)
    J = jacobian(step, over, ids, floats, labels)
    d = J.T @ step.applied.numpy().astype("float64")
    norms = np.linalg.norm(J, axis=1)
    cosines = J @ d / (norms * np.linalg.norm(d))
    assert (J @ J.T / np.outer(norms, norms)).min() < -0.1
    if name in ("imtl_g", "config"):
        assert np.ptp(cosines) < 1e-3
    else:
        assert cosines.min() > -1e-3
    assert np.abs(step.applied.numpy()).sum() == pytest.approx(3, rel=1e-4)


@functools.cache
def linear() -> Any:
    """A step whose tasks share one linear layer of the looked-up embeddings."""
    return made(toy.word("balance", "mgda", over="parameters"), keras.layers.Dense(4, use_bias=False))


def gramians(step: Any, inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over features and over parameters, of a batch whose n-th row is the n-th of `inputs` (8, 8)."""
    (table,) = step.tables
    found = np.zeros(table.layer.table.shape, "float32")
    found[:8] = inputs
    table.layer.table.assign(found)
    # The user's embedding is the row; the other columns look up a row of zeros.
    ids = tf.constant(np.column_stack([np.arange(8), np.full((8, 3), 4)]).astype("int32"))
    floats, labels = tf.zeros((8, 2)), tf.constant(labels, tf.float32)
    touched = [table.touch(ids, step.rates.lr.value(), step.rates.step.value())]
    forward = step.balanced.forward(ids, floats, labels, touched, step._counts(labels))
    return forward.taps.gramian().numpy(), step.balanced._over_parameters(forward).numpy()


def test_domains_agree_where_the_layers_input_is_orthonormal() -> None:
    """∂L/∂W = Xᵀ ∂L/∂Z, so ⟨Xᵀδₖ, Xᵀδₗ⟩ = ⟨δₖ, XXᵀδₗ⟩, which is ⟨δₖ, δₗ⟩ for XXᵀ = 1; and not in general."""
    rng = np.random.default_rng(0)
    labels = np.column_stack([rng.integers(0, 2, (8, 2)), rng.normal(50, 10, 8)])
    orthonormal, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    features, parameters = gramians(linear(), orthonormal, labels)
    assert np.allclose(features, parameters, rtol=1e-4, atol=1e-5 * np.abs(features).max())
    features, parameters = gramians(linear(), rng.normal(size=(8, 8)), labels)
    assert not np.allclose(features, parameters, rtol=0.1)


def test_what_is_stationary_at_the_features_is_so_at_the_parameters() -> None:
    """Of opposite labels and logits of 0 the gradients are opposite, whatever the input's rows are."""
    step = linear()
    kept = [v.value.numpy() for v in (*step.below, *step.above)]
    try:
        step.below[0].value.assign(np.zeros(step.below[0].shape, "float32"))
        equal_towers(step)
        _, inner, kernel, bias = (v.value for v in step.above)
        inner.assign(np.full(inner.shape, 0.1, "float32"))  # or no unit of a tower would be above 0
        bias.assign(-0.1 * tf.reduce_sum(kernel, axis=1))
        labels = np.random.default_rng(1).integers(0, 2, 8)
        both = np.column_stack([labels, 1 - labels, np.full(8, np.nan)])
        for gramian in gramians(step, np.random.default_rng(2).normal(size=(8, 8)), both):
            w = mtl_magic.balance.weights("mgda", gramian, norm=None)
            assert (w[:2] > 0).all()
            assert w @ gramian @ w < 1e-6 * gramian.diagonal()[:2].min()
    finally:
        for variable, value in zip((*step.below, *step.above), kept, strict=True):
            variable.value.assign(value)
