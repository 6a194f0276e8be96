"""Blocks of experts and gates against the papers' formulas in NumPy, and whose loss moves which weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mtl_magic.layers.choice import GateWeights
from tests.blocks.reaching import (
    ALL,
    TASKS,
    dense,
    experts,
    mixed,
    net_of,
    reached,
    read,
    scattered,
    softmax,
    trunk_inputs,
    weights,
)
from tests.toy import word


def built(name: str, **options: Any) -> Any:
    return scattered(net_of(word("block", name, dropout=0.0, **options)))


def test_omoe_is_one_mixture_for_all() -> None:
    """Ma et al. 2018, eq. 5: y = Σ g(x)ᵢ fᵢ(x)."""
    net = built("omoe", experts=3, units=(4,))
    x, found = read(net)
    want = mixed(softmax(dense(x, net, "omoe_gate")), experts(x, net, "omoe_experts"))
    for value in found:
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)
    assert reached(net)["omoe_gate"] == ALL


def test_mmoe_mixes_by_a_gate_of_each_task_which_moves_for_it_alone() -> None:
    """Ma et al. 2018, eq. 6-7: f_k(x) = Σ softmax(W_k x)_e f_e(x). The gates are one layer, each task's columns its own."""
    import tensorflow as tf

    net = built("mmoe", experts=3, units=(4,))
    x, found = read(net)
    kernel, bias = weights(net, "mmoe_gates")
    for k, value in enumerate(found):
        own = slice(3 * k, 3 * k + 3)
        want = mixed(softmax(x @ kernel[:, own] + bias[own]), experts(x, net, "mmoe_experts"))
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)
    layer = net.trunk.get_layer("mmoe_gates")
    for k, task in enumerate(TASKS):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(net.heads(net.trunk(trunk_inputs(net, 64)))[task])
        moved = np.abs(np.array(tape.gradient(total, layer.kernel.value))).max(axis=0) > 0
        assert moved.reshape(3, 3).tolist() == [[i == k] * 3 for i in range(3)]


def test_cgc_mixes_own_and_shared_experts() -> None:
    """Tang et al. 2020, section 4.1: g_k(x) = softmax(W_k x) · [own experts; shared experts]."""
    net = built("cgc", shared=2, own={"buy": 3}, units=(4,))
    x, found = read(net)
    shared = experts(x, net, "cgc_shared")
    for task, value in zip(TASKS, found, strict=True):
        own = experts(x, net, f"cgc_experts_{task}")
        assert own.shape[1] == (3 if task == "buy" else 2)
        gate = softmax(dense(x, net, f"cgc_gate_{task}"))
        np.testing.assert_allclose(value, mixed(gate, own, shared), rtol=1e-4, atol=1e-5)


def test_an_expert_of_ones_own_never_moves_for_another_task() -> None:
    found = reached(built("cgc", shared=2, own=1, units=(4,)))
    assert found.pop("cgc_shared") == found.pop("table") == ALL
    want: dict[str, set[str]] = {}
    for task in TASKS:
        want |= {f"cgc_experts_{task}": {task}, f"cgc_gate_{task}": {task}}
    assert found == want


def test_ple_separates_level_by_level() -> None:
    """Tang et al. 2020, section 4.2, and the PLE of AdaTT's authors."""
    net = built("ple", levels=2, shared=2, own=1, units=(4,))
    x, found = read(net)
    common, stem = experts(x, net, "ple_level_1_shared"), "ple_level_1"
    own = {t: experts(x, net, f"{stem}_experts_{t}") for t in TASKS}
    below = {t: mixed(softmax(dense(x, net, f"{stem}_gate_{t}")), own[t], common) for t in TASKS}
    middle = mixed(softmax(dense(x, net, f"{stem}_shared_gate")), common, *own.values())
    shared, stem = experts(middle, net, "ple_level_2_shared"), "ple_level_2"
    for task, value in zip(TASKS, found, strict=True):
        gate = softmax(dense(below[task], net, f"{stem}_gate_{task}"))
        want = mixed(gate, experts(below[task], net, f"{stem}_experts_{task}"), shared)
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)


def test_the_last_level_of_ple_is_private_and_those_below_are_read_by_all() -> None:
    found = reached(built("ple", levels=3, shared=1, own=1, units=(6,)))
    for task in TASKS:
        for layer in ("experts", "gate"):
            assert found[f"ple_level_3_{layer}_{task}"] == {task}
        assert found[f"ple_level_1_experts_{task}"] == ALL
        assert found[f"ple_level_2_gate_{task}"] == {task}
    assert found["ple_level_2_shared_gate"] == ALL


# --- what gates can be told


def test_gates_use_their_greatest_logits_alone() -> None:
    net = built("mmoe", experts=4, units=(4,), active=2, temperature=0.5)
    x, found = read(net)
    for task, value in zip(TASKS, found, strict=True):
        logits = dense(x, net, f"mmoe_gate_{task}") / 0.5
        logits[logits < np.sort(logits, 1)[:, [-2]]] = -np.inf
        want = mixed(softmax(logits), experts(x, net, "mmoe_experts"))
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mmoe", "omoe", "cgc", "ple"])
def test_gates_see_the_features_that_are_named_alone(name: str) -> None:
    net = built(name, units=(4,), gate=("x",))
    gates = [layer for layer in net.trunk.layers if "_gate" in layer.name and layer.weights]
    assert gates
    assert {layer.kernel.shape[0] for layer in gates} == {2}


