"""DSelect-k, AdaTT, cross-stitch, sluice and attention against the papers' formulas in NumPy, and whose loss moves what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mtl_magic.layers.choice import SelectWeights
from tests.blocks.reaching import (
    ALL,
    TASKS,
    dense,
    experts,
    mixed,
    net_of,
    reached,
    read,
    relu,
    scattered,
    sigmoid,
    softmax,
    weights,
)
from tests.toy import word


def built(name: str, *, scale: float = 0.3, **options: Any) -> Any:
    return scattered(net_of(word("block", name, dropout=0.0, **options)), scale=scale)


def step(t: np.ndarray, gamma: float) -> np.ndarray:
    """Hazimeh et al. 2021, eq. 3."""
    inside = -2 / gamma**3 * t**3 + 3 / (2 * gamma) * t + 0.5
    return np.where(t <= -gamma / 2, 0, np.where(t >= gamma / 2, 1, inside))


def selector(z: np.ndarray, gamma: float) -> np.ndarray:
    """Eq. 4: r(z)_e = Π over the bits of e that are 1 of S(z_j), times Π over those that are 0 of 1 − S(z_j)."""
    s = step(z, gamma)
    columns = []
    for e in range(2 ** z.shape[1]):
        bits = [(e >> j) & 1 for j in range(z.shape[1])]
        columns.append(np.prod([s[:, j] if bit else 1 - s[:, j] for j, bit in enumerate(bits)], axis=0))
    return np.stack(columns, 1)


def test_dselect_k_mixes_k_selectors() -> None:
    """Eq. 5-6: q = Σᵢ softmax(α)ᵢ r(zᵢ)."""
    net = built("dselect_k", experts=4, active=2, units=(4,), gamma=2.0)
    x, found = read(net)
    for task, value in zip(TASKS, found, strict=True):
        logits = dense(x, net, f"dselect_k_gate_{task}")
        z, alpha = logits[:, :4].reshape(-1, 2, 2), softmax(logits[:, 4:])
        q = sum(alpha[:, [i]] * selector(z[:, i], 2.0) for i in range(2))
        want = mixed(q, experts(x, net, "dselect_k_experts"))
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)
    found = reached(net)
    assert found.pop("dselect_k_experts") == found.pop("table") == ALL
    assert found == {f"dselect_k_gate_{task}": {task} for task in TASKS}


def test_a_settled_selector_chooses_one_expert_and_its_entropy_is_what_is_added() -> None:
    logits = np.random.default_rng(0).uniform(-0.4, 0.4, (50, 8)).astype("float32")  # two selectors of three bits
    layer = SelectWeights(8, 2, entropy=0.3)
    got = np.array(layer(logits, training=True))
    r = [selector(logits[:, :6].reshape(-1, 2, 3)[:, i], 1.0) for i in range(2)]
    np.testing.assert_allclose(got.sum(1), 1, atol=1e-5)
    want = 0.3 * sum(-(p * np.log(np.maximum(p, 1e-9))).sum(1).mean() for p in r)
    assert [float(loss) for loss in layer.losses] == [pytest.approx(want, rel=1e-3)]
    settled = np.array(SelectWeights(8, 2)(np.sign(logits)))
    assert ((settled > 0).sum(1) <= 2).all()
    with pytest.raises(ValueError, match="power of 2"):
        SelectWeights(6, 2)


def test_adatt_fuses_all_experts_and_adds_the_takers_own() -> None:
    """Li et al. 2023, and the authors' AdaTTSp."""
    net = built("adatt", levels=2, own={"buy": 1}, units=(4,))
    x, found = read(net)
    h = dict.fromkeys(TASKS, x)
    for level in (1, 2):
        stem = f"adatt_level_{level}"
        made = {t: experts(h[t], net, f"{stem}_experts_{t}") for t in TASKS}
        assert [e.shape[1] for e in made.values()] == [2, 1, 2]
        h = {
            t: mixed(softmax(dense(h[t], net, f"{stem}_gate_{t}")), *made.values())
            + np.einsum("e,bed->bd", weights(net, f"{stem}_native_{t}")[0][0], made[t])
            for t in TASKS
        }
    for task, value in zip(TASKS, found, strict=True):
        np.testing.assert_allclose(value, h[task], rtol=1e-4, atol=1e-5)


def test_adatt_learns_from_all_but_its_last_gates_from_one() -> None:
    found = reached(built("adatt", levels=2, own=2, units=(6,)))
    for task in TASKS:
        assert found[f"adatt_level_2_experts_{task}"] == found[f"adatt_level_1_gate_{task}"] == ALL
        assert found[f"adatt_level_2_gate_{task}"] == found[f"adatt_level_2_native_{task}"] == {task}


