"""What every block must do, whatever it computes: save and load, compute in 16 bits, be drawn, counted and written as code."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import keras
import numpy as np
import pytest

from mtl_magic.vocabulary import vocabulary
from tests.blocks.reaching import inputs, net_of, read
from tests.explanation.cells import prepared, topology

# of each block a cell's form that uses what it can do; `none` has no layers
CELLS = {
    "none": "none",
    "mlp": "mlp(units=[4, 3])",
    "mmoe": "mmoe(experts=3, units=[4, 3], active=2, temperature=0.5, gate_dropout=0.2, importance=0.1, gate=[user_age])",
    "omoe": "omoe(experts=3, units=[4, 3])",
    "cgc": "cgc(shared=2, own=[like=3], units=[4, 3])",
    "ple": "ple(levels=3, shared=2, own=[like=3], units=[4], gate=[user_age, tags], active=2)",
    "cross_stitch": "cross_stitch(units=[4, 3])",
    "dselect_k": "dselect_k(experts=4, active=3, units=[4], gate=[user_age], entropy=0.1, importance=0.1, gamma=2)",
    "adatt": "adatt(levels=2, own=[like=1], units=[4, 3], temperature=2)",
    "sluice": "sluice(units=6, layers=3, subspaces=2, orthogonal=0.1)",
    "mtan": "mtan(units=[4, 3])",
    "stem": "stem(shared=1, own=[like=1], units=[4, 3])",
    "cross": "cross(layers=2, rank=3)",
    "fm": "fm(dim=8)",
    "epnet": "epnet(gate=[user_age], hidden=5)",
    "ppnet": "ppnet(gate=[item_id, user_age], units=[4, 3], hidden=5)",
    "star": "star(domain=item_id, units=[4, 3])",
}
TASKS = "\ntask click: binary\ntask like: binary\ntask watch: regression"


def cell(word: str) -> str:
    return f"share {CELLS[word]}{TASKS}"


def toys(word: str) -> Any:
    """The block of the form above, for the schema of `tests.toy`."""
    from mtl_magic.runs.fitting import compile_program

    form = CELLS[word].replace("user_age", "x").replace("like=", "buy=").replace("item_id", "user")
    tasks = "\ntask click: binary\ntask buy: binary\ntask watch: regression"
    return compile_program(f"feature user, tags, x\nshare {form}{tasks}").blocks[0].block


def test_every_block_is_here() -> None:
    assert sorted(CELLS) == vocabulary().words("block")


@pytest.mark.parametrize("word", CELLS)
def test_it_is_saved_and_loaded(word: str, tmp_path: pathlib.Path) -> None:
    net = net_of(toys(word))
    net.model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    want, got = net.model.predict(inputs(), verbose=0), again.predict(inputs(), verbose=0)
    assert all((want[k] == got[k]).all() for k in want)
    for mine, other in zip(net.trunk.layers, again.get_layer("trunk").layers, strict=True):
        assert type(mine) is type(other)
        assert mine.get_config() == other.get_config()


@pytest.mark.parametrize("word", [w for w in CELLS if w != "none"])
def test_it_computes_in_sixteen_bits(word: str) -> None:
    """The same numbers as in 32 bits, about, in layers that compute in 16."""
    whole, half = net_of(toys(word)), net_of(toys(word), precision="mixed_float16")
    assert "float16" in {layer.compute_dtype for layer in half.trunk.layers}
    for weight, other in zip(half.model.weights, whole.model.weights, strict=True):
        if "seed" not in weight.path:
            weight.assign(other)
    for a, b in zip(read(half)[1], read(whole)[1], strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_allclose(a, b, atol=0.02 * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize("word", CELLS)
def test_every_weight_is_counted_once_and_drawn(word: str) -> None:
    from mtl_magic.explanation.parameters import parameters, size_of
    from mtl_magic.model.net import build

    program, made = prepared(cell(word))
    net, picture = build(program, made.schema), topology(cell(word))
    counts = parameters(net, program, made.schema, picture.outline)
    assert counts.total == sum(w.size for w in map(np.array, net.model.weights) if w.dtype == "float32")
    assert "<svg" in picture.counted(counts).svg()
    assert "flowchart" in picture.mermaid()
    layers = {name: size for name, size in ((layer.name, size_of(layer)) for layer in net.trunk.layers) if size}
    drawn = sum(counts.nodes[n.id] for n in picture.outline.nodes if n.block is not None)
    assert drawn == sum(layers.values()), "each layer of the block is one part's"


@pytest.mark.parametrize("word", CELLS)
def test_its_code_predicts_the_same(word: str, tmp_path: pathlib.Path) -> None:
    from tests.explanation.cells import table
    from tests.runs.scripts import differences, module_of, untrained

    data = table().drop(columns=["buy", "bot"])
    run = untrained(cell(word), data)
    run.code(tmp_path / "c")
    assert max(differences(run, module_of(tmp_path / "c")["predict"], data.head(40)).values()) < 1e-5


@pytest.mark.parametrize("word", [w for w in CELLS if w != "none"])
def test_it_draws_from_blocks_and_serves_blocks(word: str) -> None:
    """Below another block and above others, side by side with one; `stem` has embeddings of its own and stands below alone."""
    from mtl_magic.model.net import build

    form = re.sub(r"own=\[[^]]*\]", "own=2", CELLS[word])
    above = f"share top = {form} from mid, low" if word != "stem" else "share top = mlp(units=[4]) from mid, low"
    tasks = "\ntask click: binary from top\ntask like: binary from top, low\ntask watch: regression from mid"
    program, made = prepared(f"share low = {form}\nshare mid = mmoe(experts=2, units=[5]) from low\n{above}{tasks}")
    net = build(program, made.schema)
    part = made.train[0]
    found = net.model({"ids": part.ids[:8], "floats": part.floats[:8]})
    assert all(np.isfinite(np.array(value)).all() for value in found.values())
