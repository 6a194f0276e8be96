"""`%%mtl --format` and `%mtl format`, as a shell does them."""

from __future__ import annotations

import types

import pytest

from mtl_magic.problems import MtlError

CELL = "%%mtl feed --format --data log # of today\n\n  task  click :binary  # yes\n  ignore like"
TIDY = "task click: binary  # yes\nignore like"


@pytest.fixture
def put(shell, monkeypatch):
    """The texts that took the place of the cell that ran."""
    texts = []

    def set_next_input(text, replace=False):
        assert replace
        texts.append(text)

    monkeypatch.setattr(shell, "set_next_input", set_next_input)
    return texts


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("%%mtl feed --format --data log # of today", "%%mtl feed --data log # of today"),
        ("%%mtl --format", "%%mtl"),
        ("%%mtl --data log --format", "%%mtl --data log"),
    ],
)
def test_a_cell_rewrites_itself(shell, put, line, kept):
    """Without a table, and training nothing."""
    assert shell.run_cell(CELL.replace(CELL.partition("\n")[0], line)).success
    assert put == [f"{kept}\n{TIDY}"]
    assert "feed" not in shell.user_ns


def test_a_cell_with_mistakes_stays(shell, put):
    result = shell.run_cell("%%mtl fee d --format --dat log\ntask click: binery")
    assert [(p.code, p.line) for p in result.error_in_exec.problems] == [("MTL403", 1), ("MTL401", 1), ("MTL020", 2)]
    result = shell.run_cell("%%mtl feed --format --dat log\ntask click: binary")
    assert [p.code for p in result.error_in_exec.problems] == ["MTL401"]
    assert put == []


def test_the_last_cell_or_that_of_a_name(shell, put):
    shell.run_cell("%%mtl other\ntask  like", store_history=True)
    shell.run_cell("%%mtl feed --data log\ntask  click  # yes", store_history=True)
    shell.run_cell("x = 1", store_history=True)
    shell.run_cell("%mtl format", store_history=True)
    shell.run_cell("%mtl format other", store_history=True)
    assert put == ["%%mtl feed --data log\ntask click  # yes", "%%mtl other\ntask like"]


def test_a_run_that_was_loaded(shell, put):
    run = type("Run", (), {"text": "task click", "__module__": "mtl_magic.runs.run"})()
    shell.user_ns |= {"old": run, "number": types.SimpleNamespace(text="task x")}
    shell.run_line_magic("mtl", "format old")
    assert put == ["%%mtl old\ntask click"]
    for name in ("number", "nothing"):
        with pytest.raises(MtlError) as caught:
            shell.run_line_magic("mtl", f"format {name}")
        assert [p.code for p in caught.value.problems] == ["MTL415"]