def test_a_gate_drops_experts_while_it_trains_and_scales_up_the_others() -> None:
    logits = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
    layer = GateWeights(dropout=0.3)
    whole, part = np.array(layer(logits, training=False)), np.array(layer(logits, training=True))
    np.testing.assert_allclose(whole, softmax(logits), atol=1e-6)
    assert (part == 0).mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_allclose(part.sum(1), 1, atol=1e-5)
    kept = np.where(part > 0, whole, 0)
    np.testing.assert_allclose(part, kept / kept.sum(1, keepdims=True), atol=1e-5)


def test_what_gates_add_to_the_loss() -> None:
    """Shazeer et al. 2017, eq. 6-7, and the mean entropy; nothing where nothing is trained."""
    logits = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    g = softmax(logits)
    use = g.sum(0)
    for options, want in (
        ({"importance": 0.1}, 0.1 * use.var() / use.mean() ** 2),
        ({"entropy": 0.1}, 0.1 * -(g * np.log(g)).sum(1).mean()),
    ):
        layer = GateWeights(**options)
        layer(logits, training=False)
        assert not layer.losses
        layer(logits, training=True)
        assert [float(loss) for loss in layer.losses] == [pytest.approx(want, rel=1e-4)]


def test_the_step_minimises_what_gates_add() -> None:
    from tests import toy
    from tests.train.test_step import make

    prepared = toy.data(600, 100)
    ends = []
    for entropy in (0.0, 5.0):
        block = word("block", "mmoe", experts=4, units=(4,), dropout=0.0, entropy=entropy)
        step = make(toy.program(block, lr=0.05), prepared)
        part = prepared.train[0]
        for _ in range(15):
            step.run(part.ids[:256], part.floats[:256], part.labels[:256])
        gates = [np.array(t) for t in step.net.trunk(trunk_inputs(step.net, 256))]
        gate = next(g for g in gates if g.shape[1:] == (4,))
        ends.append(-(gate * np.log(np.maximum(gate, 1e-9))).sum(1).mean())
    assert ends[1] < ends[0] / 2


@pytest.mark.parametrize(
    "cell",
    [
        "mmoe(experts=2, active=3)",
        "omoe(experts=2, active=3)",
        "cgc(shared=2, own=[click=1], active=4)",
        "ple(2, 1, 1, active=3)",
    ],
)
def test_more_active_experts_than_experts(cell: str) -> None:
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program

    with pytest.raises(MtlError) as caught:
        compile_program(f"share {cell}\ntask click: binary")
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL045", 1, 7)
    assert "is more than the" in problem.message


@pytest.mark.parametrize(
    "cell", ["mmoe(experts=4, active=1)", "ple(2, 1, 1, active=1)", "stem(shared=1, own=1, active=1)"]
)
def test_a_gate_of_one_expert_would_learn_nothing(cell: str) -> None:
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program

    with pytest.raises(MtlError) as caught:
        compile_program(f"share {cell}\ntask click: binary")
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL045", 1, 7)
    assert "so that the gate learns nothing" in problem.message


def test_gates_of_active_experts_learn() -> None:
    """Of each width that is allowed a gradient reaches the logits; of one expert it would not."""
    import tensorflow as tf

    logits = tf.constant(np.random.default_rng(0).normal(size=(50, 4)), tf.float32)
    for active, learns in ((1, False), (2, True), (3, True), (None, True)):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            out = tf.reduce_sum(GateWeights(active)(logits) * tf.range(4.0))
        assert bool(tf.reduce_max(tf.abs(tape.gradient(out, logits))) > 1e-3) == learns


@pytest.mark.parametrize(
    ("cell", "place", "says", "hint"),
    [
        ("share mmoe(gate=[user_agee])", (1, 7), "names the feature 'user_agee', which there is not", "'user_age'"),
        (
            "share a = cgc(own=[like=2]) from inputs\nshare b = mlp",
            (1, 11),
            "has experts of 'like', a task that does not draw from it",
            "'click'",
        ),
    ],
)
def test_names_that_do_not_exist(cell: str, place: tuple[int, int], says: str, hint: str) -> None:
    from mtl_magic.problems import MtlError
    from tests.explanation.cells import prepared

    tasks = (
        "\ntask click: binary from a\ntask like: binary from b"
        if "share a" in cell
        else "\ntask click: binary\ntask like: binary"
    )
    with pytest.raises(MtlError) as caught:
        prepared(cell + tasks)
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL048", *place)
    assert says in problem.message
    assert hint in problem.hint


def test_a_feature_that_the_cell_does_not_declare_is_said_at_its_place() -> None:
    from mtl_magic.problems import MtlError
    from mtl_magic.runs.fitting import compile_program

    with pytest.raises(MtlError) as caught:
        compile_program("feature user_id\nshare mmoe(gate=[user_idd])\ntask click: binary")
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL048", 2, 18)
