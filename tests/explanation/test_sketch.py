"""The topology as the panel draws it: what is left out, whose share of a gate an edge is, and that nothing lies on another."""

from __future__ import annotations

import json

import pytest
from explanation.cells import MMOE, QUICK, TREE, prepared, topology

from mtl_magic.explanation.sketch import WIDTH, sketch
from mtl_magic.vocabulary import vocabulary

CELLS = {
    "quick": QUICK,
    "mmoe": MMOE,
    "tree": TREE,
    "none": "share none\n" + QUICK,
    "ple": "share ple(levels=2, shared=2, own=1, units=[4])\n" + QUICK,
    "cross_stitch": "share cross_stitch(units=[8, 4])\n" + QUICK,
    "wide": "share mmoe(experts=24, units=[4])\n" + QUICK,
}


def labels(found, kind=None):
    return [box["label"] for box in found["boxes"] if kind in (None, box["kind"])]


@pytest.fixture(params=CELLS)
def drawn(request):
    return sketch(topology(CELLS[request.param]).outline)


def test_boxes_lie_apart_and_inside(drawn):
    boxes = [box["place"] for box in drawn["boxes"]]
    for i, (x, y, w, h) in enumerate(boxes):
        assert min(x, y) >= 0
        assert x + w <= drawn["width"]
        assert y + h <= drawn["height"]
        for a, b, c, d in boxes[:i]:
            assert x >= a + c or a >= x + w or y >= b + d or b >= y + h
    assert drawn["width"] <= 2 * WIDTH
    json.dumps(drawn, allow_nan=False)


def test_edges_lead_from_box_to_box(drawn):
    lefts = {round(box["place"][0], 1) for box in drawn["boxes"]}
    rights = {round(box["place"][0] + box["place"][2], 1) for box in drawn["boxes"]}
    for edge in drawn["edges"]:
        start = float(edge["path"][1:].split()[0])
        end = float(edge["path"].replace("H", " ").split()[-2])
        assert min(abs(start - right) for right in rights) < 0.2
        assert min(abs(end - place) for place in lefts | rights) < 0.2


def test_what_a_glance_needs():
    found = sketch(topology(MMOE).outline)
    assert labels(found) == ["inputs", "expert 1", "expert 2", "expert 3", "click", "like", "watch"]
    assert [box["line"] for box in found["boxes"]] == [0, 2, 2, 2, 3, 4, 5]
    assert [box["tasks"] for box in found["boxes"] if box["kind"] == "head"] == [[0], [1], [2]]
    assert found["boxes"][1]["tasks"] == [0, 1]
    assert found["frames"][0]["line"] == 2
    gates = {(tuple(e["gate"]), *e["tasks"]) for e in found["edges"] if "gate" in e}
    assert gates == {(("mmoe", t, f"expert {e}"), i) for i, t in enumerate(("click", "like")) for e in (1, 2, 3)}
    assert [e["tasks"] for e in found["edges"] if e["kind"] == "given"] == [[1]]


def test_private_parts_are_of_their_task():
    assert [(box["label"], box["tasks"]) for box in sketch(topology(CELLS["none"]).outline)["boxes"][:3]] == [
        ("own", [0]),
        ("own", [1]),
        ("own", [2]),
    ]
    found = sketch(topology(CELLS["ple"]).outline)
    own = [box["tasks"] for box in found["boxes"] if box["tip"].startswith("1 own expert")]
    assert own == [[0], [1], [2]]


def test_gates_are_named_as_training_names_them():
    """Each edge through a gate finds its number in what `train.gates` tells."""
    from mtl_magic.model.net import build
    from mtl_magic.train.gates import GateMeter

    for name in ("mmoe", "ple", "tree", "wide"):
        program, made = prepared(CELLS[name])
        found = sketch(topology(CELLS[name]).outline)
        meter = GateMeter(program, made.schema, build(program, made.schema))
        rows = made.valid if made.valid is not None else made.train[0]
        use = {u.block: u for u in meter.read(rows.ids[:32], rows.floats[:32])}
        gates = [e["gate"] for e in found["edges"] if "gate" in e]
        assert gates, name
        for block, taker, expert in gates:
            assert taker in use[block].takers
            assert expert in use[block].experts
            assert any(
                row[use[block].experts.index(expert)] > 0
                for who, row in zip(use[block].takers, use[block].use, strict=True)
                if who == taker
            )
        made.close()


@pytest.mark.parametrize("word", vocabulary().words("block"))
def test_every_block_can_be_drawn(word):
    options = {"epnet": "gate=[user_id]", "ppnet": "gate=[user_id]", "star": "domain=user_id"}.get(word, "")
    text = f"feature user_id: category\nshare {word}({options})\n{QUICK}"
    found = sketch(topology(text).outline)
    assert labels(found, "head") == ["click", "like", "watch"]
