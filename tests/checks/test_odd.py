"""No table, however odd, makes a check raise anything but what a person should read."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_magic.checks import run_checks
from mtl_magic.data.prepare import prepare
from mtl_magic.data.schema import Part
from mtl_magic.problems import MtlError
from mtl_magic.runs.fitting import compile_program
from tests import toy

VALUES = {
    "gone": st.none(),
    "nan": st.just(float("nan")),
    "constant": st.just(7),
    "number": st.floats() | st.none(),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "yes": st.booleans() | st.none(),
    "text": st.text(max_size=3) | st.none(),
    "tags": st.sampled_from(["a,b", "a", "b,c", "c"]),
    "list": st.lists(st.integers(0, 3), max_size=3) | st.none(),
    "vector": st.lists(st.floats(-1, 1), min_size=2, max_size=2),
    "date": st.dates(dt.date(1970, 1, 1), dt.date(2100, 1, 1)) | st.none(),
}
LABELS = st.sampled_from([0, 1, None])
CELLS = (
    "task click",
    "task click: binary\ntask buy: binary given click via observed\nsplit time=when\nbalance static",
    "task click: binary\ntask buy: regression weight 1e9\nbalance static\nsplit valid=0.5 test=0.2",
    "feature *: auto\nfeature user_id: number\nfeature click\ntask click: binary\ntask buy: multiclass\nsplit group=user_id",
)


@st.composite
def tables(draw, kinds):
    rows = draw(st.integers(1, 60))

    def column(values):
        seed = draw(st.lists(values, min_size=1, max_size=6))
        return pd.Series([seed[i % len(seed)] for i in range(rows)])

    columns = {f"x{i}": column(VALUES[kind]) for i, kind in enumerate(kinds)}
    places = np.arange(rows)
    times = {"when": places if draw(st.booleans()) else np.full(rows, np.nan), "user_id": places % 5}
    labels = {"click": column(LABELS), "buy": column(LABELS)}
    return pd.DataFrame({**columns, **times, **labels})


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(CELLS), st.lists(st.sampled_from(sorted(VALUES)), max_size=5))
def test_checks_never_raise(data, text, kinds):
    frame = data.draw(tables(kinds))
    valid = data.draw(st.none() | tables(kinds))
    test = data.draw(st.none() | tables(kinds))
    program = compile_program(text)
    try:
        prepared = prepare(program, [frame], valid, test)
        found = run_checks(program, prepared)
    except MtlError:  # nothing to train on, or the test part is the validation part: a person reads why
        return
    for problem in found:
        assert problem.severity == "warning"
        assert problem.render(program.text).startswith(f"MtlWarning {problem.code}")
        assert f"'allow {problem.code}'" in problem.hint


def test_an_empty_validation_part_and_one_row():
    prepared = toy.data()
    whole = prepared.train[0]
    prepared.valid = Part(whole.ids[:0], whole.floats[:0], whole.labels[:0], None)
    assert run_checks(toy.program(given="esmm"), prepared) == ()
    prepared.train = [Part(whole.ids[:1], whole.floats[:1], whole.labels[:1], None)]
    run_checks(toy.program(), prepared)
