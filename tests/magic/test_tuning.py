"""A cell with a `tune` line in a shell."""

from __future__ import annotations

import pathlib

import pytest

from mtl_magic.problems import MtlError
from mtl_magic.runs.run import Run

CELL = "task click: binary\ntask watch: regression\ntrain lr=range(1e-3, 1e-2, log) epochs=1 batch=64\ntune trials=2 method=random objective=click.auc"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTL_MAGIC_RUNS", "mtl_runs")


def test_a_search_in_a_cell(shell, frame, capsys):
    shell.user_ns["log"] = frame
    shell.run_cell_magic("mtl", "feed --data log", CELL)
    said = capsys.readouterr().out
    assert "trial 0 of 2: click.auc" in said
    assert "Search feed: 2 trials, finished, best trial" in said
    feed = shell.user_ns["feed"]
    assert isinstance(feed, Run)
    assert feed.name == "feed"
    assert feed.text == feed.search.cell(feed.search.best)
    assert {p.name for p in pathlib.Path("mtl_runs").iterdir() if p.is_dir()} == {"feed", "feed.search"}
    shell.run_cell_magic("mtl", "feed --data log --resume", CELL.replace("trials=2", "trials=3"))
    assert "trial 2 of 3" in capsys.readouterr().out
    assert len(shell.user_ns["feed"].search.trials) == 3
    assert sum(1 for p in pathlib.Path("mtl_runs").iterdir() if p.is_dir() and not p.name.startswith(".")) == 2


def test_explain_says_the_spaces_and_trial_0(shell, frame, capsys):
    shell.user_ns["log"] = frame
    shell.run_cell_magic("mtl", "--data log --explain", CELL)
    said = capsys.readouterr().out
    assert "2 trials, random" in said
    assert "0.001 to 0.01, log" in said
    assert not pathlib.Path("mtl_runs").exists()


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("feed --data log", "task click: binary\ntune trials=2", ("MTL049", (3, 1))),
        ("feed --data log", "task click: binary\ntrain lr=range(0.1, 0.2)", ("MTL046", (3, 10))),
        ("feed --data log", "task click: binary\ntrain lr=range(0.2, 0.1)\ntune trials=2", ("MTL013", (3, 10))),
        ("feed --data log", CELL.replace("click.auc", "click.acu"), ("MTL020", (5, 39))),
        ("feed --data log", CELL.replace("click.auc", "clik.auc"), ("MTL048", (5, 39))),
        ("feed --data log", CELL + " time='soon'", ("MTL045", (5, 1))),
        ("feed --data log --resume", CELL, ("MTL416", None)),
    ],
)
def test_mistakes(shell, frame, line, cell, said):
    code, place = said
    shell.user_ns["log"] = frame
    with pytest.raises(MtlError) as caught:
        shell.run_cell_magic("mtl", line, cell)
    (problem,) = caught.value.problems
    assert problem.code == code
    if place:
        assert (problem.line, problem.column) == place
