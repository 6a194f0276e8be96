"""Blocks: what each gives its takers, and their formulas."""

from __future__ import annotations

import keras
import numpy as np

from mtl_magic.blocks._base import combined
from tests.toy import word

X = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")


def test_mlp_gives_every_taker_the_same_tensor() -> None:
    x = keras.Input((6,))
    built = word("block", "mlp", units=(4, 3), dropout=0.2).build(x, "trunk")
    one, two = built.read("a"), built.read("b")
    assert one.cut[0] is two.cut[0] is one.value
    assert one.value.shape == (None, 3)
    names = [layer.name for layer in keras.Model(x, one.value).layers[1:]]
    assert names == ["trunk_dense_0", "trunk_dropout_0", "trunk_dense_1", "trunk_dropout_1"]


def test_mmoe_mixes_shared_experts_by_a_gate_of_each_taker() -> None:
    """Ma et al. 2018, eq. 6-7: f_k(x) = Σ softmax(W_k x)_e f_e(x)."""
    x = keras.Input((6,))
    built = word("block", "mmoe", experts=3, units=(4,), dropout=0.0).build(x, "trunk")
    one, two = built.read("a"), built.read("b")
    assert one.cut[0] is two.cut[0]
    assert one.cut[1] is not two.cut[1]
    model = keras.Model(x, [*one.cut, one.value, two.value])
    experts, gate, value, other = (np.array(t) for t in model(X))
    assert experts.shape == (5, 3, 4)
    assert np.allclose(gate.sum(1), 1, atol=1e-6)
    assert np.allclose(value, np.einsum("be,bed->bd", gate, experts), atol=1e-6)
    assert not np.allclose(value, other)


def test_mixing_for_all_takers_at_once_is_mixing_for_each() -> None:
    x = keras.Input((6,))
    built = word("block", "mmoe", experts=3, units=(4,), dropout=0.0).build(x, "trunk")
    other = word("block", "mlp", units=(4,), dropout=0.0).build(x, "other")
    first, *rest = built.read_all(["a", "b", "c"])
    readings = [first, other.read("a"), *rest]
    values = combined(readings, [reading.cut for reading in readings])
    model = keras.Model(x, [*values, *(reading.value for reading in readings)])
    found = [np.array(t) for t in model(X)]
    for one, same in zip(found[:4], found[4:], strict=True):
        np.testing.assert_allclose(one, same, atol=1e-6)
    assert not np.allclose(found[0], found[2])
    assert [layer.name for layer in model.layers if layer.name == "trunk_mix"] == ["trunk_mix"]


def test_none_is_no_block() -> None:
    assert not word("block", "none").shares
    assert word("block", "mlp").shares
