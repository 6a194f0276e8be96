"""What every layer of ours must do: come back from its config, save and load, and compute in 16 bits what it does in 32."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import pkgutil
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import mtl_magic.layers as room
from mtl_magic.layers.attend import Attend
from mtl_magic.layers.choice import GateWeights, SelectWeights
from mtl_magic.layers.embedding import FusedEmbedding, MaskedPool
from mtl_magic.layers.experts import Experts, MixExperts
from mtl_magic.layers.fields import FieldPairs
from mtl_magic.layers.gates import Gates
from mtl_magic.layers.product import BelowLogit, ProductLogit
from mtl_magic.layers.star import StarDense
from mtl_magic.layers.static import StaticGates
from mtl_magic.layers.subspaces import Orthogonal
from mtl_magic.layers.towers import Towers

X, IDS = ("x", (5,)), ("ids", (3,))
# of each class: with options that are not its defaults, and what it reads: names of inputs and their shapes
EXAMPLES: dict[type, tuple[Callable[..., Any], tuple[tuple[str, tuple[int, ...]], ...]]] = {
    Attend: (Attend, (("q", (2, 4)), ("k", (2, 4)), ("v", (2, 4)))),
    BelowLogit: (BelowLogit, (("a", (1,)), ("b", (1,)), ("c", (1,)))),
    Experts: (lambda **k: Experts(3, [4, 2], activation="gelu", dropout=0.2, **k), (X,)),
    FieldPairs: (lambda **k: FieldPairs([2, 3], 2, **k), (X,)),
    FusedEmbedding: (lambda **k: FusedEmbedding(9, 2, [2, 0], [0, 3], seed=3, **k), (IDS,)),
    GateWeights: (lambda **k: GateWeights(2, 0.5, 0.1, 0.1, 0.2, **k), (X,)),
    Gates: (lambda **k: Gates(3, ["a", "b"], **k), (X,)),
    MaskedPool: (lambda **k: MaskedPool(1, 3, "sum", **k), (("rows", (2, 4)), IDS)),
    MixExperts: (MixExperts, (("g", (3,)), ("h", (3,)), ("experts", (3, 2)))),
    ProductLogit: (ProductLogit, (("a", (1,)), ("b", (1,)))),
    SelectWeights: (lambda **k: SelectWeights(4, 2, 2.0, 0.1, 0.2, **k), (("x", (6,)),)),
    StarDense: (lambda **k: StarDense(4, 3, activation="gelu", **k), (X, ("ids", ()))),
    StaticGates: (lambda **k: StaticGates(2, 3, 0.7, **k), (X,)),
    Towers: (lambda **k: Towers([4, 2], ["a", "b"], "gelu", 0.1, **k), (X, ("y", (5,)))),
}
NAMES = {cls.__name__: cls for cls in EXAMPLES}


def inputs(cls: type) -> tuple[list[Any], list[np.ndarray]]:
    """Keras inputs of a layer, and rows for them."""
    rng = np.random.default_rng(0)
    symbols, rows = [], []
    for name, shape in EXAMPLES[cls][1]:
        whole = name == "ids"
        symbols.append(keras.Input(shape, dtype="int32" if whole else "float32"))
        values = rng.integers(0, 3, (6, *shape)) if whole else rng.normal(size=(6, *shape))
        rows.append(values.astype("int32" if whole else "float32"))
    return symbols, rows


def model_of(cls: type, **options: Any) -> tuple[keras.Model, Any, list[np.ndarray]]:
    """A model of the layer alone, with weights that are no zeros."""
    symbols, rows = inputs(cls)
    layer = EXAMPLES[cls][0](name="it", **options)
    out = layer(symbols if len(symbols) > 1 else symbols[0])
    model = keras.Model(symbols if len(symbols) > 1 else symbols[0], out)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(0, 0.4, weight.shape))
    return model, layer, rows


def values(model: keras.Model, rows: list[np.ndarray]) -> list[np.ndarray]:
    found = model(rows if len(rows) > 1 else rows[0])
    return [np.array(t, "float32") for t in (found if isinstance(found, (list, tuple)) else [found])]


def test_every_layer_is_here() -> None:
    mine = set()
    for module in pkgutil.iter_modules(room.__path__):
        members = vars(importlib.import_module(f"{room.__name__}.{module.name}")).values()
        mine |= {
            m
            for m in members
            if inspect.isclass(m) and issubclass(m, keras.layers.Layer) and "mtl_magic" in m.__module__
        }
    assert mine == set(EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_from_its_config(name: str) -> None:
    layer = EXAMPLES[NAMES[name]][0](name="it")
    config = layer.get_config()
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == config
    own = set(inspect.signature(type(layer).__init__).parameters) - {"self", "kwargs", "args"}
    assert own <= set(config), "each option is in the config"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_saved_and_loaded_and_says_its_shape(name: str, tmp_path: pathlib.Path) -> None:
    model, layer, rows = model_of(NAMES[name])
    found = values(model, rows)
    model.save(tmp_path / "m.keras")
    for a, b in zip(found, values(keras.models.load_model(tmp_path / "m.keras"), rows), strict=True):
        assert (a == b).all()
    shapes = [(6, *shape) for _, shape in EXAMPLES[NAMES[name]][1]]
    said = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    assert [tuple(s) for s in (said if isinstance(said, list) else [said])] == [a.shape for a in found]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_it_computes_in_sixteen_bits(name: str, policy: str) -> None:
    """Near what it computes in 32; those that say float32 themselves (logits, tables, pooling) are built as the model does."""
    whole, _, rows = model_of(NAMES[name])
    half, layer, _ = model_of(NAMES[name], dtype=policy)
    for a, b in zip(half.weights, whole.weights, strict=True):
        a.assign(b)
        assert a.dtype == b.dtype, "weights stay in 32 bits"
    for a, b in zip(values(half, rows), values(whole, rows), strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_allclose(a, b, atol=0.05 * max(1.0, np.abs(b).max()))
    assert layer.dtype_policy.name == policy


def test_a_penalty_comes_back_from_its_config() -> None:
    penalty = Orthogonal(0.3, 3)
    again = keras.regularizers.deserialize(keras.regularizers.serialize(penalty))
    kernel = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    assert again.get_config() == penalty.get_config()
    assert float(again(kernel)) == float(penalty(kernel)) > 0
