"""`%mtl code`, as a shell does it."""

from __future__ import annotations

import pytest
from runs.scripts import untrained

from mtl_magic.problems import MtlError


@pytest.fixture
def put(shell, monkeypatch):
    """What was put into the next cell."""
    texts = []
    monkeypatch.setattr(shell, "set_next_input", lambda text, replace=False: texts.append((text, replace)))
    return texts


@pytest.fixture
def feed(shell, frame):
    shell.user_ns["feed"] = untrained("feature a, b: number(bins=0)\ntask click", frame)
    return shell.user_ns["feed"]


def test_it_is_the_next_cell_or_files(shell, put, feed, tmp_path, capsys):
    shell.run_line_magic("mtl", "code feed")
    assert put == [(feed.code(), False)]
    folder = tmp_path / "a model"
    shell.run_line_magic("mtl", f"code feed '{folder}'")
    assert str(folder) in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["encoders.json", "model.py", "model.weights.h5"]


def test_the_next_cell_runs(shell, put, feed):
    """In a notebook there are no arguments to be read, and `__file__` is not known."""
    shell.run_line_magic("mtl", "code feed")
    assert shell.run_cell(put[0][0]).success
    assert list(shell.user_ns["build"]().output) == ["click"]


@pytest.mark.parametrize(("rest", "column"), [("", None), ("fed", 11), ("frame x", 11)])
def test_there_is_no_such_run(shell, feed, frame, rest, column):
    shell.user_ns["frame"] = frame
    with pytest.raises(MtlError) as caught:
        shell.run_line_magic("mtl", f"code {rest}".strip())
    (problem,) = caught.value.problems
    assert problem.code == "MTL441"
    assert "feed" in problem.hint
    assert (problem.span.column if problem.span else None) == column
