"""`%mtl resume` of a search: with the rows of the session, by name, beside a run of the same name."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pandas as pd
import pytest
from shells import failed

import mtl_magic
from mtl_magic.magic.complete import candidates
from mtl_magic.runs.project.owner import me
from mtl_magic.runs.project.store import Store
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated
from mtl_magic.tune.events import TrialBegan
from mtl_magic.tune.folder import Folder

CELL = "task click: binary allow MTL104\ntask watch: regression\ntrain lr=range(1e-3, 1e-2, log) epochs=2 batch=64 early_stop=none\ntune trials=3 method=random objective=click.auc"
PLAIN = "ignore like\ntask click: binary\ntrain epochs=1 batch=64"
GONE = 2**30  # no process has this number
BEGIN = """
import sys
import pandas
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
shell.run_line_magic("load_ext", "mtl_magic")
shell.user_ns["log"] = pandas.read_parquet(sys.argv[1])
shell.run_cell("%%mtl feed --data log\\n" + sys.argv[2])
"""


class StopIn:
    """Stops the search in a trial, after an epoch."""

    def __init__(self, trial: int) -> None:
        self.control, self.trial, self.numbers = Control(), trial, []

    def __call__(self, event) -> None:
        if isinstance(event, TrialBegan):
            self.numbers.append(event.trial.number)
        if isinstance(event, Evaluated) and self.numbers[-1] == self.trial:
            self.control.stop()


@pytest.fixture
def heard(monkeypatch):
    """What the searches of cells begin: trial numbers. `heard.trial` is stopped in."""
    from mtl_magic.tune import running

    stop, run_search = StopIn(-1), running.run_search

    def run(*args, listeners=(), control=None, **options):
        control = Control()
        stop.control = control
        return run_search(*args, listeners=[*listeners, stop], control=control, **options)

    monkeypatch.setattr(running, "run_search", run)
    return stop


def searched(shell, frame, heard, stops=1, cell=CELL):
    """A search in a cell, stopped in a trial."""
    shell.user_ns["log"] = frame
    heard.trial, heard.numbers = stops, []
    assert shell.run_cell(f"%%mtl feed --data log\n{cell}").success
    heard.trial, heard.numbers = -1, []


def test_a_search_that_was_stopped_goes_on(shell, frame, kept, heard, capsys):
    searched(shell, frame, heard)
    folder = Folder.newest(kept, "feed")
    assert (folder.facts["status"], folder.facts["asked"]["data"]) == ("stopped", ["log"])
    before = {t.number: t for t in folder.trials()}
    shell.run_cell("%mtl runs")
    assert "%mtl resume feed.search goes on" in capsys.readouterr().out
    assert shell.run_cell("%mtl resume feed").success
    assert heard.numbers == [1, 2], "the trial that was cut short first"
    assert "Search feed: 3 trials, finished" in capsys.readouterr().out
    feed = shell.user_ns["feed"]
    assert feed.search.trial(0) == before[0]
    assert [e["id"] for e in Store(kept).entries()] == ["feed"]
    whole = mtl_magic.fit(CELL, frame)
    pd.testing.assert_frame_equal(
        feed.search.trials.drop(columns="seconds"), whole.search.trials.drop(columns="seconds"), check_exact=True
    )


def test_more_trials_and_nothing_else(shell, frame, kept, heard, capsys):
    searched(shell, frame, heard, stops=-1, cell=CELL.replace("trials=3", "trials=1"))
    assert shell.run_cell("%mtl resume feed").success
    assert heard.numbers == [], "nothing is left to do: the best as it is"
    assert shell.run_cell("%mtl resume feed trials=2 time=1h --quiet").success
    assert heard.numbers == [1]
    assert 'tune trials=2 method=random objective=click.auc time="1h"' in shell.user_ns["feed"].search.text
    assert [p.name for p in kept.glob("*.search")] == ["feed.search"]
    error = failed(shell, "%mtl resume feed lr=0.1")
    assert "MTL040" in str(error)
    assert "what may change: trials, time" in str(error)
    assert "did you mean 'trials'?" in str(failed(shell, "%mtl resume feed trails=3"))
    assert "trials" in str(failed(shell, "%mtl resume feed trials=many"))


def test_one_that_was_killed_before_it_had_a_run(shell, frame, kept, heard):
    searched(shell, frame, heard)
    Store(kept).delete(["feed"])
    folder = Folder.newest(kept, "feed")
    folder.change(status="running", owner={**me(), "pid": GONE})
    shell.user_ns.pop("feed")
    assert shell.run_cell("%mtl resume feed --quiet").success
    assert heard.numbers == [1, 2]
    assert shell.user_ns["feed"].search.status == "finished"


def test_one_whose_process_was_killed_in_a_trial(shell, frame, kept, heard, tmp_path):
    frame.to_parquet(tmp_path / "log.parquet")
    second = kept / "feed.search" / "trials" / "001.json"
    words = [sys.executable, "-c", BEGIN, str(tmp_path / "log.parquet"), CELL]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not second.exists():
            time.sleep(0.02)
        process.kill()
    folder = Folder.newest(kept, "feed")
    assert (folder.facts["status"], second.exists()) == ("died", True)
    shell.user_ns["log"] = pd.read_parquet(tmp_path / "log.parquet")
    assert shell.run_cell("%mtl resume feed --quiet").success
    assert heard.numbers[-1] == 2
    assert [t.status for t in folder.trials()] == ["finished"] * 3
    assert shell.user_ns["feed"].folder == kept / "feed"


def test_the_cell_is_not_needed_below_the_line(shell, frame, kept, heard):
    searched(shell, frame, heard)
    assert shell.run_cell("%%mtl feed --resume --quiet\n").success
    assert heard.numbers == [1, 2]
    assert shell.run_cell("%%mtl feed --resume --quiet\n" + CELL.replace("trials=3", "trials=4")).success
    assert heard.numbers == [1, 2, 3]


def test_rows_that_are_not_there(shell, frame, kept, heard):
    searched(shell, frame, heard)
    shell.user_ns["log"] = frame.head(300)
    error = failed(shell, "%mtl resume feed")
    assert "MTL323" in str(error)
    assert "it was --data log" in str(error)
    shell.user_ns["again"] = frame
    del shell.user_ns["log"]
    error = failed(shell, "%mtl resume feed")
    assert "MTL405" in str(error)
    assert "there is no variable 'log'" in str(error)
    assert "%mtl resume feed --data again" in str(error)
    Folder.newest(kept, "feed").change(asked={"stream": None})
    error = failed(shell, "%mtl resume feed")
    assert "MTL400" in str(error)
    assert "%mtl resume feed --data again" in str(error)
    assert Folder.newest(kept, "feed").facts["status"] == "stopped"
    assert heard.numbers == []
    assert shell.run_cell("%mtl resume feed --data again --quiet").success
    assert heard.numbers == [1, 2]
    assert Folder.newest(kept, "feed").facts["asked"]["data"] == ["again"]


def test_a_run_and_a_search_of_one_name(shell, frame, kept, heard):
    searched(shell, frame, heard)
    assert shell.run_cell(f"%%mtl feed --data log --quiet\n{PLAIN}").success
    assert shell.user_ns["feed"].folder.name == "feed-2"
    assert shell.run_cell("%mtl resume feed --quiet").success
    assert heard.numbers == [1, 2], "the run has ended by itself, and the search has not"
    assert "MTL432" in str(failed(shell, "%mtl resume feed-2")), "the run is named"
    assert shell.run_cell("%mtl resume feed.search trials=4 --quiet").success
    assert heard.numbers == [1, 2, 3]
    error = failed(shell, "%mtl resume fed.search")
    assert "did you mean 'feed.search'?" in str(error)


@pytest.mark.parametrize("later", ["run", "search"])
def test_where_both_were_cut_short_the_later_goes_on_and_the_other_is_named(shell, frame, kept, later):
    from runs import many
    from tune.made import made

    from mtl_magic.magic import found

    many.write(kept, 1, "here")
    facts = json.loads((kept / "feed" / "run.json").read_text())
    (kept / "feed" / "run.json").write_text(
        json.dumps({**facts, "status": "died", "why": "stopped", "created": "2026-01-02T00:00:00+00:00"})
    )
    (kept / "feed" / "checkpoint").mkdir()
    folder = made(kept, 2).folder
    folder.change(status="died", created="2026-01-03" if later == "search" else "2026-01-01")
    store = Store(kept)
    meant = found.meant(store, "feed")
    assert (meant is not None) == (later == "search")
    assert found.other(store, "feed", search=later == "search") == {"search": "feed-1", "run": "feed.search"}[later]
    assert found.meant(store, "feed-1") is None
    assert found.meant(store, "feed.search").place == folder.place
    folder.change(status="finished")
    assert found.meant(store, "feed") is None
    assert found.meant(store, "feed", ["trials"]) is not None


def test_a_search_that_runs_now_is_left_alone(shell, frame, kept, heard):
    searched(shell, frame, heard)
    Folder.newest(kept, "feed").change(status="running", owner=me())
    assert "MTL417" in str(failed(shell, "%mtl resume feed"))


def test_the_folder_of_somebody_else_runs_no_python_unasked(shell, frame, kept, heard, monkeypatch):
    searched(shell, frame, heard)
    folder = Folder.newest(kept, "feed")
    bad = shell.user_ns["bad"] = []
    for module in ("keeping", "work", "tuning"):
        monkeypatch.setattr(f"mtl_magic.magic.{module}.MINE", set())
    folder.change(asked={"data": ["bad.append(1) or log"]})
    assert "MTL425" in str(failed(shell, "%mtl resume feed"))
    folder.change(text=folder.facts["text"].replace("epochs=2", "epochs={bad.append(2) or 2}"))
    error = failed(shell, "%mtl resume feed --data log")
    assert "MTL425" in str(error)
    assert str(folder.place / "search.json") in str(error)
    assert bad == []


def test_searches_are_offered(shell, frame, kept, heard):
    from tune.made import made

    def offered(text):
        return [c.text for c in candidates(text, len(text), {})]

    made(kept, 2)
    assert offered("%mtl resume fe") == ["feed", "feed.search"]
    assert offered("%mtl resume feed t") == ["trials=", "time="]
    assert "lr=" not in offered("%mtl resume feed.search ")
