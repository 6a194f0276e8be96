"""Layers: what they compute, and that Keras alone saves and loads them."""

from __future__ import annotations

import pathlib
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from mtl_magic.layers.embedding import FusedEmbedding, MaskedPool
from mtl_magic.layers.experts import Experts, MixExperts
from mtl_magic.layers.gates import Gates
from mtl_magic.layers.product import ProductLogit
from mtl_magic.layers.stack import dense_stack
from mtl_magic.layers.towers import Towers


def reloaded(model: keras.Model, folder: pathlib.Path) -> keras.Model:
    model.save(folder / "m.keras")
    return keras.models.load_model(folder / "m.keras")


def test_fused_experts_equal_separate_stacks() -> None:
    x = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")
    for count in (3, 17):  # one product an expert, and one for all
        layer = Experts(count, [8, 4])
        together = np.array(layer(x))
        first = np.array(layer.kernels[0]).reshape(6, count, 8).transpose(1, 0, 2)
        for e in range(count):
            h = np.maximum(x @ first[e] + np.array(layer.biases[0])[e], 0)
            h = np.maximum(h @ np.array(layer.kernels[1])[e] + np.array(layer.biases[1])[e], 0)
            assert np.allclose(together[:, e], h, atol=1e-6)


def test_experts_start_as_dense_layers_do() -> None:
    layer = Experts(64, [32])
    layer.build((None, 100))
    kernel = np.array(layer.kernels[0]).reshape(100, 64, 32).transpose(1, 0, 2)
    assert kernel.std() == pytest.approx((2 / 132) ** 0.5, rel=0.02)
    assert len({k.tobytes() for k in kernel}) == 64


def test_gates_equal_separate_dense_layers() -> None:
    x = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")
    layer = Gates(3, ["a", "b"])
    layer.build((None, 6))
    layer.bias.assign(np.arange(6) / 3)
    for t, gate in enumerate(layer(x)):
        own = slice(3 * t, 3 * t + 3)
        dense = keras.layers.Dense(3, "softmax")
        dense.build((None, 6))
        dense.set_weights([np.array(layer.kernel)[:, own], np.array(layer.bias)[own]])
        np.testing.assert_allclose(gate, dense(x), atol=1e-6)
    assert layer.parts() == {"a": 21, "b": 21}
    wide = Gates(8, [str(t) for t in range(50)])
    wide.build((None, 100))
    assert np.array(wide.kernel).std() == pytest.approx((2 / 108) ** 0.5, rel=0.02), "Glorot of one gate"


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("one_input", [False, True])
def test_fused_towers_equal_separate_stacks(batched: bool, one_input: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtl_magic.layers.towers.accelerated", lambda: batched)
    x = np.random.default_rng(0).standard_normal((2, 5, 6)).astype("float32")
    x = x[[0, 0]] if one_input else x
    layer = Towers([8, 4], ["a", "b"])
    layer.build((None, 6) if one_input else [(None, 6)] * 2)
    for bias in layer.biases:
        bias.assign(np.random.default_rng(1).standard_normal(bias.shape))
    for t, made in enumerate(layer(x[0] if one_input else list(x))):
        h = x[t]
        for kernel, bias in zip(layer.kernels, layer.biases, strict=True):
            h = np.maximum(h @ np.array(kernel)[t] + np.array(bias)[t], 0)
        np.testing.assert_allclose(made, h, atol=1e-6)
    assert layer.parts() == {"a": 6 * 8 + 8 + 8 * 4 + 4, "b": 6 * 8 + 8 + 8 * 4 + 4}


def test_towers_start_as_dense_layers_do_and_read_one_width() -> None:
    layer = Towers([32], [str(t) for t in range(64)], dropout=0.5)
    layer.build((None, 100))
    assert np.array(layer.kernels[0]).std() == pytest.approx((2 / 132) ** 0.5, rel=0.02), "Glorot of one tower"
    dropped = np.array(ops.stack(layer(np.ones((4, 100), "float32"), training=True)))
    kept = np.array(ops.stack(layer(np.ones((4, 100), "float32"), training=False)))
    assert (dropped[kept > 0] == 0).mean() == pytest.approx(0.5, abs=0.05)
    with pytest.raises(ValueError, match="of one width"):
        Towers([2], ["a", "b"]).build([(None, 3), (None, 4)])


def test_mix_is_the_gated_sum() -> None:
    rng = np.random.default_rng(0)
    gate, experts = rng.random((4, 3)).astype("float32"), rng.random((4, 3, 2)).astype("float32")
    assert np.allclose(np.array(MixExperts()([gate, experts])), (gate[:, :, None] * experts).sum(1), atol=1e-6)


@pytest.mark.parametrize("pool", ["mean", "sum"])
def test_pool_ignores_padding_and_survives_empty_lists(pool: str) -> None:
    ids = np.array([[9, 1, 2, 0], [9, 0, 0, 0]], "int32")
    embedded = np.ones((2, 3, 2), "float32") * np.array([1, 3, 100], "float32")[None, :, None]
    out = np.array(MaskedPool(1, 4, pool)([embedded, ids]))
    assert out.tolist() == [[2, 2] if pool == "mean" else [4, 4], [0, 0]]
    with pytest.raises(ValueError, match="'mean' or 'sum'"):
        MaskedPool(0, 1, "max")


def test_product_of_probabilities_is_finite_and_right() -> None:
    a = np.array([[0.0], [3.0], [-60.0], [90.0], [-200.0]], "float32")
    b = np.array([[0.0], [-2.0], [50.0], [90.0], [-200.0]], "float32")
    out = np.array(ProductLogit()([a, b]), "float64")
    assert np.isfinite(out).all()
    exact = 1 / (1 + np.exp(-a.astype("float64"))) / (1 + np.exp(-b.astype("float64")))
    assert np.allclose(1 / (1 + np.exp(-out)), exact, atol=1e-6)


def test_lookup_reads_each_columns_own_rows() -> None:
    layer = FusedEmbedding(rows=8, dim=2, columns=[2, 0], offsets=[0, 5])
    ids = np.array([[2, 77, 4]], "int32")
    assert np.array(layer(ids)).tolist() == [[np.array(layer.table)[4].tolist(), np.array(layer.table)[7].tolist()]]
    assert layer.trainable_variables == []
    with pytest.raises(ValueError, match="of one length"):
        FusedEmbedding(8, 2, [0], [0, 1])


def test_stack_has_a_dropout_after_each_layer() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, dense_stack(x, [4, 2], "t", dropout=0.5))
    assert [type(layer).__name__ for layer in model.layers[1:]] == ["Dense", "Dropout"] * 2


