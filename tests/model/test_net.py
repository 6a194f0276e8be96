"""The network: the relations of the textbooks, the cut, names of any script, and saving."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
import pytest

from mtl_magic.model.net import build
from mtl_magic.problems import MtlError
from mtl_magic.program import BlockPlan, safe_names
from tests import toy

SCHEMA = toy.data().schema


def inputs(rows: int = 6) -> dict[str, np.ndarray]:
    part = toy.data().train[0]
    return {"ids": part.ids[:rows], "floats": part.floats[:rows]}


def custom(block: Any) -> Any:
    program = toy.program()
    return dataclasses.replace(program, blocks=(BlockPlan("", block, ("inputs",), None),))


def shared_layers(sources: tuple[str, ...], block: str = "mlp") -> tuple[int, int]:
    """How many tables there are, and how many cut tensors several tasks read."""
    program = toy.program(block, sources=sources)
    if "" not in sources:
        program = dataclasses.replace(program, blocks=())
    net = build(program, SCHEMA)
    return len(net.embeddings), len(net.shared)


def test_the_three_relations() -> None:
    assert shared_layers(("none",)) == (3, 0)
    assert shared_layers(("",), "none") == (3, 0)
    assert shared_layers(("inputs",)) == (1, 1)
    assert shared_layers(("",)) == (1, 1)
    assert shared_layers(("", "user")) == (1, 2)


def test_gradients_flow_only_where_something_is_shared() -> None:
    import tensorflow as tf

    for sources, reached in ((("none",), False), (("inputs",), True), (("",), True)):
        net = build(toy.program(sources=sources), SCHEMA)
        rows = [keras.ops.convert_to_tensor(e(inputs()["ids"])) for e in net.embeddings]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(rows)
            cut = net.trunk([*map(keras.ops.convert_to_tensor, inputs().values()), *rows])
            logits = net.heads(cut)
        touches = [[tape.gradient(logits[t.key], r) is not None for r in rows] for t in SCHEMA.tasks]
        together = any(sum(column) > 1 for column in zip(*touches, strict=True))
        assert together is reached


@pytest.mark.parametrize("block", ["mlp", "mmoe", "none"])
@pytest.mark.parametrize("given", [None, "esmm"])
def test_the_cut_model_is_the_model_and_saves(block: str, given: str | None, tmp_path: pathlib.Path) -> None:
    net = build(toy.program(block, given=given), SCHEMA)
    whole = net.model.predict(inputs(), verbose=0)
    rows = [e(keras.ops.convert_to_tensor(inputs()["ids"])) for e in net.embeddings]
    logits = net.heads(net.trunk([*map(keras.ops.convert_to_tensor, inputs().values()), *rows]))
    for task in SCHEMA.tasks:
        assert np.allclose(np.array(task.kind.prediction(logits[task.key], task)), whole[task.key], rtol=1e-5)
    net.model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras").predict(inputs(), verbose=0)
    assert set(loaded) == set(whole) == {o.key for o in net.outputs}
    assert all((loaded[k] == whole[k]).all() for k in whole)


def test_towers_of_one_shape_are_one_layer_and_heads_start_at_their_constants() -> None:
    names = [layer.name for layer in build(toy.program(), SCHEMA).heads.layers if layer.weights]
    assert names == ["towers", "logits"]
    odd = dataclasses.replace(SCHEMA.tasks[1], kind=toy.word("task", "binary", tower=(7,)))
    schema = dataclasses.replace(SCHEMA, tasks=(SCHEMA.tasks[0], odd, SCHEMA.tasks[2]))
    net = build(toy.program(), schema)
    assert [layer.name for layer in net.heads.layers if layer.weights] == [
        "buy_tower_dense_0",
        "towers",
        "buy_logits",
        "logits",
    ]
    zeros = net.heads([np.zeros((1, *t.shape[1:]), "float32") for t in net.heads.inputs])
    for task in schema.tasks:
        assert np.array(zeros[task.key]).tolist() == [pytest.approx(task.kind.bias(task))]


def test_a_tree_of_named_blocks() -> None:
    program = toy.program()
    mlp = toy.word("block", "mlp", units=(8,), dropout=0.0)
    mmoe = toy.word("block", "mmoe", units=(4,), experts=3, dropout=0.0)
    blocks = (
        BlockPlan("trunk", mlp, ("inputs",)),
        BlockPlan("side", mmoe, ("trunk",)),
        BlockPlan("user side", mlp, ("user", "t*")),
    )
    sources = [("side", "user side"), ("side",), ("trunk",)]
    tasks = tuple(dataclasses.replace(t, sources=s) for t, s in zip(program.tasks, sources, strict=True))
    net = build(dataclasses.replace(program, blocks=blocks, tasks=tasks), SCHEMA)
    assert sorted(net.takers) == sorted([(0, 1), (0,), (1,), (0,), (2,)])
    assert set(net.model.predict(inputs(), verbose=0)) == {"click", "buy", "watch"}


@pytest.mark.parametrize(
    "block",
    [
        keras.layers.Dense(5),
        keras.Sequential([keras.layers.Dense(5), keras.layers.LayerNormalization()]),
        keras.ops.tanh,
    ],
    ids=["layer", "sequential", "function"],
)
def test_a_block_of_ones_own(block: Any, tmp_path: pathlib.Path) -> None:
    net = build(custom(block), SCHEMA)
    before = net.model.predict(inputs(), verbose=0)
    net.model.save(tmp_path / "m.keras")
    after = keras.models.load_model(tmp_path / "m.keras").predict(inputs(), verbose=0)
    assert all((before[k] == after[k]).all() for k in before)


class Unregistered(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x


@keras.saving.register_keras_serializable("tests")
class Clumsy(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x @ keras.ops.ones((3, 4))


@pytest.mark.parametrize(
    ("block", "says", "hint"),
    [
        (
            Unregistered(),
            "could not be saved with the model: Keras does not know the class Unregistered",
            "register_keras_serializable",
        ),
        (
            keras.layers.Lambda(lambda x: x),
            "could not be saved with the model: a Lambda layer holds code",
            "{function}",
        ),
        (keras.layers.Dense, "is a class", "{Dense(…)}"),
        (3, "is an int, not a layer or a function", ""),
        (keras.layers.Conv1D(3, 2), "fails on its sources, a tensor of shape (None, ", ""),
        (lambda x: keras.ops.reshape(x, (-1, 2, 9)), "gives the shape (None, 2, 9)", "(rows, width)"),
        (lambda x: 3, "gives a int", "keras.ops"),
        (Clumsy(), "fails on its sources, a tensor of shape (None, 18): Dimensions must be equal", ""),
    ],
)
def test_a_block_of_ones_own_that_does_not_fit_says_so_before_training(block: Any, says: str, hint: str) -> None:
    with pytest.raises(MtlError) as caught:
        build(custom(block), SCHEMA)
    assert caught.value.problems[0].code == "MTL302"
    assert says in caught.value.problems[0].message
    assert hint in caught.value.problems[0].hint


def test_names_of_any_script_become_names_that_keras_takes() -> None:
    names = ["click", "a b", "a/b", "a_b", "价格", "क्लिक", "9lives", "", "-"]
    safe = safe_names(names)
    assert len(set(safe.values())) == len(names)
    assert all(v.isascii() and v[0].isalpha() and v.replace("_", "").isalnum() for v in safe.values())
    assert safe["click"] == "click"


def test_initial_weights_do_not_depend_on_models_built_before() -> None:
    one = build(toy.program("mmoe"), SCHEMA).model.predict(inputs(), verbose=0)
    build(toy.program("none"), SCHEMA)
    two = build(toy.program("mmoe"), SCHEMA).model.predict(inputs(), verbose=0)
    assert all((one[k] == two[k]).all() for k in one)


def test_the_layer_of_a_person_stays_as_it_is() -> None:
    """A built layer's weights are where the copy starts; the layer itself is in no run's network."""
    mine = keras.layers.Dense(5)
    mine.build((None, 18))
    before = mine.get_weights()
    one, two = build(custom(mine), SCHEMA), build(custom(mine), SCHEMA)
    found = [[w for w in net.trunk.trainable_variables if w.shape == (18, 5)] for net in (one, two)]
    assert [len(f) for f in found] == [1, 1]
    assert (np.array(found[0][0]) == before[0]).all()
    found[0][0].assign(found[0][0] * 0)
    assert (mine.get_weights()[0] == before[0]).all()
    assert (np.array(found[1][0]) == before[0]).all()
