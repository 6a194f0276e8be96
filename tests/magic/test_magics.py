"""The magics in a real shell: what a person types and sees."""

from __future__ import annotations

import re

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
    assert isinstance(result.error_in_exec, MtlError)
    assert result.error_in_exec.problems[0].code == "MTL304"
    assert isinstance(result.error_in_exec.__cause__, ValueError)

    # one that only fails once training has begun has no better place than its own lines
    late = "calls = []\ndef mine(y, p):\n    calls.append(1)\n    if len(calls) > 1:\n        raise ValueError('mine')"
    shell.run_cell(late + "\n    return (y[:, 0] - p[:, 0]) ** 2")
    result = shell.run_cell("%%mtl --quiet --data log\ntask click: binary(loss={mine})")
    assert isinstance(result.error_in_exec, ValueError)
    assert "code of your own" in result.error_in_exec.__notes__[0]


def test_explain_trains_nothing(shell, frame, capsys):
    shell.user_ns["log"] = frame
    done = shell.run_cell(CELL.replace("--data", "--explain --data"))
    assert done.success
    shown = capsys.readouterr().out
    assert "rows: 360 train, 40 valid; nothing was trained" in shown
    assert shown.count("MtlWarning MTL104, line 3: feature 'a' gives task 'click' away") == 1
    assert "    task click: binary\n         ^^^^^\n" in shown
    assert done.result.topology.outline.node("head:watch").span.line == 4, "as the cell's lines are counted"
    assert "feed" not in shell.user_ns


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("", "MTL407", "%mtl help"),
        ("hepl", "MTL407", "did you mean 'help'?"),
        ("show", "MTL406", "not in this version"),
        ("rusn", "MTL407", "did you mean 'runs'?"),
        ("xyz", "MTL407", "this version has %mtl help"),
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
    assert "experts 8" in re.sub(r" +", " ", shown), "columns are as wide as their words"
    assert "paper: Ma et al. 2018" in shown
    assert "share mmoe(" in shown
    shell.run_line_magic("mtl", "help mtl021")
    assert "unknown source" in capsys.readouterr().out


def test_every_word_has_a_help():
    from mtl_magic.language.describe import signature
    from mtl_magic.language.statements import entries
    from mtl_magic.magic.help import about
    from mtl_magic.vocabulary import vocabulary

    for declaration in vocabulary():
        said = about(declaration.word)
        assert declaration.summary() in said.replace("\n", " ")
        assert declaration.example.split("\n")[0] in said
        assert f"paper: {declaration.paper}" in said or not declaration.paper
        assert all(f"  {p.name} " in said for p in declaration.params())
        assert signature(declaration) in said or declaration.family == "settings"
    for entry in entries(vocabulary()):
        said = about(entry.word)
        assert entry.form in said
        assert entry.summary in said.replace("\n", " ")
        assert entry.example.split("\n")[0] in said


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("given", "given TASK, … [via METHOD(…)]"),
        ("--data", "flag of the %%mtl line"),
        ("MTL104", "leak"),
        ("train", "early_stop  3 "),
        ("mae", ""),
    ],
)
def test_help_of(word, says):
    from mtl_magic.magic.help import about

    if word == "mae":  # a loss and a metric
        assert about(word).count("\nmae  ") + about(word).startswith("mae  ") == 2
    else:
        assert says in re.sub(r"  +", "  ", about(word)), "columns are as wide as their words"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("bineray", "did you mean 'binary'?"),
        ("tsak", "did you mean 'task'?"),
        ("MTL999", "did you mean"),
        ("experts", "it is an option of dselect_k, mmoe, omoe"),
        ("--dat", "did you mean '--data'?"),
        ("zzzzzz", "%mtl help lists the words"),
    ],
)
def test_help_of_no_word(word, hint):
    from mtl_magic.magic.help import about

    with pytest.raises(MtlError) as caught:
        about(word)
    assert hint in str(caught.value)


def test_the_magics_own_help(shell, capsys):
    from mtl_magic.magic.flags import EXPRESSIONS, LATER, SWITCHES
    from mtl_magic.magic.line import COMMANDS

    for name in ("%%mtl", "%mtl"):
        shell.run_line_magic("pinfo", name)
        shown = capsys.readouterr().out
        assert "Declare, train and keep a multi-task model" in shown
        assert all(f"--{flag}" in shown for flag in (*EXPRESSIONS, *SWITCHES) if flag not in LATER)
        assert all(f"%mtl {command}" in shown for command in COMMANDS)


def test_tb_shows_the_frames_that_the_cell_kept_back(shell, frame, capsys):
    shell.user_ns["log"] = frame
    for cell in ("%%mtl feed --data log\ntask klick: binary", "%%mtl feed --data 1 / 0\ntask click: binary"):
        failed(shell, cell)
        shown = capsys.readouterr().out
        assert "Traceback" not in shown
        assert ".py" not in shown
        for _ in range(2):
            shell.run_cell("%tb")
            whole = capsys.readouterr().out
            assert "Traceback" in whole
            assert "cell.py" in whole
            assert "in _prepare" in whole
            assert shown.splitlines()[0] in whole
            assert ("ZeroDivisionError" in whole) == ("1 / 0" in cell)
        failed(shell, cell)
        assert capsys.readouterr().out == shown
    shell.run_cell("%tb plain")
    assert "cell.py" in capsys.readouterr().out


def test_an_unnamed_cell_replaces_nothing_either(shell, frame):
    shell.user_ns |= {"log": frame, "_mtl": 5}
    codes, error = failed(shell, "%%mtl --data log\ntask click: binary")
    assert codes == ["MTL404"]
    assert "'_mtl' already holds something else (int)" in str(error)
    assert "%%mtl feed" in error.problems[0].hint
    assert shell.user_ns["_mtl"] == 5


@pytest.mark.parametrize("flag", ["--valid", "--test"])
def test_a_table_without_columns_is_told_at_its_flag(shell, frame, flag):
    shell.user_ns["log"] = frame
    header = f"%%mtl feed --data log --{'test' if flag == '--valid' else 'valid'} log {flag} log.drop(columns='a')"
    codes, error = failed(shell, f"{header}\ntask click: binary")
    assert codes == ["MTL206"]
    place = error.problems[0].span
    assert header[place.column - 1 : place.end_column - 1] == "log.drop(columns='a')"


def test_a_lambda_as_a_loss_is_run_without_a_word(shell, frame, capfd, monkeypatch, caplog):
    from mtl_magic.runs.quiet import keras_quietly

    keras_quietly()
    from tensorflow.python.autograph.utils import ag_logging

    monkeypatch.setattr(ag_logging, "echo_log_to_stdout", True)  # as it is where TensorFlow is loaded in a notebook
    shell.user_ns["log"] = frame
    cell = CELL.replace("regression", "regression(loss={lambda y, p: (y - p) ** 2})").replace("feed", "feed --quiet")
    assert shell.run_cell(cell).success
    assert capfd.readouterr() == ("", "")
    assert "AutoGraph" not in caplog.text