def _models() -> dict[str, tuple[keras.Model, Any]]:
    rng = np.random.default_rng(0)
    ids, x = keras.Input((3,), dtype="int32"), keras.Input((4,))
    rows = FusedEmbedding(9, 2, [0, 1, 2], [0, 3, 3])(ids)
    experts = Experts(2, [4], activation="gelu", dropout=0.1)(x)
    gate = keras.layers.Dense(2, "softmax")(x)
    a, b = keras.Input((1,)), keras.Input((1,))
    packed = rng.integers(0, 3, (5, 3)).astype("int32")
    return {
        "embedding": (keras.Model(ids, MaskedPool(1, 3, "sum")([rows[:, 1:], ids])), packed),
        "experts": (keras.Model(x, MixExperts()([gate, experts])), rng.random((5, 4)).astype("float32")),
        "gates": (
            keras.Model(x, ops.concatenate(MixExperts()([*Gates(2, ["a", "b"])(x), experts]))),
            rng.random((5, 4)).astype("float32"),
        ),
        "towers": (
            keras.Model(x, ops.concatenate(Towers([3, 2], ["a", "b"], "gelu", 0.1)([x, 2 * x]))),
            rng.random((5, 4)).astype("float32"),
        ),
        "product": (keras.Model([a, b], ProductLogit()([a, b])), [rng.random((5, 1)).astype("float32")] * 2),
    }


@pytest.mark.parametrize("name", ["embedding", "experts", "gates", "towers", "product"])
def test_saved_and_loaded_models_predict_the_same(name: str, tmp_path: pathlib.Path) -> None:
    model, x = _models()[name]
    assert (model.predict(x, verbose=0) == reloaded(model, tmp_path).predict(x, verbose=0)).all()


@pytest.mark.parametrize(
    "layer",
    [
        FusedEmbedding(9, 2, [0], [0], seed=3),
        MaskedPool(0, 2),
        Experts(2, [4, 3], dropout=0.2),
        MixExperts(),
        Towers([4, 3], ["a", "b"], dropout=0.2),
        ProductLogit(),
    ],
)
def test_config_round_trips(layer: Any) -> None:
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
