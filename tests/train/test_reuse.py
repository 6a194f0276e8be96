"""Running an unchanged cell again: nothing is traced, and nothing is different."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.train import reuse

CELL = "task click: binary\ntask watch: regression\ntrain epochs=2 batch=32"


def table(rows: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    user, price = draw.integers(0, 9, rows), draw.normal(size=rows)
    click = (draw.random(rows) < 1 / (1 + np.exp(-price - user / 5))).astype(int)
    return pd.DataFrame({"user": user.astype(str), "price": price, "click": click, "watch": price + draw.random(rows)})


@pytest.fixture
def tracings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by a word each time that a step, an evaluation or a prediction is traced."""
    from mtl_magic.train.evaluate import Evaluator, Predictor
    from mtl_magic.train.step import Step

    found: list[str] = []

    def watched(kind: type, name: str) -> None:
        original = getattr(kind, name)

        def traced(self: object, *args: object) -> object:
            found.append(kind.__name__)
            return original(self, *args)

        monkeypatch.setattr(kind, name, traced)

    watched(Step, "replica_step")
    watched(Evaluator, "_forward")
    watched(Predictor, "_forward")
    reuse.take(None)
    return found


def test_an_unchanged_cell_traces_nothing_and_trains_the_same(tracings: list[str]) -> None:
    data = table()
    one = mtl_magic.fit(CELL, data)
    assert sorted(tracings) == ["Evaluator", "Step"]
    kept = one.predict(data)
    two = mtl_magic.fit(CELL, data)
    assert sorted(tracings) == ["Evaluator", "Predictor", "Step"], "the prediction of the first run"
    pd.testing.assert_frame_equal(two.predict(data), kept)
    pd.testing.assert_frame_equal(
        one.history.drop(columns="seconds"), two.history.drop(columns="seconds"), check_exact=True
    )
    assert one.metrics == two.metrics


def test_an_earlier_run_keeps_its_weights(tracings: list[str]) -> None:
    data = table()
    one = mtl_magic.fit(CELL, data)
    before = [np.array(v) for v in one.model.variables]
    two = mtl_magic.fit(CELL, data)
    assert two.model is not one.model
    two.model.variables[0].assign(two.model.variables[0] + 1)
    mtl_magic.fit(CELL, data)
    for was, now in zip(before, one.model.variables, strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    "text",
    [
        CELL + " lr=0.02 schedule=cosine warmup=5",
        CELL.replace("regression", "regression weight 3"),
        CELL.replace("epochs=2 batch=32", "epochs=1 batch=64"),
        CELL + " seed=5",
        CELL + " seed=5\nshare mlp(units=[8], dropout=0.2)",
    ],
)
def test_what_the_graph_does_not_know_is_assigned(tracings: list[str], text: str) -> None:
    fresh = mtl_magic.fit(text, table())
    reuse.take(None)
    mtl_magic.fit(text.replace(" seed=5", "") if " seed=5" in text else CELL, table())
    del tracings[:]
    again = mtl_magic.fit(text, table())
    assert "Step" not in tracings
    assert again.metrics == fresh.metrics
    for a, b in zip(fresh.model.variables, again.model.variables, strict=True):
        if "seed" not in a.path:
            np.testing.assert_array_equal(np.array(a), np.array(b))


def test_several_graphs_are_kept_where_there_is_room(tracings: list[str]) -> None:
    other = CELL + "\nshare mlp(units=[8])"
    with reuse.room_for(2):
        for text in (CELL, other, CELL, other):
            mtl_magic.fit(text, table())
        assert tracings.count("Step") == 2
    mtl_magic.fit(other, table())
    assert tracings.count("Step") == 2, "the last one stays"
    mtl_magic.fit(CELL, table())
    assert tracings.count("Step") == 3


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (CELL.replace("epochs=2", "epochs=2 average=none"), {}),
        (CELL + "\nshare mmoe", {}),
        (CELL, {"user": lambda t: t.user.replace("3", "4")}),
        (CELL, {"watch": lambda t: 2 * t.watch}),
    ],
)
def test_what_changes_the_graph_is_traced_anew(tracings: list[str], text: str, change: dict[str, object]) -> None:
    mtl_magic.fit(CELL, table())
    mtl_magic.fit(text, table().assign(**change))
    assert tracings.count("Step") == 2


def test_a_method_that_counts_the_steps_of_an_epoch_is_traced_for_another_batch(tracings: list[str]) -> None:
    for batch in (32, 64):
        mtl_magic.fit(CELL.replace("batch=32", f"batch={batch}") + "\nbalance dwa", table())
    assert tracings.count("Step") == 2


def test_a_cell_with_python_in_it_is_traced_anew(tracings: list[str]) -> None:
    text = "task click: binary(tower={units})\ntrain epochs=1"
    for units in ([4], [5]):
        mtl_magic.fit(text, table().drop(columns="watch"), namespace={"units": units})
    assert tracings.count("Step") == 2


def test_large_tables_do_not_stay_behind(tracings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "LARGEST", 1000)
    for _ in range(2):
        mtl_magic.fit(CELL, table())
    assert tracings.count("Step") == 2
