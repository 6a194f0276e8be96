"""What trials train on: the rows and their schema are those of the trial's cell alone, whatever was encoded before."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest

from mtl_magic.runs import fitting
from mtl_magic.tune.space import Space
from mtl_magic.tune.trial import Data
from mtl_magic.vocabulary import vocabulary

REST = "\nsplit valid=0.2\nignore user\ntune trials=2"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    price = draw.normal(size=200)
    click = (draw.random(200) < 1 / (1 + np.exp(-price))).astype(int)
    kind = draw.choice(["a", "b", "c"], 200, p=[0.6, 0.3, 0.1])
    amount = np.where(draw.random(200) < 0.4, 0.0, np.exp(draw.normal(size=200)))
    return pd.DataFrame(
        {
            "user": draw.integers(0, 20, 200),
            "price": price,
            "click": click,
            "like": 1 - click,
            "kind": kind,
            "amount": amount,
        }
    )


def trials(text: str, table: pd.DataFrame):
    """Of each option of the one space of a text: what its trial trains on, what its cell alone does, and the encodings so far."""
    whole = fitting.parse(text)
    space = Space(whole, vocabulary())
    (hyper,) = space.hypers
    calls = []

    def prepare(program):
        calls.append(program)
        return fitting.prepare(program, table)

    program = fitting.compile_program(space.cell({}))
    with contextlib.closing(Data(prepare, (space.cell({}), program, prepare(program)))) as data:
        for option in hyper.options:
            spec = space.cell({hyper.name: option})
            own = fitting.compile_program(spec)
            yield data.of(spec, own), fitting.prepare(own, table), len(calls)


SEARCHED = [
    "task click: binary(negatives=choose(1, 0.2))",
    "task click: binary(pos_weight=choose(1, 3, balanced))",
    "task kind: multiclass(class_weight=choose(none, balanced, [a=1, b=2]))",
    *(f"task amount: regression(loss=choose(mse, {loss}))" for loss in ("tweedie", "log", "poisson", "quantile(0.9)", "ziln")),
    "task click: binary(loss=choose(bce, pairwise(group=user)))",
    "task click: binary(negatives=0.5)\ntrain seed=choose(0, 1)",
    "task amount: choose(regression, regression(loss=tweedie))",
    "task x: choose(multilabel(labels=[click, like]), multilabel(labels=[click, like], pos_weight=2))",
]  # fmt: skip


@pytest.mark.parametrize("text", SEARCHED)
def test_a_trial_trains_on_what_its_cell_alone_does(text, table):
    for found, alone, _ in trials(text + REST, table):
        assert repr(found.schema.tasks) == repr(alone.schema.tasks)  # a constant may be NaN
        assert found.schema.extras == alone.schema.extras
        assert fitting.fingerprint(found.train) == fitting.fingerprint(alone.train)
        assert fitting.fingerprint([found.valid]) == fitting.fingerprint([alone.valid])
        assert found.notes == alone.notes


@pytest.mark.parametrize(
    "text",
    [
        "task click: binary(tower=choose(8, 16))",
        "task click: binary(dropout=choose(0, 0.2), pos_weight=2, loss=focal)",
        "task click: binary(lr=choose(1, 0.1))",
        "task click: binary(optimizer=choose(none, sgd))",
        "task click: binary(l2=choose(0, 0.1))",
        "task click: binary(frozen=choose(false, true))\ntask amount",
        "task click: binary weight choose(1, 2)",
        "task click: binary\ntrain seed=choose(0, 1)",
    ],
)
def test_what_the_head_alone_reads_costs_no_encoding(text, table):
    for found, alone, calls in trials(text + REST, table):
        assert found.schema.tasks == alone.schema.tasks
        assert calls == 1
