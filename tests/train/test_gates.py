"""How tasks use experts: every block with gates tells it, each of its experts by a name of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mtl_magic.blocks._gated import Gated
from mtl_magic.model.net import build
from mtl_magic.train.gates import GateMeter, GateUse
from mtl_magic.vocabulary import vocabulary
from tests.explanation.cells import prepared

TASKS = "\ntask click: binary\ntask like: binary\ntask watch: regression"
NAMES = ("click", "like", "watch")
GATED = {
    "mmoe": "mmoe(experts=3, units=[4])",
    "omoe": "omoe(experts=3, units=[4])",
    "cgc": "cgc(shared=2, own=[like=1], units=[4])",
    "ple": "ple(levels=2, shared=1, own=[like=1, click=2, watch=1], units=[4])",
    "dselect_k": "dselect_k(experts=4, active=2, units=[4])",
    "adatt": "adatt(levels=2, own=1, units=[4])",
    "stem": "stem(shared=1, own=[like=2, click=1, watch=1], units=[4])",
}


def used(form: str) -> dict[str, GateUse]:
    program, made = prepared(f"share {form}{TASKS}")
    part: Any = made.train[0]
    net = build(program, made.schema)
    return {use.block: use for use in GateMeter(program, made.schema, net).read(part.ids, part.floats)}


def test_every_block_with_gates_is_here() -> None:
    words = vocabulary()
    gated = {w for w in words.words("block") if issubclass(words.find("block", w), Gated)}  # type: ignore[arg-type]
    assert set(GATED) == gated | {"dselect_k"}


@pytest.mark.parametrize("word", GATED)
def test_a_gate_tells_all_of_its_experts(word: str) -> None:
    """Rows sum to 1, so no expert is left out or counted under another's name."""
    found = used(GATED[word])
    assert list(found) == ([f"{word}, level 1", f"{word}, level 2"] if word in ("ple", "adatt") else [word])
    for use in found.values():
        assert np.allclose(np.sum(use.use, axis=1), 1.0, atol=1e-5)
        assert len(set(use.experts)) == len(use.experts)
        assert len(set(use.takers)) == len(use.takers)
        assert use.takers[:3] == (("gate",) if word == "omoe" else NAMES)


def test_own_experts_of_others_are_named_after_them() -> None:
    (use,) = used(GATED["stem"]).values()
    assert set(use.experts) == {
        *("own expert 1", "own expert 2", "shared expert"),
        *("own expert 1 of click", "own expert 1 of watch", "own expert 1 of like", "own expert 2 of like"),
    }
    (use,) = used(GATED["cgc"]).values()
    assert use.experts == ("own expert 1", "own expert 2", "shared expert 1", "shared expert 2")
    assert use.use[1][1] == 0.0  # 'like' has one expert of its own
    first = used(GATED["ple"])["ple, level 1"]
    assert first.takers == (*NAMES, "shared gate")
    assert sum(w > 0 for w in first.use[3]) == 1 + 2 + 1 + 1


def test_weights_that_see_no_row_are_no_gates() -> None:
    assert not used("cross_stitch(units=[4])")
    assert not used("sluice(units=4)")
    assert all("native" not in " ".join(use.experts) for use in used(GATED["adatt"]).values())


def test_an_expert_that_no_task_uses_is_marked() -> None:
    """Of gates whose biases leave one out, as the dashboard has it from the event."""
    from mtl_magic.dashboard.kinds.gates import gates
    from mtl_magic.train.events import Gates

    program, made = prepared(f"share {GATED['mmoe']}{TASKS}")
    net = build(program, made.schema)
    layer = net.trunk.get_layer("mmoe_gates")
    layer.kernel.assign(np.zeros(layer.kernel.shape))
    layer.bias.assign([0.0, -9.0, 0.0] * 2 + [0.0, -9.0, -9.0])
    part: Any = made.train[0]
    (use,) = GateMeter(program, made.schema, net).read(part.ids, part.floats)
    (row,) = gates(Gates(1, 0.0, use.block, use.takers, use.experts, use.use), use.takers, {})
    assert row.about["idle"] == [1]  # the third is used by two of the tasks
