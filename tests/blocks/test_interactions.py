"""Cross networks, factorization machines, PEPNet and STAR against the papers' formulas in NumPy, and what moves what."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from mtl_magic.model.inputs import layout
from mtl_magic.problems import MtlError
from tests.blocks.reaching import (
    ALL,
    SCHEMA,
    TASKS,
    dense,
    inputs,
    net_of,
    reached,
    read,
    relu,
    scattered,
    sigmoid,
    trunk_inputs,
    weights,
)
from tests.toy import word


def built(name: str, **options: Any) -> Any:
    return scattered(net_of(word("block", name, **options)))


def feature(x: np.ndarray, name: str) -> np.ndarray:
    """The columns of a feature among the sources (B, width)."""
    start, found = 0, []
    for piece, width in layout(SCHEMA, [f.name for f in SCHEMA.features]):
        if piece.rpartition(" ")[0] == name:
            found.append(x[:, start : start + width])
        start += width
    return np.concatenate(found, 1)


@pytest.mark.parametrize("rank", [None, 3])
def test_cross_multiplies_with_the_inputs_at_each_layer(rank: int | None) -> None:
    """Wang et al. 2021, eq. 1 and 2."""
    net = built("cross", layers=2, rank=rank)
    x, found = read(net)
    h = x
    for i in range(2):
        low = h if rank is None else h @ weights(net, f"cross_v_dense_{i}")[0]
        h = x * dense(low, net, f"cross_dense_{i}") + h
    for value in found:
        np.testing.assert_allclose(value, h, rtol=1e-4, atol=1e-5)
    assert all(tasks == ALL for tasks in reached(net).values())


def test_fm_sums_the_products_of_all_pairs() -> None:
    """Rendle 2010, eq. 1, pair by pair: Σ_{i<j} vᵢ ⊙ vⱼ."""
    net = built("fm", dim=8)
    x, found = read(net)
    v = [feature(x, "user"), feature(x, "tags"), feature(x, "x") @ weights(net, "fm_pairs")[0]]
    want = sum(a * b for a, b in itertools.combinations(v, 2))
    for value in found:
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)


def gate(prior: np.ndarray, x: np.ndarray, net: Any, name: str) -> np.ndarray:
    """PEPNet, Gate NU: δ = 2 σ(relu([prior; x] W + b) W' + b')."""
    hidden = relu(dense(np.concatenate([prior, x], 1), net, f"{name}_dense_0"))
    return 2 * sigmoid(dense(hidden, net, f"{name}_dense_1"))


def test_epnet_scales_what_is_read() -> None:
    """Chang et al. 2023, EPNet."""
    net = built("epnet", gate=("x",), hidden=5)
    x, found = read(net)
    for value in found:
        np.testing.assert_allclose(value, x * gate(feature(x, "x"), x, net, "epnet_gate"), rtol=1e-4, atol=1e-5)


def test_no_gradient_flows_back_through_what_a_gate_sees_of_the_sources() -> None:
    import tensorflow as tf

    net = built("epnet", gate=("x",), hidden=5)
    given = trunk_inputs(net)
    with tf.GradientTape() as tape:
        tape.watch(given[-1])
        read_ = net.trunk(given)
        total = tf.reduce_sum(read_[0] if isinstance(read_, (list, tuple)) else read_)
    gradient = np.array(tape.gradient(total, given[-1]))
    x = read(net)[0]
    user = feature(gate(feature(x, "x"), x, net, "epnet_gate"), "user")
    np.testing.assert_allclose(gradient[:, 0], user, rtol=1e-4, atol=1e-5)  # δ alone: as if the gate saw no user


def test_ppnet_scales_each_layer_of_each_taker() -> None:
    """Chang et al. 2023, PPNet."""
    net = built("ppnet", gate=("user", "x"), units=(5, 4), hidden=6, dropout=0.0)
    x, found = read(net)
    prior = np.concatenate([feature(x, "user"), feature(x, "x")], 1)
    for task, value in zip(TASKS, found, strict=True):
        h = x
        for i in range(2):
            h = relu(dense(h, net, f"ppnet_{task}_level_{i}_dense_0"))
            h = h * gate(prior, x, net, f"ppnet_{task}_gate_{i}")
        np.testing.assert_allclose(value, h, rtol=1e-4, atol=1e-5)
    found = reached(net)
    assert found.pop("table") == ALL
    assert len(found) == 3 * 2 * 3
    for layer, tasks in found.items():
        assert tasks == {next(t for t in TASKS if f"_{t}_" in layer)}


def test_star_multiplies_shared_weights_by_those_of_the_domain() -> None:
    """Sheng et al. 2021, eq. 6-7."""
    net = built("star", domain="user", units=(5, 4), dropout=0.0)
    x, found = read(net)
    h, domain = x, inputs()["ids"][:, 0]
    for i in range(2):
        kernel, bias, kernels, biases = weights(net, f"star_layer_{i}")
        h = np.stack([relu(row @ (kernel * kernels[d]) + bias + biases[d]) for row, d in zip(h, domain, strict=True)])
    for value in found:
        np.testing.assert_allclose(value, h, rtol=1e-4, atol=1e-5)


def test_rows_of_a_domain_move_its_weights_alone() -> None:
    import tensorflow as tf

    net = built("star", domain="user", units=(4,), dropout=0.0)
    layer = net.trunk.get_layer("star_layer_0")
    with tf.GradientTape() as tape:
        read_ = net.trunk(trunk_inputs(net, 3))
        total = tf.reduce_sum(read_[0] if isinstance(read_, (list, tuple)) else read_)
    gradient = np.array(tape.gradient(total, layer.domain_kernel.value))
    moved = set(np.flatnonzero(np.abs(gradient).sum((1, 2))))
    assert moved
    assert moved <= set(inputs(3)["ids"][:, 0].tolist())


def test_a_domain_that_training_never_saw_has_the_shared_weights() -> None:
    net = net_of(word("block", "star", domain="user", units=(4,), dropout=0.0))
    x, found = read(net)
    kernel, bias, *_ = weights(net, "star_layer_0")
    np.testing.assert_allclose(found[0], relu(x @ kernel + bias), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("star(domain=item_idd)", "names the feature 'item_idd', which there is not"),
        ("star(domain=tags)\nfeature tags: tags", "takes 'tags' for the domain of a row"),
        ("epnet(gate=[user_agee])", "names the feature 'user_agee', which there is not"),
        ("ppnet(gate=[user_id, agee])", "names the feature 'agee', which there is not"),
    ],
)
def test_features_that_cannot_steer(cell: str, says: str) -> None:
    from tests.explanation.cells import prepared

    with pytest.raises(MtlError) as caught:
        prepared(f"share {cell}\ntask click: binary")
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL048", 1, 7)
    assert says in problem.message
