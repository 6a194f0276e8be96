"""The topology as data: the textbooks' relations, trees, dependencies, places."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from explanation.cells import MMOE, QUICK, TREE, edges, prepared, table, topology

from mtl_magic.blocks._base import Block, Inner, Part
from mtl_magic.explanation.topology import Topology


def ids(found, kind=None):
    return [n.id for n in found.outline.nodes if kind in (None, n.kind)]


def test_hard_sharing():
    found = topology(QUICK)
    inputs = [f"features:{n}" for n in ("user_id", "user_age", "item_id", "tags")]
    tasks = [f"{part}:{t}" for t in ("click", "like", "watch") for part in ("tower", "head")]
    assert ids(found) == [*inputs, "join:inputs", "block:/layers", *tasks]
    assert edges(found) == {
        *(f"{i} -> join:inputs" for i in inputs),
        "join:inputs -> block:/layers",
        *(f"block:/layers -> tower:{t}" for t in ("click", "like", "watch")),
        *(f"tower:{t} -> head:{t}" for t in ("click", "like", "watch")),
    }
    assert found.outline.node("block:/layers").tasks == ("click", "like", "watch")
    assert found.outline.node("join:inputs").detail == "33 numbers"
    assert found.outline.node("head:watch").detail == "regression, mse"


def test_mixture_of_experts():
    found = topology(MMOE)
    experts = [f"block:/expert_{e}" for e in (1, 2, 3)]
    assert ids(found, "expert") == experts
    assert ids(found, "gate") == ["block:/gate_click", "block:/gate_like"]
    flow = edges(found)
    assert {e for e in flow if "gate" in e} == {
        *(f"{e} -> block:/gate_{t}" for e in experts for t in ("click", "like")),
        *(f"block:/gate_{t} -> tower:{t}" for t in ("click", "like")),
    }
    assert {e for e in flow if e.startswith("join")} == {
        *(f"join:inputs -> {e}" for e in experts),
        "join:inputs -> tower:watch",
    }
    assert edges(found, "control") == {f"join:inputs -> block:/gate_{t}" for t in ("click", "like")}
    assert edges(found, "given") == {"head:click -> head:like"}
    assert next(e for e in found.outline.edges if e.kind == "given").label == "esmm"
    assert found.outline.node("block:/gate_like").tasks == ("like",)
    assert found.outline.node("block:/expert_1").tasks == ("click", "like")
    assert found.outline.node("tower:watch").detail == "[128, 64, 32]"
    assert found.outline.frame("").detail == "3 experts [8, 4]"


def test_nothing_shared():
    found = topology("share none\n" + QUICK)
    assert ids(found, "features") == ["own:task:click", "own:task:like", "own:task:watch"]
    assert edges(found) == {f"own:task:{t} -> tower:{t}" for t in ("click", "like", "watch")} | {
        f"tower:{t} -> head:{t}" for t in ("click", "like", "watch")
    }
    assert all(len(n.tasks) == 1 for n in found.outline.nodes)
    assert found.outline.frames == ()


def test_a_tree_of_named_blocks():
    found = topology(TREE)
    outline = found.outline
    assert [f.name for f in outline.frames] == ["trunk", "social", "commerce", "user"]
    assert outline.frame("commerce").sources == ("trunk",)
    flow = edges(found)
    for edge in (
        "features:user_id -> join:inputs",
        "features:user_id -> join:user_id+user_age",
        "join:user_id+user_age -> block:user/layers",
        "join:inputs -> block:trunk/layers",
        "block:trunk/layers -> block:commerce/expert_2",
        "block:commerce/gate_click -> tower:click",
        "block:user/layers -> tower:click",
        "block:social/layers -> tower:watch",
        "block:commerce/gate_watch -> tower:watch",
        "join:inputs -> tower:buy",
        "own:task:bot -> tower:bot",
    ):
        assert edge in flow
    assert outline.node("block:trunk/layers").tasks == ("click", "like", "watch")
    assert outline.node("block:trunk/layers").label == "trunk"
    assert outline.readers["user_age"] == ("click", "like", "watch", "buy")
    assert outline.owners == {"bot": ("bot",)}
    assert edges(found, "given") == {"head:click -> head:like"}


def test_places_are_those_of_the_declarations():
    outline = topology("feature user_id: category\nfeature *: auto\n" + TREE.lstrip()).outline
    lines = {n.id: n.span.line for n in outline.nodes if n.span}
    assert lines["features:user_id"] == 1
    assert lines["features:tags"] == 2
    assert lines["block:trunk/layers"] == 3
    assert lines["block:commerce/gate_click"] == 5
    assert lines["tower:watch"] == lines["head:watch"] == 9


def test_many_features_are_one_box_for_each_set_of_readers():
    data = table().assign(**{f"x{i}": np.arange(300.0) for i in range(12)})
    found = topology("share a = mlp from x*\ntask click: binary from a, user_id\ntask like: binary from a", data)
    boxes = {n.id: (n.label, n.detail, n.tasks) for n in found.outline.nodes if n.kind == "features"}
    assert boxes == {
        "features:user_id": ("user_id", "category", ("click",)),
        "features:user_age": ("3 features", "1 number, 2 category", ()),
        "features:x0": ("12 features", "12 number", ("click", "like")),
    }
    assert edges(found) >= {"features:x0 -> block:a/layers", "features:user_id -> tower:click"}


def test_python_blocks_and_towers_of_none():
    import keras

    found = topology(
        "share {layer}\ntask click: binary\ntask like: binary(tower=[])", namespace={"layer": keras.layers.Dense(3)}
    )
    assert found.outline.frame("").word == "Dense"
    assert "block:/layers -> head:like" in edges(found)
    assert "tower:like" not in ids(found)
    named = topology("share f = {twice}\ntask click: binary from f", namespace={"twice": twice})
    assert named.outline.node("block:f/layers").label == "f"
    assert named.outline.node("block:f/layers").detail == "twice"


def twice(x):
    return x * 2


def test_very_many_experts_are_one_box_after_some():
    found = topology("share mmoe(experts=40)\n" + QUICK)
    experts = [n for n in found.outline.nodes if n.kind == "expert"]
    assert [n.label for n in experts] == [*(f"expert {e}" for e in range(1, 7)), "34 more"]
    assert sum(n.count for n in experts) == 40
    assert sum(e.kind == "flow" and "gate_click" in e.target for e in found.outline.edges) == 7


@dataclasses.dataclass(frozen=True)
class Levels(Block):
    """A block of a later version: two levels, an expert of each taker's own."""

    word = "levels"

    def inner(self, key, takers):
        own = [Part(f"own_{t}", "own", "expert", reads=("low",), taker=t) for t in takers]
        return Inner((Part("low", "low"), *own), {t: (f"own_{t}",) for t in takers}, "2 levels")


def test_a_block_describes_itself():
    program, made = prepared(QUICK)
    plan = dataclasses.replace(program.blocks[0], block=Levels())
    found = Topology.of(dataclasses.replace(program, blocks=(plan,)), made.schema)
    assert found.outline.node("block:/own_like").label == "own like"
    assert found.outline.node("block:/low").tasks == ("click", "like", "watch")
    assert edges(found) >= {
        "join:inputs -> block:/low",
        "block:/low -> block:/own_like",
        "block:/own_like -> tower:like",
    }
    assert found.svg().count("<rect") == 1 + 1 + len(found.outline.nodes)


def test_only_numbers():
    data = pd.DataFrame({"a": np.arange(60.0) / 7, "click": np.arange(60) % 2})
    found = topology("task click: binary", data)
    assert ids(found) == ["features:a", "block:/layers", "tower:click", "head:click"]
