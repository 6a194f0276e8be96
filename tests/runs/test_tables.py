"""One model of several tables, from a text to a run: what each head learns, what a run keeps, and that it goes on to the bit."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting
from mtl_magic.train.events import Evaluated, Progress

CELL = """\
feature user, city, price: category
share mlp(units=[8], dropout=0)
task click: binary
task buy: binary
train epochs=3 batch=64 warmup=0 lr=0.02 average=none early_stop=none
"""
MIX = CELL + "train mix=[feed=0.75, shop=0.25]\n"


def feed(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    """`click` follows the user."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 20, rows)
    return pd.DataFrame(
        {"user": user, "city": rng.integers(0, 5, rows), "click": (user % 2) ^ (rng.random(rows) < 0.1)}
    )


def shop(rows: int = 200, seed: int = 1) -> pd.DataFrame:
    """`buy` follows the price."""
    rng = np.random.default_rng(seed)
    price = rng.integers(0, 6, rows)
    return pd.DataFrame(
        {"user": rng.integers(0, 20, rows), "price": price, "buy": (price > 2) ^ (rng.random(rows) < 0.1)}
    )


@pytest.fixture(scope="module")
def tables():
    return {"feed": feed(), "shop": shop()}


@pytest.fixture(scope="module")
def run(tables):
    return mtl_magic.fit(MIX, tables, epochs=8)


def test_both_heads_learn(run):
    """Each from its own table: what follows the user and what follows the price."""
    assert run.metrics["valid"]["click"]["auc"] > 0.8
    assert run.metrics["valid"]["buy"]["auc"] > 0.8
    assert run.facts["rows"] == {"train": 990, "valid": 110}
    assert run.notes[0] == "feed (810 training rows) teaches 'click'; shop (180 training rows) teaches 'buy'."
    assert run.notes[1] == "By train mix= an epoch goes 0.917 times over feed, 1.37 times over shop."


def test_a_run_takes_the_rows_of_either_table(run, tables):
    """What a table lacks is missing there, as it was in training."""
    for table, task in (("feed", "click"), ("shop", "buy")):
        found = run.evaluate(tables[table]).set_index(["task", "metric"])["value"]
        assert found[task, "auc"] > 0.8
        assert run.predict(tables[table]).shape == (len(tables[table]), 2)
    both = pd.concat([tables["shop"]], ignore_index=True).reindex(columns=["user", "city", "price"])
    pd.testing.assert_frame_equal(run.predict(both), run.predict(tables["shop"]))
    with pytest.raises(MtlError, match="lacks the column 'user'"):
        run.predict(tables["shop"].drop(columns="user"))


def test_a_run_keeps_what_each_table_was(run, tmp_path):
    feeds, shops = run.facts["tables"]
    assert (feeds["name"], feeds["rows"], feeds["labels"]) == ("feed", 810, {"click": 810})
    assert (shops["name"], shops["rows"], shops["labels"]) == ("shop", 180, {"buy": 180})
    assert feeds["data"] != shops["data"]
    run.save(tmp_path / "run")
    again = mtl_magic.load(tmp_path / "run")
    assert again.facts["tables"] == run.facts["tables"]
    assert [f.optional for f in again.schema.features] == [False, True, True]
    pd.testing.assert_frame_equal(again.predict(shop()), run.predict(shop()))


@pytest.mark.parametrize("own", [0, 1])
def test_rows_of_a_table_move_nothing_of_another_tables_tower(tables, own):
    """Not by rounding either: a task without a label in a batch has no gradient at all."""
    import keras

    from mtl_magic.train.fit import _made

    program = fitting.compile_program(CELL)
    prepared = fitting.prepare(program, tables)
    net, step, _ = _made(program, prepared.schema, 0.01)
    step.rates.lr.assign(0.01)
    heads = {v.path: np.array(v) for v in net.heads.trainable_variables}
    part = prepared.train[own]
    step.run(part.ids[:64], part.floats[:64], part.labels[:64])
    towers = next(layer for layer in net.heads.layers if layer.name == "towers")
    assert isinstance(towers, keras.layers.Layer)
    assert list(towers.parts()) == ["click_tower", "buy_tower"]
    for variable in net.heads.trainable_variables:
        moved = np.array(variable) != heads[variable.path]
        if variable.shape[0] == 2:
            assert moved[own].any(), variable.path
            assert not moved[1 - own].any(), variable.path


@pytest.mark.parametrize(("text", "stream"), [(CELL, False), (MIX, True)], ids=["memory", "mix, streaming"])
def test_a_training_that_dies_within_an_epoch_goes_on_to_the_bit(tables, tmp_path, monkeypatch, text, stream):
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    monkeypatch.setattr("mtl_magic.train.checkpoint.SHARE", 1e9)

    class DeadError(Exception):
        pass

    def dies(event):
        if isinstance(event, Progress) and event.step == 23:  # 16 steps an epoch
            raise DeadError

    def train(**options):
        heard = []
        run = mtl_magic.fit(text, tables, stream=stream, listeners=[heard.append, *options.pop("more", ())], **options)
        return run, [dataclasses.replace(e, seconds=0) for e in heard if isinstance(e, Evaluated)]

    whole, undisturbed = train()
    keep = {"store": tmp_path, "name": "both", "checkpoint": 0}
    with pytest.raises(DeadError):
        train(more=[dies], **keep)
    facts = json.loads(next(pathlib.Path(tmp_path).glob("*/run.json")).read_text())
    assert [t["name"] for t in facts["tables"]] == ["feed", "shop"]
    again, events = train(resume=True, **keep)
    assert repr(events) == repr(undisturbed)
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(MtlError, match="finished"):
        train(resume=True, **keep)


