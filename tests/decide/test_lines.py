"""The lines of a notebook: `%mtl compare` and what else decides."""

from __future__ import annotations

import pytest
from decide.conftest import TEXT
from shells import failed

from mtl_magic.decide.comparison import Comparison
from mtl_magic.magic.complete import candidates
from mtl_magic.magic.help import about, overview
from mtl_magic.runs import judged


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
    assert shell.run_cell("%mtl compare blind feed --data log").result.rows.rows == 900


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
        ("baseline feed --budget steps", "MTL401", "[budget="),
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


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("baseline", "MTL484", "%mtl baseline takes one run"),
        ("baseline feed budget=steps", "MTL483", "is not known"),
        ("baseline feed budget=step", "MTL484", "did you mean 'steps'?"),
        ("baseline feed budget=9", "MTL484", "it may be rows, steps or parameters"),
        ("baseline feed budget=step --data log", "MTL484", "did you mean 'steps'?"),
        ("baseline feed seeds=none --data log", "MTL484", "a whole number of at least 1 is meant"),
        ("seeds feed", "MTL484", "a run and a number of seeds"),
        ("seeds feed 1 --data log", "MTL484", "two at least"),
        ("advise feed --data log.head(9)", "MTL483", "not the rows"),
        ("front feed click --data log", "MTL484", "between two tasks"),
        ("front feed --data log", "MTL487", "balance stch"),
        ("front feed stops=1 --data log", "MTL484", "at least 2 is meant"),
    ],
)
def test_mistakes_of_lines_that_train(shell, runs, line, code, says):
    shell.user_ns |= runs
    error = failed(shell, f"%mtl {line}")
    assert [p.code for p in error.problems] == [code]
    assert says in str(error)


def test_advice_stands_in_the_next_cell(shell, runs, monkeypatch):
    """Where something is advised; the next input is what a front end shows below."""
    from mtl_magic.decide.advice import Advice

    shell.user_ns |= runs
    asked = []
    made = Advice("feed", ("click", "watch"), 9, 3, None, None, None, (), "task click, watch", ("Share.",))
    monkeypatch.setattr("mtl_magic.decide.advice.advise", lambda *a, **k: asked.append((a, k)) or made)
    assert shell.run_cell("%mtl advise feed --data log[log.a != '9']").result is made
    assert shell.rl_next_input == "%%mtl feed_advised --data log[log.a != '9']\ntask click, watch"
    (run, (table,), valid, _), options = asked[0]
    assert run is runs["feed"]
    assert (table.name, len(table.data)) == ("log", 900)
    assert valid is None
    assert options["stream"] is None


def test_seeds_are_completed_and_compared_by_name(shell, runs):
    from mtl_magic.decide.seeds import Seeds

    shell.user_ns |= {**runs, "some": Seeds((runs["feed"], runs["feed"]), "test")}
    assert [c.text for c in candidates("%mtl compare so", 15, shell.user_ns)] == ["some"]
    assert "2 seeds each" in repr(shell.run_cell("%mtl compare some some").result)
    assert [c.text for c in candidates("%mtl baseline feed bu", 21, shell.user_ns)] == ["budget="]
    assert "--valid" in [c.text for c in candidates("%mtl baseline feed --", 21, shell.user_ns)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("seeds feed 3 by=who", "%mtl seeds NAME N"),  # it has no options: how it is written
        ("seeds feed ² --data log", "a run and a number of seeds"),
        ("compare feed feed --data log --valid log", "%mtl compare takes no --valid"),
        ("compare feed feed --stream", "%mtl compare takes no --stream"),
        ("baseline feed --data log --quiet", "%mtl baseline takes no --quiet"),
        ("front feed --store here", "%mtl front takes no --store"),
        ("seeds feed 3 --stream now", "'now' stands behind the flags"),
        ("advise feed --valid log", "--valid without --data"),
        ("compare feed five", "'five' is an int, not a run"),
    ],
)
def test_nothing_of_a_line_is_passed_over(shell, runs, line, says):
    shell.user_ns |= {**runs, "five": 5}
    error = failed(shell, f"%mtl {line}")
    assert [p.code for p in error.problems] == ["MTL484"]
    assert says in str(error)


def test_tables_are_read_as_the_cell_read_them(shell, feed, log, monkeypatch):
    """Piece by piece, where neither the cell nor the line says otherwise."""
    from mtl_magic.magic import deciding

    told = []
    monkeypatch.setattr("mtl_magic.decide.seeds.seeds", lambda *_, **options: told.append(options["stream"]))
    monkeypatch.setattr(deciding, "cell_flags", lambda run: deciding.parse_flags("--data log --stream"))
    shell.user_ns |= {"feed": feed, "log": log}
    for line in ("seeds feed 3", "seeds feed 3 --no-stream", "seeds feed 3 --data log"):
        assert shell.run_cell(f"%mtl {line}").success
    assert told == [True, False, None]


def test_budgets_are_those_of_the_help():
    from mtl_magic.decide.budget import BUDGETS
    from mtl_magic.magic.line import COMMANDS

    assert f"budget={'|'.join(BUDGETS)}" in COMMANDS["baseline"].form


def test_flags_that_read_are_completed(feed):
    def offered(text):
        return [c.text for c in candidates(text, len(text), {"feed": feed, "log": {"a": [1]}})]

    assert "--no-stream" in offered("%mtl seeds feed 3 --")
    assert "--stream" not in offered("%mtl compare feed feed --")
    assert "--data" in offered("%mtl seeds feed 3 --no-stream --")
