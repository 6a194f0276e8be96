"""Every other warning: exactly what is said, how it is silenced, and what is in order."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from checks.checking import codes, found, log, said

import mtl_magic
from mtl_magic.checks import run_checks
from mtl_magic.data.prepare import prepare
from mtl_magic.problems import MtlError
from mtl_magic.runs.fitting import compile_program

BASE = "ignore watch, buy\ntask click: binary"


# --- MTL101


def test_an_identifier_as_a_number():
    text = f"feature user_id: number\n{BASE}"
    assert said(text, log()) == [
        "MtlWarning MTL101, line 1: feature 'user_id' is a number, and its name says that its values are names: "
        "their order and distance mean nothing\n"
        "    feature user_id: number\n"
        "            ^^^^^^^\n"
        "write 'feature user_id: category'; 'allow MTL101' at the end of the line silences this"
    ]
    assert said(text.replace("number", "number allow MTL101"), log()) == []
    assert said(text.replace("number", "category"), log()) == []


def test_a_number_of_the_row():
    frame = log().assign(instant=range(5, 2005))
    assert said(BASE, frame) == [
        "MtlWarning MTL101: feature 'instant' is taken as a number, and it numbers the rows one by one: "
        "new rows lie outside everything that was learnt\n"
        "write 'ignore instant'; 'allow MTL101' at the end of any line silences this"
    ]
    assert said(f"{BASE} allow MTL101", frame) == []


@pytest.mark.parametrize(
    ("column", "warned"),
    [("user", True), ("zip_code", True), ("Video", True), ("industry_code", True), ("pages", False), ("page", False)],
)
def test_names_that_say_identifier(column, warned):
    frame = log().assign(**{column: np.random.default_rng(0).integers(0, 1000, 2000)})
    assert (codes(BASE, frame) == ["MTL101"]) == warned


# --- MTL102


def test_losses_of_different_scale():
    text = "ignore watch\ntask click: binary weight 100\ntask buy: binary weight 0.5\nbalance static"
    assert said(text, log()) == [
        "MtlWarning MTL102, line 4: balance static adds raw losses, and that of task 'click' is 279 times that of 'buy' "
        "at the best constants (69.3 and 0.248, weights counted): 'buy' will hardly be learnt\n"
        "    balance static\n"
        "            ^^^^^^\n"
        "balance equal, the default, divides each by its constant's; or give the tasks weights; "
        "'allow MTL102' at the end of the line silences this"
    ]
    assert said(f"{text} allow MTL102", log()) == []
    assert said(text.replace("static", "equal"), log()) == []
    assert said(text.replace("weight 100", "weight 2"), log()) == []


# --- MTL103


def test_a_label_too_rare_for_the_batches():
    frame = log(20_000).assign(buy=lambda f: (f.index % 1000 == 0) * 1)
    text = "ignore watch, click\ntask buy: binary\nsplit valid=0.1 seed=1"
    assert said(text, frame) == [
        "MtlWarning MTL103, line 2: task 'buy' has 19 positives in 18,000 training rows: "
        "an expected 87% of the batches of 128 hold none\n"
        "    task buy: binary\n"
        "         ^^^\n"
        "a larger batch helps (train batch=4096); 'allow MTL103' at the end of the line silences this"
    ]
    assert said(text.replace("binary", "binary allow MTL103"), frame) == []
    assert said(f"{text}\ntrain batch=4096", frame) == []
    assert "19 negatives" in said(text, frame.assign(buy=1 - frame.buy))[0]


# --- MTL105


def test_a_child_without_its_parent():
    frame = log()
    frame.loc[frame.index % 50 == 0, ["click", "buy"]] = [0, 1]
    text = "ignore watch\ntask click: binary\ntask buy: binary given click"
    against = said(text, frame)
    assert against == [
        "MtlWarning MTL105, line 3: 37 of 379 positives of task 'buy' (9.8%) are in training rows "
        "in which its parent 'click' is 0\n"
        "    task buy: binary given click\n"
        "                           ^^^^^\n"
        "a probability below its parent's cannot fit them: correct the labels, or leave out 'given click'; "
        "'allow MTL105' at the end of the line silences this"
    ]
    assert said(f"{text} allow MTL105", frame) == []
    assert "they teach it nothing" in said(f"{text} via observed", frame)[0]
    assert said(text, log()) == []


def test_a_few_rows_without_their_parent_are_noise():
    frame = log()
    frame.loc[frame.index[frame.click == 0][:2], "buy"] = 1
    assert codes("ignore watch\ntask click: binary\ntask buy: binary given click", frame) == []


# --- MTL106, MTL216


def test_copies_across_a_random_split():
    frame = log()
    frame = pd.concat([frame, frame.head(200)])
    text = f"{BASE}\nsplit valid=0.2 test=0.2"
    assert said(text, frame) == [
        "MtlWarning MTL106, line 3: 43 of 440 validation rows (9.8%) are exact copies of training rows\n"
        "    split valid=0.2 test=0.2\n"
        "                ^^^\n"
        "drop the copies first (drop_duplicates), or keep them together: split time=… or group=…; "
        "'allow MTL106' at the end of the line silences this",
        "MtlWarning MTL106, line 3: 62 of 440 test rows (14.1%) are exact copies of training or validation rows\n"
        "    split valid=0.2 test=0.2\n"
        "                         ^^^\n"
        "drop the copies first (drop_duplicates), or keep them together: split time=… or group=…; "
        "'allow MTL106' at the end of the line silences this",
    ]
    assert said(f"{text} allow MTL106", frame) == []
    assert said(f"{text} time=day", frame.sort_values("day")) == []
    assert said(f"{BASE} allow MTL106", frame) == []  # no line declares the default split: any allows it


def test_copies_in_a_table_of_its_own():
    frame = log()
    assert said(BASE, frame, valid=frame.head(300)) == [
        "MtlWarning MTL106: 300 of 300 validation rows (100.0%) are exact copies of training rows\n"
        "give rows that training has not seen, or leave out --valid and let the split divide; "
        "'allow MTL106' at the end of any line silences this"
    ]
    assert said(BASE, frame.head(1700), valid=frame.tail(300)) == []


def test_rows_of_few_values_repeat_by_chance():
    frame = log()[["city", "day", "click", "buy", "watch"]].assign(watch=1, day=lambda f: f.day % 3)
    assert frame.duplicated().mean() > 0.9
    assert codes("ignore watch, buy\ntask click: binary", frame) == []


def test_copies_are_found_among_lists_texts_and_gaps():
    frame = log().assign(
        words=[["a", "b"][: i % 3] for i in range(2000)], name=[f"n{i}" if i % 3 else None for i in range(2000)]
    )
    frame.loc[::5, "price"] = np.nan
    other = pd.concat([frame.iloc[100:200], frame.iloc[300:400].assign(words=[["b", "a"]] * 100)])
    (problem,) = found(BASE, frame.iloc[:1000], valid=other.assign(user_id=other.user_id.astype(float)))
    assert problem.message.startswith("100 of 200 validation rows (50.0%)")


def test_the_test_part_is_the_validation_part():
    frame = log()
    for test in (frame.tail(300), frame.tail(300).sample(frac=1, random_state=0)):
        with pytest.raises(MtlError) as caught:
            found(BASE, frame.head(1700), valid=frame.tail(300), test=test)
        assert str(caught.value) == (
            "MtlError MTL216: the test part is the validation part: the same 300 rows\n"
            "validation chooses the epoch that is kept, so a test needs rows of its own: give others, or leave one out"
        )
    assert codes(BASE, frame.head(1400), valid=frame.iloc[1400:1700], test=frame.tail(300)) == []


@pytest.mark.parametrize("watched", ["test", "test.auc", "click.test", "click.test_auc"])
def test_early_stopping_never_watches_the_test(watched):
    """The language knows metrics of tasks alone, and they are those of the validation part."""
    with pytest.raises(MtlError) as caught:
        compile_program(f"{BASE}\ntrain early_stop={watched}")
    assert caught.value.problems[0].line == 3


# --- MTL107


def test_validation_earlier_than_training():
    frame = log()
    text = f"{BASE}\nsplit time=day"
    assert said(text, frame.tail(1500), valid=frame.head(300)) == [
        "MtlWarning MTL107, line 3: 300 of 300 rows of the validation table (100%) are earlier in 'day' "
        "than the last training row\n"
        "    split time=day\n"
        "               ^^^\n"
        "a model is used on days that it has not seen: give later rows, or leave out --valid and let the split cut; "
        "'allow MTL107' at the end of the line silences this"
    ]
    assert said(f"{text} allow MTL107", frame.tail(1500), valid=frame.head(300)) == []
    assert said(text, frame.head(1500), valid=frame.tail(300)) == []
    assert said(BASE, frame.tail(1500), valid=frame.head(300)) == []  # without a time nothing is said of it
    assert codes(text, frame.iloc[300:1500], valid=frame.tail(300), test=frame.head(300)) == ["MTL107"]
    dates = frame.assign(day=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.day, "D"))
    assert codes(text, dates.tail(1500), valid=dates.head(300)) == ["MTL107"]


# --- all of them


def test_the_quickstart_is_silent(root):
    """Nothing is wrong with the first cells that anybody runs."""
    cells = json.loads((root / "notebooks" / "quickstart.ipynb").read_text())["cells"]
    texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    trained = [t.split("\n", 1)[1] for t in texts if t.startswith("%%mtl") and " oops " not in t]
    assert len(trained) >= 2
    frame = mtl_magic.datasets.kuairand_sample()
    for text in trained:
        assert said(text, frame) == []


def test_the_feed_log_drawn_at_random():
    """Its copies, 2.5% of the rows, stand on both sides; by time they do not."""
    frame = mtl_magic.datasets.kuairand_sample()
    text = "ignore date, play_time_ms\ntask is_click: binary\ntask is_like: binary given is_click"
    assert [p.message for p in found(text, frame)] == [
        "140 of 2,999 validation rows (4.7%) are exact copies of training rows",
        "93 of 467 positives of task 'is_like' (19.9%) are in training rows in which its parent 'is_click' is 0",
    ]


def test_an_allow_of_another_line_or_code_silences_nothing():
    text = "feature user_id: number allow MTL104\nignore watch, buy allow MTL101\ntask click: binary"
    assert codes(text, log()) == ["MTL101"]


def test_quick_enough_for_a_hundred_thousand_rows_of_fifty_columns():
    rng = np.random.default_rng(0)
    rows = 100_000
    columns = {f"n{i}": rng.standard_normal(rows) for i in range(20)}
    columns |= {f"c{i}": rng.integers(0, 5000, rows) for i in range(15)}
    columns |= {f"t{i}": rng.choice(np.array(["a", "b", "c,d", None], object), rows) for i in range(13)}
    frame = pd.DataFrame({**columns, "click": rng.integers(0, 2, rows), "watch": rng.random(rows)})
    program = compile_program("task click: binary\ntask watch: regression\nsplit valid=0.2 test=0.2")
    prepared = prepare(program, [frame])
    began = time.perf_counter()
    assert run_checks(program, prepared) == ()
    assert time.perf_counter() - began < 3  # 0.4 s on an idle machine
