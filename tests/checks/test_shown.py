"""Where the warnings are shown: in a cell, by `fit`, on the run, and in its folder."""

from __future__ import annotations

import pickle
import warnings

import pytest
from checks.checking import log
from IPython.core.interactiveshell import InteractiveShell

import mtl_magic
from mtl_magic import MtlWarning
from mtl_magic.magic.warned import Warned
from mtl_magic.problems import MtlError, Problem, Span

TEXT = "ignore watch, buy\ntask click: binary\ntrain epochs=1"
SAID = (
    "MtlWarning MTL104, line 3: feature 'seconds' gives task 'click' away: "
    "by itself it ranks held-out rows with an AUC of 1\n"
    "    task click: binary\n"
    "         ^^^^^\n"
    "if it is known only after the fact, leave it out: ignore seconds; "
    "'allow MTL104' at the end of the line silences this"
)


@pytest.fixture(scope="module")
def frame():
    return log(600).assign(seconds=lambda f: f.click * (f.watch + 1))


@pytest.fixture
def shell(frame):
    made = InteractiveShell()
    made.colors = "nocolor"
    made.run_line_magic("load_ext", "mtl_magic")
    made.user_ns["log"] = frame
    yield made
    made.run_line_magic("unload_ext", "mtl_magic")


def test_a_cell_shows_them_before_training(shell, capsys):
    assert shell.run_cell(f"%%mtl feed --data log\n{TEXT}").success
    shown = capsys.readouterr().out
    assert SAID in shown
    assert shown.index(SAID) < shown.index("epoch 1")
    assert [p.code for p in shell.user_ns["feed"].warnings] == ["MTL104"]


def test_explain_shows_them_and_quiet_keeps_them(shell, capsys):
    assert shell.run_cell(f"%%mtl --explain --data log\n{TEXT}").success
    assert SAID in capsys.readouterr().out
    assert shell.run_cell(f"%%mtl feed --quiet --data log\n{TEXT}").success
    assert capsys.readouterr() == ("", "")
    assert [p.line for p in shell.user_ns["feed"].warnings] == [3]


def test_they_point_at_the_flag_of_a_table(shell, capsys):
    shell.run_cell(f"%%mtl --explain --data log --valid log[:200]\n{TEXT} allow MTL103\nignore seconds")
    assert capsys.readouterr().out.count("MtlWarning") == 1
    shell.run_cell(f"%%mtl --explain --data log --valid log[:200]\n{TEXT}\nignore seconds")
    assert (
        "MtlWarning MTL106, line 1: 200 of 200 validation rows (100.0%) are exact copies of training rows\n"
        "    %%mtl --explain --data log --valid log[:200]\n"
        "                                       ^^^^^^^^^\n" in capsys.readouterr().out
    )
    shell.run_cell(f"%%mtl --explain --data log --valid log[:200]\n{TEXT}\nignore seconds allow MTL106")
    assert "MtlWarning" not in capsys.readouterr().out
    result = shell.run_cell(f"%%mtl --data log[:400] --valid log[400:] --test log[400:]\n{TEXT}")
    error = result.error_in_exec
    assert isinstance(error, MtlError)
    assert [(p.code, p.line, p.column) for p in error.problems] == [("MTL216", 1, 49)]


def test_amber_and_the_same_text():
    problem = Problem("MTL104", "a <b> leak", Span(1, 6, 1, 11), "a way out", severity="warning")
    shown = Warned([problem], "task click")
    assert repr(shown) == "MtlWarning MTL104, line 1: a <b> leak\n    task click\n         ^^^^^\na way out"
    assert "#e69500" in shown._repr_html_()
    assert "a &lt;b&gt; leak" in shown._repr_html_()
    assert "red" not in shown._repr_html_()


def test_fit_warns_and_the_run_keeps_them(frame, tmp_path):
    with pytest.warns(MtlWarning) as caught:
        run = mtl_magic.fit(TEXT, frame)
    (warned,) = [w for w in caught if isinstance(w.message, MtlWarning)]
    assert str(warned.message) == SAID.replace("line 3", "line 2")
    assert warned.filename == __file__
    assert run.warnings == (warned.message.problem,)
    run.save(tmp_path / "run")
    assert mtl_magic.load(tmp_path / "run").warnings == run.warnings
    with warnings.catch_warnings():
        warnings.simplefilter("error", MtlWarning)
        assert mtl_magic.fit(f"{TEXT} allow MTL104".replace("binary", "binary allow MTL104"), frame).warnings == ()
        # an option of fit's replaces the train line, not what it allows
        text = "ignore watch, buy, seconds\ntask click: binary\ntrain epochs=9 allow MTL106"
        assert mtl_magic.fit(text, frame, valid=frame.head(100), epochs=1).warnings == ()


def test_an_error_is_said_as_before_and_a_warning_travels():
    assert Problem("MTL001", "wrong").render() == "MtlError MTL001: wrong"
    again = pickle.loads(pickle.dumps(MtlWarning(Problem("MTL104", "leak", severity="warning"), "task a")))
    assert str(again) == "MtlWarning MTL104: leak"
    assert again.problem.code == "MTL104"


def test_allow_reaches_the_program():
    from mtl_magic.runs.fitting import compile_program

    program = compile_program("task a, b: binary allow MTL104, MTL105\nignore c\ntrain epochs=1 allow MTL103")
    assert [(span.line, codes) for span, codes in program.allowed] == [(1, ("MTL104", "MTL105")), (3, ("MTL103",))]
    with pytest.raises(MtlError, match="MTL052"):
        compile_program("task a allow MTL199")
