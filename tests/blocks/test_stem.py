"""STEM against the paper's formula in NumPy, and its gradients: forward through all experts, backward through one's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

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
)
from tests.toy import word


def test_stem_mixes_all_experts_over_shared_and_own_embeddings() -> None:
    """Su et al. 2024, and the authors' STEM_Layer: the gate sees the sum of the taker's own embeddings and the shared ones."""
    net = scattered(net_of(word("block", "stem", shared=2, own={"buy": 1}, units=(4,), dropout=0.0)))
    x, found = read(net)
    own = {}
    for task in TASKS:
        tensor = net.trunk.get_layer(f"stem_experts_{task}").input
        own[task] = np.array(keras.Model(net.trunk.inputs, tensor)(trunk_inputs(net)))
        assert own[task].shape == x.shape
        assert not np.allclose(own[task], x)
    made = {t: experts(own[t], net, f"stem_experts_{t}") for t in TASKS}
    for task, value in zip(TASKS, found, strict=True):
        gate = softmax(dense(own[task] + x, net, f"stem_gate_{task}"))
        others = [made[t] for t in TASKS if t != task]
        want = mixed(gate, made[task], *others, experts(x, net, "stem_shared"))
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)


def test_a_task_moves_its_own_and_the_shared_embeddings_alone() -> None:
    found = reached(scattered(net_of(word("block", "stem", shared=2, own=2, units=(4,), dropout=0.0))))
    assert found.pop("table") == found.pop("stem_shared") == ALL
    want: dict[str, set[str]] = {}
    for task in TASKS:
        want |= {name: {task} for name in (f"stem_experts_{task}", f"stem_gate_{task}", f"table {task}")}
    assert found == want


def test_stem_draws_from_features_alone() -> None:
    from mtl_magic.problems import MtlError
    from tests.explanation.cells import prepared

    with pytest.raises(MtlError) as caught:
        prepared("share a = mlp\nshare b = stem from a\ntask click: binary from b")
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line) == ("MTL218", 2)
    assert "draws from 'a'" in problem.message
