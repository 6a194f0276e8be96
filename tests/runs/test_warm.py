"""A warm start takes what two networks have in common, wherever it stands in either."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.data.encoders import Encoder
from mtl_magic.model.pieces import pieces
from mtl_magic.problems import MtlError

CELL = """
feature user, item: category(min_count=1)
feature price: number(bins=4)
share mmoe(experts=2, units=[8])
task click: binary
task buy: binary
train epochs=1 batch=64 average=none
"""


def table(seed: int = 0, users: str = "abcdef", n: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    found = pd.DataFrame(
        {"user": draw.choice(list(users), n), "item": draw.integers(0, 5, n), "price": draw.normal(size=n)}
    )
    noise = draw.random(n)
    return found.assign(click=(noise < 0.5).astype(int), buy=(noise < 0.2).astype(int), like=(noise > 0.6).astype(int))


@pytest.fixture(scope="module")
def first() -> mtl_magic.Run:
    return mtl_magic.fit(CELL, table(), name="first")


def start(text: str, run: mtl_magic.Run, data: pd.DataFrame | None = None, **options) -> mtl_magic.Run:
    """A run of a step of size next to nothing, which so ends where it began."""
    return mtl_magic.fit(text, table() if data is None else data, warm_start=run, lr=1e-12, **options)


def rows(run: mtl_magic.Run, name: str) -> dict[object, np.ndarray]:
    """value -> embedding row, with 'unknown' and 'missing'."""
    feature = run.schema.feature(name)
    for layer in run.model.layers:
        if feature.ids[0] in getattr(layer, "columns", ()) and hasattr(layer, "table"):
            offset = layer.offsets[layer.columns.index(feature.ids[0])]
            encoder: Encoder = feature.encoder
            values = ["unknown", "missing", *encoder.vocabulary.to_pylist()]
            found = np.array(layer.table)[offset : offset + encoder.rows]
            return dict(zip(values, found, strict=True))
    raise AssertionError(name)


def parts(run: mtl_magic.Run) -> dict[str, np.ndarray]:
    layers = [layer for name in ("trunk", "heads") for layer in run.model.get_layer(name).layers]
    return {key: piece.value for key, piece in pieces(layers).items()}


def test_the_same_cell_goes_on_where_the_run_ended(first) -> None:
    second = start(CELL, first)
    data = table()
    assert np.allclose(second.predict(data), first.predict(data), atol=1e-5)
    assert "Starts from run 'first': all 3 embeddings and all 7 parts of the layers taken." in second.notes


def test_values_keep_their_rows_though_their_ids_move(first) -> None:
    data = table(3, users="xfedx")
    second = start(CELL, first, data)
    old, new = rows(first, "user"), rows(second, "user")
    assert list(old) != list(new)
    assert all((old[v] == new[v]).all() for v in ("unknown", "missing", "d", "e", "f"))
    assert any("1 values of user (new)" in note for note in second.notes)
    assert np.abs(new["x"]).max() < 0.1


def test_features_in_another_order_and_table_take_their_rows_of_kernels_with_them(first) -> None:
    text = CELL.replace("feature user, item: category(min_count=1)", "").replace(
        "share", "feature item: category(min_count=1)\nfeature user: category(min_count=1, frozen=true)\nshare"
    )
    data = table()[["item", "price", "user", "click", "buy"]]
    second = start(text, first, data)
    assert np.allclose(second.predict(data), first.predict(data), atol=1e-5)
    assert not any("Not taken" in note for note in second.notes)


def test_a_tower_alone_is_the_tower_that_was_fused(first) -> None:
    second = start(CELL.replace("buy: binary", "buy: binary(lr=0.5)"), first)
    data = table()
    assert np.allclose(second.predict(data), first.predict(data), atol=1e-5)


def test_what_is_new_or_of_another_shape_is_said_and_left(first) -> None:
    text = CELL.replace("task buy: binary", "task like: binary\ntask buy: regression").replace(
        "feature price: number(bins=4)", "feature price: number(bins=4)\nfeature size: category(min_count=1)"
    )
    data = table().assign(size=lambda t: t["item"] % 2)
    second = start(text, first, data)
    (said,) = (note for note in second.notes if note.startswith("Not taken"))
    assert "size, mmoe_gate_like, tower of like, head of like (new)" in said
    assert "head of buy (of kind binary there)" in said
    assert "mmoe_experts, mmoe_gate_click, mmoe_gate_buy (the rows of size)" in said
    old, new = parts(first), parts(second)
    assert np.allclose(old["click_tower/0/kernel"], new["click_tower/0/kernel"], atol=1e-6)
    assert not np.allclose(old["buy_logits/0/kernel"], new["buy_logits/0/kernel"], atol=1e-6)
    wider = start(CELL.replace("units=[8]", "units=[16]"), first)
    assert any("mmoe_experts" in note and "(of another shape)" in note for note in wider.notes)


def test_the_folder_of_a_run_is_enough(first, tmp_path, monkeypatch) -> None:
    first.save(tmp_path / "kept run")
    second = mtl_magic.fit(CELL + f'train warm_start="{tmp_path / "kept run"}" lr=1e-12', table())
    assert np.allclose(second.predict(table()), first.predict(table()), atol=1e-5)
    third = mtl_magic.fit(CELL + "train warm_start=first lr=1e-12", table(), namespace={"first": first})
    assert np.allclose(third.predict(table()), first.predict(table()), atol=1e-5)


def test_frozen_and_warm_is_transfer_learning(first) -> None:
    text = """
