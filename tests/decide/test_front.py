"""A front of trade-offs: a run a preference, which of them are dominated, a slider, and a stop that becomes a run."""

from __future__ import annotations

import numpy as np
import pytest

import mtl_magic
from mtl_magic.decide.front import undominated, weighed
from mtl_magic.problems import MtlError, Problem

CELL = """ignore who
split valid=0.2 test=0.2
task click: binary
task watch: regression weight 3
balance stch
train epochs=3 batch=64 lr=0.01"""


@pytest.fixture(scope="module")
def run(log):
    return mtl_magic.fit(CELL, log, name="feed")


@pytest.fixture(scope="module")
def front(run, log):
    return mtl_magic.front(run, log, stops=3, store="none")


def test_each_stop_is_a_run_with_its_preference(front):
    assert len(front) == 3
    assert [stop.share for stop in front.stops] == pytest.approx([0.1, 0.5, 0.9])
    assert "task click: binary weight 0.4" in front[0].text
    assert "task watch: regression weight 3.6" in front[0].text
    assert front.choose(0.8) is front[2]
    assert front.part == "valid"
    assert front.frame["click.auc"].tolist() == [
        r.metrics["valid"]["click"]["auc"] for r in map(front.__getitem__, range(3))
    ]
    assert front.frame["best"].any()


def test_preferences_move_the_tasks(front):
    """The more a task is preferred, the less of its loss is left in training."""
    losses = [[stop.run.history[f"{task}.loss"].iloc[-1] for stop in front.stops] for task in front.tasks]
    assert losses[0][2] < losses[0][0]
    assert losses[1][0] < losses[1][2]


def test_what_a_saved_notebook_shows(front):
    said = repr(front).splitlines()
    assert said[0] == "feed between click and watch, 3 stops, on its validation rows"
    assert said[2].split()[:4] == ["10%", "click,", "90%", "watch"]
    shown = front._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", "image/png"}


def test_the_slider(front):
    """What the page shows of it is in tests/dashboard/test_front.py."""
    keeps, sent = [], []
    board = front.widget(lambda name, run: keeps.append((name, run)) or f"{name} <b>")
    board.send = sent.append
    assert board.at == 1
    assert [stop["values"] for stop in board.state["stops"]] == [list(stop.values) for stop in front.stops]
    assert (board.state["tasks"], board.state["metrics"]) == (["click", "watch"], ["auc", "rmse"])
    board.do({"do": "keep", "name": " mine ", "at": 2})
    assert keeps == [("mine", front[2])]
    assert sent == [{"do": "kept", "said": "mine <b>", "wrong": False}]
    for strange in ({"do": "keep", "name": 3, "at": 2}, {"do": "keep", "name": "mine", "at": 3}, {"do": "no"}, "no"):
        board.do(strange)
    assert len(keeps) == len(sent) == 1


def test_what_goes_wrong_is_said(front):
    def keep(name, run):
        raise MtlError(Problem("MTL404", f"'{name}' already holds something else"))

    board, sent = front.widget(keep), []
    board.send = sent.append
    board.do({"do": "keep", "name": "taken", "at": 0})
    assert sent[0]["wrong"]
    assert "MTL404" in sent[0]["said"]
    alone = front.widget()
    assert not alone.state["keeps"]
    alone.do({"do": "keep", "name": "mine", "at": 0})


def test_a_stop_becomes_a_run(shell, front, kept):
    from mtl_magic.magic import deciding

    assert deciding.kept(shell, "mine", front[1]) == "mine is a run of this notebook, kept as mine"
    assert shell.user_ns["mine"].name == "mine"
    assert mtl_magic.load("mine").text == front[1].text
    shell.user_ns["taken"] = 3
    for name, code in (("taken", "MTL404"), ("", "MTL403"), ("no name", "MTL403")):
        with pytest.raises(MtlError) as raised:
            deciding.kept(shell, name, front[1])
        assert raised.value.problems[0].code == code


def test_dominated_points():
    points = np.array([[0, 3], [1, 2], [1, 1], [3, 0], [3, 0]])
    assert undominated(points).tolist() == [True, True, False, True, True]


def test_weights_in_the_text():
    spec = mtl_magic.parse("task a, b, c: binary weight 5\nbalance stch")
    assert str(weighed(spec, {"a": 1.5, "c": 0.5})).splitlines() == [
        "task b: binary weight 5", "task a: binary weight 1.5", "task c: binary weight 0.5", "balance stch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"tasks": ["click"]}, "MTL484", "between two tasks"),
        ({"tasks": ["click", "wach"]}, "MTL484", "did you mean 'watch'"),
        ({"stops": 1}, "MTL484", "two at least"),
    ],
)
def test_mistakes(run, log, options, code, says):
    with pytest.raises(MtlError, match=says) as raised:
        mtl_magic.front(run, log, **options)
    assert [p.code for p in raised.value.problems] == [code]


def test_without_stch(feed, log):
    with pytest.raises(MtlError, match="balance stch") as raised:
        mtl_magic.front(feed, log)
    assert [p.code for p in raised.value.problems] == ["MTL487"]