def test_cross_stitch_mixes_activations_after_each_layer() -> None:
    """Misra et al. 2016, eq. 1: x̃ᵢ = Σⱼ αᵢⱼ xⱼ."""
    net = built("cross_stitch", units=(5, 4))
    x, found = read(net)
    h = [x] * 3
    for i in range(2):
        made = [relu(dense(one, net, f"cross_stitch_{t}_dense_{i}")) for t, one in zip(TASKS, h, strict=True)]
        (alpha,) = weights(net, f"cross_stitch_stitch_{i}")
        h = [sum(a * one for a, one in zip(row, made, strict=True)) for row in alpha]
    for value, want in zip(found, h, strict=True):
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)


def test_cross_stitch_starts_near_no_sharing_and_at_none_moves_ones_own_alone() -> None:
    net = net_of(word("block", "cross_stitch", units=(4, 4), dropout=0.0, own=0.8))
    (alpha,) = weights(net, "cross_stitch_stitch_0")
    np.testing.assert_allclose(alpha, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], rtol=1e-6)
    apart = reached(net_of(word("block", "cross_stitch", units=(4, 4), dropout=0.0, own=1.0)))
    for task in TASKS:
        assert apart[f"cross_stitch_{task}_dense_0"] == {task}
    assert reached(net)["cross_stitch_click_dense_1"] == ALL


def test_sluice_mixes_subspaces_and_depths() -> None:
    """Ruder et al. 2019, eq. 1-3."""
    net = built("sluice", units=4, layers=2, subspaces=2)
    x, found = read(net)
    h, depths = [x] * 3, [[], [], []]  # type: ignore[var-annotated]
    for i in range(2):
        made = [relu(dense(one, net, f"sluice_{t}_dense_{i}")) for t, one in zip(TASKS, h, strict=True)]
        shares = [share for one in made for share in (one[:, :2], one[:, 2:])]
        (alpha,) = weights(net, f"sluice_stitch_{i}")
        assert alpha.shape == (6, 6)
        mixtures = [sum(a * share for a, share in zip(row, shares, strict=True)) for row in alpha]
        h = [np.concatenate(mixtures[2 * k : 2 * k + 2], 1) for k in range(3)]
        for depth, one in zip(depths, h, strict=True):
            depth.append(one)
    for task, value, depth in zip(TASKS, found, depths, strict=True):
        (beta,) = weights(net, f"sluice_depth_{task}")
        want = sum(b * one for b, one in zip(beta[0], depth, strict=True))
        np.testing.assert_allclose(value, want, rtol=1e-4, atol=1e-5)
    found = reached(net)
    assert found["sluice_depth_buy"] == {"buy"}
    assert found["sluice_click_dense_1"] == ALL


def test_what_subspaces_have_in_common_is_added_to_the_loss() -> None:
    """Eq. 4: ‖G₁ᵀG₂‖² of each layer."""
    net = built("sluice", units=4, layers=1, subspaces=2, orthogonal=0.5)
    kernels = [weights(net, f"sluice_{t}_dense_0")[0] for t in TASKS]
    want = sum(0.5 * np.square(k[:, :2].T @ k[:, 2:]).sum() for k in kernels)
    assert sum(float(loss) for loss in net.trunk.losses) == pytest.approx(want, rel=1e-4)


def test_attention_selects_of_a_shared_network() -> None:
    """Liu et al. 2019, eq. 1-2: â = a ⊙ p, a = h(g([u; f(â')]))."""
    net = built("mtan", units=(5, 4))
    x, found = read(net)
    p, chosen = x, dict[str, np.ndarray]()
    for i in range(2):
        u = relu(dense(p, net, f"mtan_level_{i}_u_dense_0"))
        p = relu(dense(u, net, f"mtan_level_{i}_p_dense_0"))
        for t in TASKS:
            stem = f"mtan_level_{i}_{t}"
            seen = np.concatenate([u, relu(dense(chosen[t], net, f"{stem}_f_dense_0"))], 1) if i else u
            chosen[t] = sigmoid(dense(relu(dense(seen, net, f"{stem}_g_dense_0")), net, f"{stem}_mask")) * p
    for task, value in zip(TASKS, found, strict=True):
        np.testing.assert_allclose(value, chosen[task], rtol=1e-4, atol=1e-5)
    found = reached(net)
    for layer, tasks in found.items():
        owner = next((t for t in TASKS if f"_{t}_" in layer), None)
        assert tasks == ({owner} if owner else ALL), layer
