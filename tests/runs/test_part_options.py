"""Options of parts from the text of a cell to the run on disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.problems import MtlError

TABLE = pd.DataFrame({"user": np.arange(240) % 7, "x": np.arange(240) / 7, "click": np.arange(240) % 2})
TABLE["buy"] = (TABLE["x"] > 20).astype(int)


def test_a_cell_with_all_of_them_trains_is_saved_and_read_again(tmp_path) -> None:
    text = """
feature user: category(frozen=true)
feature x: number(lr=0.1, optimizer=rowwise_adagrad, l2=0.01, dropout=0.1)
share mmoe(experts=2, units=[4], lr=0.5, optimizer=sgd, l2=0.001)
task click: binary(lr=2, optimizer=adagrad, l2=0.01, dropout=0.2)
task buy: binary(frozen=true)
train epochs=1
"""
    run = mtl_magic.fit(text, TABLE)
    assert str(mtl_magic.parse(run.text)) == run.text
    run.save(tmp_path / "run")
    again = mtl_magic.load(tmp_path / "run")
    assert np.allclose(again.predict(TABLE), run.predict(TABLE))
    assert again.schema.feature("x").kind == run.schema.feature("x").kind
    assert again.schema.task("click").kind.lr == 2


def test_an_inferred_kind_takes_over_what_was_said() -> None:
    run = mtl_magic.fit("feature *: auto(frozen=true)\ntask click: binary\nignore buy\ntrain epochs=1", TABLE)
    kinds = {f.name: f.kind for f in run.schema.features}
    assert {k.word for k in kinds.values()} == {"category", "number"}
    assert all(k.frozen for k in kinds.values())


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("task click: binary(frozn=true)", "MTL040", "binary has no option 'frozn'"),
        ("task click: binary(lr=0)", "MTL041", "above 0"),
        ("feature user: category(optimizer=rmsprop)\ntask click: binary", "MTL041", "one of adam, lazy_adam"),
        ("share none(frozen=true)\ntask click: binary", "MTL040", "none has no option 'frozen'"),
        ("share mlp([4], 0.1, 0.5)\ntask click: binary", "MTL043", "takes 2: units, dropout"),
        ("task click: binary(optimizer={opt})", "MTL045", "follows the course of train's"),
    ],
)
def test_mistakes_are_said_at_their_place(text: str, code: str, says: str) -> None:
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(MtlError) as caught:
        mtl_magic.fit(text, TABLE, namespace={"opt": keras.optimizers.Adam(schedule)})
    (problem,) = caught.value.problems
    assert problem.code == code
    assert says in problem.message
    assert problem.span is not None


def test_an_explanation_says_what_is_trained_in_its_own_way() -> None:
    text = "feature user: category(frozen=true)\nshare mlp(lr=0.5)\ntask click: binary(l2=0.1)\ntask buy: binary"
    said = str(mtl_magic.explain(text, TABLE))
    assert "category, frozen=true" in said
    assert "lr=0.5" in said
    assert "binary, l2=0.1" in said
    assert said.count("optimizer=") == 0


def test_xla_and_16_bits_leave_what_is_frozen_alone() -> None:
    text = """
feature user: category(frozen=true)
feature x: number(lr=0.5)
task click: binary(frozen=true)
task buy: binary(optimizer=adagrad, l2=0.01)
"""
    for options in ({"jit": True}, {"precision": "mixed_float16"}):
        run = mtl_magic.fit(text, TABLE, epochs=2, **options)
        cold = mtl_magic.fit(text, TABLE, epochs=1, lr=1e-12)
        tables = [{t.name: np.array(t.table) for t in r.model.layers if hasattr(t, "table")} for r in (run, cold)]
        frozen = [name for name in tables[0] if name.endswith("user")]
        assert len(frozen) == 1
        assert (tables[0][frozen[0]] == tables[1][frozen[0]]).all()
        assert np.isfinite(run.evaluate()["value"]).all()
