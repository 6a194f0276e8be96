"""The lines of a notebook: `%mtl compare` and what else decides."""

from __future__ import annotations

import pytest
from decide.conftest import TEXT

from mtl_magic.decide.comparison import Comparison
from mtl_magic.magic.complete import candidates
from mtl_magic.magic.help import about, overview
from mtl_magic.problems import MtlError
from mtl_magic.runs import judged


def failed(shell, cell):
    result = shell.run_cell(cell)
    error = result.error_in_exec or result.error_before_exec
    assert isinstance(error, MtlError), error
    return error


@pytest.fixture
def runs(feed, log):
    return {"feed": feed, "log": log}


def test_compare_names_of_the_notebook(shell, feed, blind):
    shell.user_ns |= {"feed": feed, "blind": blind}
    found = shell.run_cell("%mtl compare blind feed by=who").result
    assert isinstance(found, Comparison)
    assert found.rows.by == "who"


def test_compare_a_table(shell, feed, blind, log):
    shell.user_ns |= {"feed": feed, "blind": blind, "log": log}
    assert shell.run_cell("%mtl compare blind feed --data log.head(50)").result.rows.rows == 50


def test_runs_of_the_store_are_compared_on_their_cells_rows(shell, log, monkeypatch):
    """In a fresh kernel: two names, the table, and nothing that was trained here."""
    shell.user_ns["log"] = log
    for name, seed in (("one", 0), ("two", 1)):
        assert shell.run_cell(
            f"%%mtl {name} --quiet --data log\n{TEXT} seed={seed}".replace("epochs=8", "epochs=1")
        ).success
        del shell.user_ns[name]
    monkeypatch.setattr(judged, "_KEPT", type(judged._KEPT)())
    assert shell.run_cell("%mtl compare one two").result.rows.rows == 270
    monkeypatch.setattr(judged, "_KEPT", type(judged._KEPT)())
    shell.user_ns["log"] = log.assign(x=0.5 * log.x)  # other rows now
    error = failed(shell, "%mtl compare one two")
    assert [p.code for p in error.problems] == ["MTL480"]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("compare", "MTL484", "two runs are compared"),
        ("compare feed", "MTL484", "%mtl compare A B"),
        ("compare feed fed", "MTL416", "did you mean 'feed'?"),
        ("compare feed log", "MTL484", "'log' is a DataFrame, not a run"),
        ("compare feed feed bye=who", "MTL484", "did you mean 'by'?"),
        ("compare feed feed --dat log", "MTL401", "did you mean '--data'?"),
    ],
)
def test_mistakes(shell, runs, line, code, says):
    shell.user_ns |= runs
    error = failed(shell, f"%mtl {line}")
    assert [p.code for p in error.problems] == [code]
    assert says in str(error)


def test_completion(feed, log):
    def offered(text):
        return [c.text for c in candidates(text, len(text), {"feed": feed, "log": log, "x": 3})]

    assert "compare" in offered("%mtl com")
    assert offered("%mtl compare f") == ["feed"]
    assert "by=" in offered("%mtl compare feed ")
    assert offered("%mtl compare feed feed --data ") == ["log"]


def test_help_knows_codes_and_lines():
    assert "rows" in about("MTL480")
    assert "rows, steps or parameters" in about("baseline")
    assert "%mtl advise" in overview()