def test_a_training_does_not_go_on_with_another_table_or_mix(tables, tmp_path, monkeypatch):
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)

    def dies(event):
        if isinstance(event, Progress) and event.step > 20:
            raise KeyboardInterrupt

    keep = {"store": tmp_path, "name": "both", "checkpoint": 0}
    with pytest.raises(KeyboardInterrupt):
        mtl_magic.fit(MIX, tables, listeners=[dies], **keep)
    with pytest.raises(MtlError, match="other data"):
        mtl_magic.fit(MIX, {"feed": feed(), "shop": shop(seed=5)}, resume=True, **keep)
    with pytest.raises(MtlError, match="another text"):
        mtl_magic.fit(MIX.replace("0.75", "0.5"), tables, resume=True, **keep)


def test_explained(tables):
    found = mtl_magic.explain(MIX, tables)
    rows = found.tables["data"].frame().to_dict("records")
    assert rows == [
        {
            "table": "feed",
            "training rows": 810,
            "teaches (labels)": "click (810)",
            "missing features": "price",
            "in a batch": "75%: 48 of 64 rows",
            "passes an epoch": "0.917",
        },
        {
            "table": "shop",
            "training rows": 180,
            "teaches (labels)": "buy (180)",
            "missing features": "city",
            "in a batch": "25%: 16 of 64 rows",
            "passes an epoch": "1.37",
        },
    ]
    text = str(found)
    assert text.index("2 tables") < text.index("Parameters")
    assert "train mix" in text
    alone = mtl_magic.explain("task click: binary\n", feed())
    assert "data" not in alone.tables
    assert "train mix" not in str(alone)


def test_the_checks_look_at_each_table():
    """A leak in a table that is a thousandth of all rows; an identifier that numbers the rows of one table of two."""
    large, small = feed(60_000), shop(400)
    small["paid"] = small.buy * 1.0
    small["line"] = np.arange(400) + 7
    large["line"] = large.index * 3.0
    text = "task click: binary\ntask buy: binary\nfeature user, city, price: category\nfeature paid, line: number\n"
    program = fitting.compile_program(text)
    codes = {(p.code, p.message.split("'")[1]) for p in fitting.prepare(program, [large, small]).warnings}
    assert ("MTL104", "paid") in codes
    assert ("MTL101", "line") in codes


def test_rare_labels_are_counted_by_the_mix():
    """Two buys in a hundred rows of the shop: a batch of 64 has one of them only if it holds many rows of the shop."""
    shops = shop(300).assign(buy=np.arange(300) % 50 == 0)
    text = "task click: binary\ntask buy: binary\nfeature user: category\ntrain epochs=1 batch=64\n"

    def rare(mix: str) -> list[str]:
        program = fitting.compile_program(text + mix)
        tables = {"feed": feed(3000), "shop": shops}
        return [p.hint for p in fitting.prepare(program, tables).warnings if p.code == "MTL103"]

    (hint,) = rare("")
    assert "so does a larger part of its table (train mix=[…])" in hint
    assert not rare("train mix=[feed=0.1, shop=0.9]\n")


def test_tables_of_the_validation_part():
    run = mtl_magic.fit(CELL, [feed(), shop()], valid=[feed(100, 5), shop(60, 6)], epochs=1)
    assert run.facts["rows"] == {"train": 1100, "valid": 160}
    assert run.metrics["valid"].keys() == {"click", "buy"}


def test_a_task_with_few_labels_is_neither_drowned_nor_repeated():
    """One label in forty rows: the loss is the mean over labelled rows, so that each of them counts forty times as much."""
    rng = np.random.default_rng(3)
    rows = 8000
    a, b = rng.integers(0, 8, rows), rng.integers(0, 8, rows)
    like = np.where(np.arange(rows) % 40 == 0, (b > 3) ^ (rng.random(rows) < 0.1), np.nan)
    frame = pd.DataFrame({"a": a, "b": b, "click": (a > 3) ^ (rng.random(rows) < 0.1), "like": like})
    text = "feature a, b: category\nshare mlp(units=[8], dropout=0)\ntask click: binary\ntask like: binary\n"
    found = mtl_magic.fit(f"{text}train epochs=4 batch=128 lr=0.01 warmup=0 average=none early_stop=none", frame)
    rest = pd.DataFrame({"a": rng.integers(0, 8, 2000), "b": rng.integers(0, 8, 2000)})
    scores = found.evaluate(rest.assign(click=rest.a > 3, like=rest.b > 3)).set_index(["task", "metric"])["value"]
    assert scores["click", "auc"] > 0.95
    assert scores["like", "auc"] > 0.9


def test_the_script_says_how_it_takes_several_tables(run):
    text = str(run.code())
    assert "learnt from several tables (feed, shop)" in text.replace("\n", " ")
    assert "not mixed by `mix=`" in text.replace("\n", " ")
