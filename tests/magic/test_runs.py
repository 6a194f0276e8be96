"""Runs that a notebook keeps: listed, tagged, deleted, cleaned, resumed."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from runs import kept as cells
from runs import many
from shells import failed

from mtl_magic.runs.project.store import Store

CELL = "%%mtl feed --data log --checkpoint 0\n" + cells.BASE


@pytest.fixture
def stopped(shell, monkeypatch, kept):
    """A run that a person has stopped, as the stop button does."""
    fit = "mtl_magic.runs.fitting.train"
    from mtl_magic.runs import fitting

    stops = cells.Stops(cells.MIDDLE)
    train = fitting.train
    shell.user_ns["log"] = cells.log()
    with monkeypatch.context() as patch:
        patch.setattr("mtl_magic.train.team.TICK", 0.0)
        patch.setattr(
            fit,
            lambda *a, listeners, control, **k: train(*a, listeners=[*listeners, stops], control=stops.control, **k),
        )
        assert shell.run_cell(CELL).success
    return shell.user_ns["feed"]


def test_a_stopped_run_is_kept_listed_and_resumed(shell, stopped, kept, capsys):
    assert (stopped.why, stopped.folder) == ("stopped", kept / "feed")
    capsys.readouterr()
    assert shell.run_cell("%mtl runs").success
    shown = capsys.readouterr().out
    assert f"1 run in {kept}" in shown
    row = next(line for line in shown.splitlines() if line.strip().startswith("feed"))
    assert "stopped" in row
    assert "click auc 0." in row
    assert "%mtl resume feed goes on" in shown

    assert shell.run_cell("%mtl resume feed").success
    assert "epoch 4" in capsys.readouterr().out
    again = shell.user_ns["feed"]
    import mtl_magic

    whole = mtl_magic.fit(cells.BASE, cells.log())
    pd.testing.assert_frame_equal(
        again.history.drop(columns="seconds"), whole.history.drop(columns="seconds"), check_exact=True
    )
    assert again.folder == kept / "feed"
    error = failed(shell, "%mtl resume feed")
    assert "MTL432" in str(error)
    assert "finished" in str(error)


def test_resume_takes_changes(shell, stopped, kept, capsys):
    error = failed(shell, "%mtl resume feed clik=2")
    assert "MTL040" in str(error)
    assert "did you mean 'click'?" in str(error)
    assert "MTL419" in str(failed(shell, "%mtl resume feed click"))
    assert "MTL419" in str(failed(shell, "%mtl resume"))
    assert "MTL416" in str(failed(shell, "%mtl resume fed"))
    assert shell.run_cell("%mtl resume feed watch=0.5 epochs=3 --quiet").success
    run = shell.user_ns["feed"]
    assert (run.epoch, run.weights["watch"] < 1) == (3, True)
    assert {c["what"]: c["to"] for c in run.facts["changes"]} == {"weight of watch": "0.5", "train epochs": "3"}
    assert "task watch: regression weight 0.5" in run.text


def test_resume_in_the_cell_names_what_may_not_change(shell, stopped, kept):
    error = failed(shell, CELL.replace("0\n", "0 --resume\n", 1).replace("units=[8]", "units=[9]"))
    (problem,) = error.problems
    assert (problem.code, problem.line) == ("MTL323", 4)
    assert "    share mlp(units=[9], dropout=0.3)\n    ^^^^^" in str(error)
    shell.user_ns["other"] = cells.log(seed=1)
    error = failed(shell, "%mtl resume feed --data other")
    assert "the training and the validation rows are not those of then" in str(error)
    assert "it was --data log" in str(error)
    shell.user_ns.pop("log")
    assert "there is no variable 'log'" in str(failed(shell, "%mtl resume feed"))
    assert Store(kept).find("feed")["status"] == "stopped"
    shell.user_ns["again"] = cells.log()
    assert shell.run_cell(CELL.replace("log --checkpoint 0", "again --resume --quiet")).success
    assert shell.user_ns["feed"].why != "stopped"


def test_each_run_has_its_folder_and_none_where_none_is_asked_for(shell, frame, kept):
    shell.user_ns["log"] = frame
    cell = "%%mtl feed --data log --quiet\nignore like\ntask click: binary\ntrain epochs=1 batch=64"
    for k in range(2):
        assert shell.run_cell(cell).success
        assert shell.user_ns["feed"].folder.name == ("feed", "feed-2")[k]
    assert shell.run_cell(cell.replace("--quiet", "--quiet --store none")).success
    assert shell.user_ns["feed"].folder is None
    assert shell.run_cell(cell.replace("%%mtl feed", "%%mtl")).success
    assert sorted(p.name for p in kept.iterdir() if p.is_dir()) == ["feed", "feed-2", "mtl"]
    facts = json.loads((kept / "feed" / "run.json").read_text())
    assert facts["asked"] == {"data": ["log"], "valid": None, "test": None, "stream": None}


def test_commands_of_a_store(shell, kept, capsys):
    many.write(kept, 3, "here")

    def says(line):
        capsys.readouterr()
        assert shell.run_cell(f"%mtl {line}").success
        return capsys.readouterr().out

    assert says("runs tag feed-2 good") == "feed-2: good\n"
    assert "1 run in" in says("runs tag:good")
    assert "3 runs in" in says("runs fe*")
    assert "0 runs in" in says("runs status:died")
    said = says("runs delete feed feed-1")
    assert said.startswith("deleted feed-3, feed: ")
    assert "%mtl runs restore feed undoes it" in said
    assert says("runs restore feed") == "restored feed\n"
    shown = says("clean")
    assert "trash" in shown
    assert "all but the newest run of each name" in shown
    assert says("clean trash").startswith("freed ")
    assert says("clean old").startswith("freed ")
    assert [e["id"] for e in Store(kept).entries()] == ["feed-2"], "the newest, and tagged"
    for line, said in {
        "runs tg:good": "did you mean 'tag'?",
        "runs tag feed": "%mtl runs tag NAME WORD",
        "clean trsh": "did you mean 'trash'?",
    }.items():
        error = failed(shell, f"%mtl {line}")
        assert [p.code for p in error.problems] == ["MTL419"]
        assert said in str(error)


def test_a_table_of_runs_is_html_too(kept):
    from mtl_magic.magic.runs import listing

    many.write(kept, 1, "here")
    Store(kept).tag("feed", ["<b>"])
    shown = listing(Store(kept), [])
    assert "&lt;b&gt;" in shown._repr_html_()


def test_a_folder_of_somebody_else_runs_no_python_unasked(shell, stopped, kept, monkeypatch):
    """`%mtl resume` in a new process: expressions that the folder remembers are not evaluated, and no braces."""
    from mtl_magic.magic import keeping

    facts = json.loads((kept / "feed" / "run.json").read_text())
    facts["asked"]["data"] = ["bad.append(1) or log"]
    (kept / "feed" / "run.json").write_text(json.dumps(facts))
    bad = shell.user_ns["bad"] = []
    monkeypatch.setattr(keeping, "MINE", set())
    monkeypatch.setattr("mtl_magic.magic.work.MINE", keeping.MINE)
    error = failed(shell, "%mtl resume feed")
    assert "MTL425" in str(error)
    assert "--data EXPR" in str(error)
    assert "MTL425" in str(failed(shell, "%%mtl feed --resume\n" + cells.BASE))
    cell = kept / "feed" / "cell.mtl"
    cell.write_text(cell.read_text().replace("[8]", "{bad.append(2) or [8]}"))
    error = failed(shell, "%mtl resume feed --data log")
    assert "MTL425" in str(error)
    assert str(cell) in str(error)
    assert bad == []