feature user, item: category(min_count=1, frozen=true)
feature price: number(bins=4, frozen=true)
share mmoe(experts=2, units=[8], frozen=true)
task like: binary
train epochs=2 batch=64
"""
    second = mtl_magic.fit(text, table(), warm_start=first)
    assert all(
        (rows(first, name)[v] == rows(second, name)[v]).all() for name in ("user", "item") for v in rows(first, name)
    )
    old, new = parts(first), parts(second)
    experts = [key for key in new if key.startswith("mmoe_experts")]
    assert experts
    assert all((old[key] == new[key]).all() for key in experts)


@pytest.mark.parametrize(
    ("text", "namespace", "says", "hint"),
    [
        ("frist", {"first": None}, "there is no run 'frist'", "did you mean 'first'?"),
        ("data", {"data": 3}, "'data' is an int, not a run", "run.save"),
        ("'/'", {}, "'/' is not the folder of a run", "run.save"),
    ],
)
def test_a_wrong_name_is_shown_before_the_data_is_read(first, text, namespace, says, hint) -> None:
    namespace = {name: first if value is None else value for name, value in namespace.items()}
    with pytest.raises(MtlError) as caught:
        mtl_magic.fit(f"task click: binary\ntrain warm_start={text}", 3, namespace=namespace)
    (problem,) = caught.value.problems
    assert problem.code == "MTL306"
    assert says in problem.message
    assert hint in problem.hint
    assert (problem.line, problem.column) == (2, 18)


def test_a_cell_that_runs_again_starts_warm_again(first) -> None:
    """The traced step that is kept began cold; what it starts from may have changed in between."""
    names = {"first": first}
    text = CELL + "train warm_start=first lr=1e-12"
    one = mtl_magic.fit(text, table(), namespace=names)
    other = dataclasses.replace(first, model=keras.models.clone_model(first.model))
    other.model.set_weights([w * 0.5 for w in first.model.get_weights()])
    two = mtl_magic.fit(text, table(), namespace={"first": other})
    assert np.allclose(rows(two, "user")["a"], 0.5 * rows(one, "user")["a"], atol=1e-6)


def test_layers_of_ones_own_are_taken_where_their_inputs_are_the_same() -> None:
    text = CELL.replace("mmoe(experts=2, units=[8])", "{layer}")
    names = {"layer": keras.Sequential([keras.layers.Dense(4), keras.layers.BatchNormalization()], name="mine")}
    run = mtl_magic.fit(text, table(), namespace=names)
    again = start(text, run, namespace=names)
    assert np.allclose(again.predict(table()), run.predict(table()), atol=1e-2)
    other = start(text.replace("feature price: number(bins=4)\n", ""), run, namespace=names)
    assert any("mine (its inputs stand in another order there)" in note for note in other.notes)
