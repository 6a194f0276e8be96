"""The magics in a real shell: what a person types and sees."""

from __future__ import annotations

import pandas as pd
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.runs import Run

CELL = "%%mtl feed --data log\nignore like\ntask click: binary\ntask watch: regression\ntrain epochs=1 batch=64"


def failed(shell, cell):
    """The codes of the error that the cell raises, which must be an MtlError."""
    result = shell.run_cell(cell)
    error = result.error_in_exec or result.error_before_exec
    assert isinstance(error, MtlError), error
    return [p.code for p in error.problems], error


def test_loading_is_silent_and_undone(shell, capsys):
    assert capsys.readouterr() == ("", "")
    shell.run_line_magic("unload_ext", "mtl_magic")
    assert shell.find_cell_magic("mtl") is None
    assert shell.find_line_magic("mtl") is None
    before = list(shell.input_transformers_cleanup)
    shell.run_line_magic("load_ext", "mtl_magic")
    assert shell.find_cell_magic("mtl")
    assert len(shell.input_transformers_cleanup) == len(before) + 1


@pytest.mark.parametrize("cell", ["%%mtl", "%%mtl feed --data log", "%%mtl feed --data log\n", "%%mtl\n# nothing"])
def test_an_empty_cell_is_our_error(shell, frame, cell):
    """IPython's own UsageError would pass a notebook test."""
    shell.user_ns["log"] = frame
    codes, _ = failed(shell, cell)
    assert "MTL014" in codes


def test_no_data_lists_the_tables(shell, frame):
    shell.user_ns |= {"log": frame, "arrays": {"x": [1, 2]}, "number": 3}
    codes, error = failed(shell, "%%mtl feed\ntask click: binary")
    assert codes == ["MTL400"]
    assert "log (400 rows, 5 columns), arrays (2 rows, 1 column)" in str(error)
    assert "number" not in str(error)


def test_no_data_and_no_table(shell):
    _, error = failed(shell, "%%mtl feed\ntask click: binary")
    assert "no table yet" in str(error)


def test_all_mistakes_at_once_and_where(shell, frame, capsys):
    shell.user_ns |= {"log": frame, "taken": 3}
    codes, error = failed(shell, "%%mtl taken --data lgo --quite\ntask click: binery\n  task like: binary given klick")
    assert codes == ["MTL404", "MTL405", "MTL401", "MTL020", "MTL029"]
    assert [p.line for p in error.problems] == [1, 1, 1, 2, 3]
    shown = capsys.readouterr()
    assert "did you mean '--quiet'?" in shown.out
    assert "%%mtl taken --data lgo --quite\n" in shown.out
    assert "Traceback" not in shown.out
    assert "File" not in shown.out
    assert shown.err == ""
    assert shell.user_ns["taken"] == 3


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("log.nothing", "AttributeError"),
        ("log[", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("feed log", "stands before the flags"),
    ],
)
def test_python_of_a_flag_that_fails(shell, frame, expression, says):
    shell.user_ns["log"] = frame
    codes, error = failed(shell, f"%%mtl --data {expression}\ntask click: binary")
    assert codes == ["MTL405"]
    assert says in str(error)


def test_braces_and_dollars_of_the_line_are_not_expanded(shell, frame):
    shell.user_ns |= {"log": frame, "x": 1}
    codes, error = failed(shell, "%%mtl --data {x} + $x\ntask click: binary")
    assert codes == ["MTL405"]
    assert "{x} + $x" in str(error)


def test_a_mistake_in_the_data_points_into_the_cell(shell, frame):
    shell.user_ns["log"] = frame
    codes, error = failed(shell, "%%mtl feed --data log\n\n  task klick: binary")
    assert codes == ["MTL201"]
    assert error.problems[0].line == 3
    assert "did you mean 'click'" in str(error)
    assert "feed" not in shell.user_ns


def test_a_fault_of_ours_keeps_its_traceback(shell, frame, monkeypatch):
    monkeypatch.setattr("mtl_magic.magic.cell.parse_flags", None)
    shell.user_ns["log"] = frame
    result = shell.run_cell(CELL)
    assert isinstance(result.error_in_exec, TypeError)
    assert "a bug in mtl_magic" in result.error_in_exec.__notes__[0]


def test_train(shell, frame, capfd):
    """A cell, a named run, a second one over it; nothing of the person's changes, nothing comes from TensorFlow."""
    shell.user_ns["log"] = frame
    before, names = frame.copy(), set(shell.user_ns)
    result = shell.run_cell(CELL)
    assert result.success
    assert result.result is None
    shown = capfd.readouterr()
    assert "epoch 1  click auc" in shown.out
    assert "Run feed: 2 tasks, 1 epoch" in shown.out
    assert shown.err == ""
    run = shell.user_ns["feed"]
    assert isinstance(run, Run)
    assert set(shell.user_ns) - names <= {"feed", "_", "__", "___", "_i", "_ii", "_iii", "_i1"}
    assert list(run.predict(frame).columns) == ["click", "watch"]
    assert run.spec == run.spec
    assert len(run.history) == 1
    pd.testing.assert_frame_equal(frame, before)

    again = shell.run_cell(CELL.replace("%%mtl feed", "%%mtl feed --quiet"))
    assert again.success
    assert capfd.readouterr() == ("", "")
    assert shell.user_ns["feed"] is not run
    pd.testing.assert_frame_equal(shell.user_ns["feed"].predict(frame), run.predict(frame))

    unnamed = shell.run_cell(CELL.replace("%%mtl feed", "%%mtl --quiet"))
    assert unnamed.result is shell.user_ns["_mtl"]


def test_a_function_of_the_persons_that_fails_is_not_our_bug(shell, frame):
    shell.user_ns["log"] = frame
    shell.run_cell("def mine(y, p):\n    raise ValueError('mine')")
    result = shell.run_cell("%%mtl --quiet --data log\ntask click: binary(loss={mine})")
    assert isinstance(result.error_in_exec, ValueError)
    assert "code of your own" in result.error_in_exec.__notes__[0]


def test_explain_trains_nothing(shell, frame, capsys):
    shell.user_ns["log"] = frame
    assert shell.run_cell(CELL.replace("--data", "--explain --data")).success
    shown = capsys.readouterr().out
    assert "parameters, 360 training rows, at most 1 epochs" in shown
    assert "feed" not in shell.user_ns


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("", "MTL407", "%mtl help"),
        ("hepl", "MTL407", "did you mean 'help'?"),
        ("runs", "MTL406", "not in this version"),
        ("help mmo", "MTL408", "did you mean 'mmoe'?"),
    ],
)
def test_line_mistakes(shell, line, code, says):
    codes, error = failed(shell, f"%mtl {line}")
    assert codes == [code]
    assert says in str(error)


def test_help(shell, capsys):
    from mtl_magic.vocabulary import vocabulary

    shell.run_line_magic("mtl", "help")
    shown = capsys.readouterr().out
    assert all(f"  {declaration.word} " in shown for declaration in vocabulary())
    shell.run_line_magic("mtl", "help mmoe")
    shown = capsys.readouterr().out
    assert "experts  8" in shown
    assert "paper: Ma et al. 2018" in shown
    assert "share mmoe(" in shown
    shell.run_line_magic("mtl", "help mtl021")
    assert "unknown source" in capsys.readouterr().out


def test_every_word_has_a_help():
    from mtl_magic.magic.help import about
    from mtl_magic.vocabulary import vocabulary

    for declaration in vocabulary():
        assert declaration.summary() in about(declaration.word).replace("\n", " ")
