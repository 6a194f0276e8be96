"""MTL104: what gives a label away, and what only helps to guess it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checks.checking import codes, found, log, said

import mtl_magic
from mtl_magic.data.prepare import prepare
from mtl_magic.runs.fitting import compile_program

CELL = "ignore watch, buy\ntask click: binary"
ALLOWED = f"{CELL} allow MTL104"


def test_a_clean_log_is_silent():
    assert said("task click: binary\ntask buy: binary given click\ntask watch: regression", log()) == []


def test_exactly_what_is_said():
    frame = log().assign(seconds=lambda f: f.click * (f.watch + 1))
    assert said(CELL, frame) == [
        "MtlWarning MTL104, line 2: feature 'seconds' gives task 'click' away: "
        "by itself it ranks held-out rows with an AUC of 1\n"
        "    task click: binary\n"
        "         ^^^^^\n"
        "if it is known only after the fact, leave it out: ignore seconds; "
        "'allow MTL104' at the end of the line silences this"
    ]
    assert said(ALLOWED, frame) == []
    assert said(f"{CELL}\nignore seconds", frame) == []


def test_a_feature_line_is_where_it_points():
    frame = log().assign(seconds=lambda f: f.click * (f.watch + 1))
    text = "task click: binary\nfeature seconds, city"
    assert said(text, frame) == [
        "MtlWarning MTL104, line 2: feature 'seconds' gives task 'click' away: "
        "by itself it ranks held-out rows with an AUC of 1\n"
        "    feature seconds, city\n"
        "            ^^^^^^^\n"
        "if it is known only after the fact, take it out of the features; "
        "'allow MTL104' at the end of the line silences this"
    ]
    assert said(f"{text} allow MTL104", frame) == []
    assert said("task click: binary allow MTL104\nfeature seconds, city", frame) == []
    assert codes("task click: binary\nfeature seconds, city\nignore price allow MTL104", frame) == ["MTL104"]


def leaky(name: str) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = log()
    rows = len(frame)
    return frame.assign(
        x={
            "copy": frame.click,
            "text": np.where(frame.click == 1, "yes", "no"),
            "one in fifty wrong": np.where(rng.random(rows) < 0.02, 1 - frame.click, frame.click),
            "missing unless": np.where(frame.click == 1, rng.random(rows), np.nan),
            "tags": [
                "a,bought,b" if c else "a,b" if r else "a"
                for c, r in zip(frame.click, rng.random(rows) < 0.5, strict=True)
            ],
            "many": [list(rng.integers(2, 60, 6)) + [1] * c for c in frame.click],
            "list": [["k", "hit"] if c else ["k"] for c in frame.click],
            "vector": list(np.stack([rng.random(rows), frame.click * 3.0 + 1, rng.random(rows)], 1)),
        }[name]
    )


@pytest.mark.parametrize(
    "name", ["copy", "text", "one in fifty wrong", "missing unless", "tags", "list", "many", "vector"]
)
def test_forms_of_a_leak(name):
    (problem,) = found(CELL, leaky(name))
    assert problem.message.startswith("feature 'x' gives task 'click' away")


def test_a_monotone_function_of_a_regression_label():
    frame = log().assign(minutes=lambda f: -np.log(f.watch + 1))
    (problem,) = found("task watch: regression\nignore click, buy", frame)
    assert problem.message == (
        "feature 'minutes' gives task 'watch' away: by itself it explains 99.4% of the order of held-out labels"
    )


def test_a_class():
    frame = log().assign(code=lambda f: f.city.str.upper())
    (problem,) = found("task city: multiclass\nignore click, buy", frame)
    assert problem.message == (
        "feature 'code' gives task 'city' away: by itself it avoids all of the errors "
        "that always guessing the commonest class makes on held-out rows"
    )


def test_a_label_that_is_a_feature_by_name():
    text = "feature city, buy\ntask click: binary\ntask buy: binary"
    (problem,) = found(text, log())
    assert problem.message == "feature 'buy' gives task 'buy' away: its column is the task's label"
    assert problem.line == 1


def test_an_identifier_of_many_values_is_no_leak():
    rng = np.random.default_rng(0)
    frame = log(6000).assign(item=rng.permutation(6000).astype(str), pair=rng.integers(0, 3000, 6000).astype(str))
    text = (
        "feature item, pair: category(min_count=1)\ntask click: binary\ntask watch: regression\ntask city: multiclass"
    )
    assert codes(text, frame) == []


def test_a_rare_label_of_a_large_table():
    """One row in 5,000: a sample alone would show six positives."""
    rng = np.random.default_rng(0)
    rows = 200_000
    buy = (rng.random(rows) < 2e-4) * 1
    frame = pd.DataFrame({"buy": buy, "paid": buy * rng.random(rows), "x": rng.random(rows)})
    assert "MTL104" in codes("task buy: binary", frame)


def test_few_rows_say_nothing():
    assert codes(CELL, leaky("copy").head(30)) == []


def test_watch_time_in_the_feed_log():
    frame = mtl_magic.datasets.kuairand_sample()
    text = (
        "ignore date, is_like, is_profile_enter, is_comment, is_follow\ntask is_click: binary\ntask long_view: binary"
    )
    assert [p.message for p in found(text, frame) if p.code == "MTL104"] == [
        "feature 'play_time_ms' gives task 'is_click' away: by itself it ranks held-out rows with an AUC of 0.986",
        "feature 'play_time_ms' gives task 'long_view' away: by itself it ranks held-out rows with an AUC of 0.992",
    ]


def test_the_census_is_silent_but_for_what_says_the_label(data_folder):
    frame = pd.read_csv(data_folder / "census-income-kdd" / "census_income_test.csv.gz", keep_default_na=False)
    frame["never_married"] = (frame.marital_stat == "Never married") * 1
    assert frame.never_married.mean() > 0.3
    text = "ignore instance_weight\ntask income_50k: binary\ntask never_married: binary\ntask education: multiclass"
    said = [p.message.split(":")[0] for p in found(text, frame)]
    assert said == [
        "feature 'marital_stat' gives task 'never_married' away",
        "feature 'det_hh_fam_stat' gives task 'never_married' away",  # its values end in 'never marr'
    ]


def test_encoded_data_without_tables_is_enough():
    from mtl_magic.checks import run_checks
    from tests import toy

    assert run_checks(toy.program(), toy.data()) == ()
    program = compile_program(CELL)
    prepared = prepare(program, [leaky("copy")])
    prepared.raw = None
    assert [p.code for p in run_checks(program, prepared)] == ["MTL104"]
