"""What a person sees while the data is prepared."""

from __future__ import annotations

import pytest

from mtl_magic.magic.flags import parse_flags
from mtl_magic.magic.preparing import NotebookPreparing, TerminalPreparing, said
from mtl_magic.train.events import Note, Preparing


def test_a_line_says_how_far_it_is():
    assert said(Preparing("reading", 0, 0, "rows", 1.0)) == "reading"
    assert said(Preparing("reading", 1000, 0, "rows", 1.0)) == "reading: 1,000 rows"
    assert said(Preparing("counting", 3, 12, "columns", 1.0)) == "counting: 3 of 12 columns"


def test_a_terminal_gets_a_line_for_each_kind_of_work(capsys):
    shown = TerminalPreparing()
    for second in range(25):
        shown(Preparing("encoding" if second > 4 else "counting", second, 30, "rows", float(second)))
    shown(Note("not mine"))
    shown.close()
    assert capsys.readouterr().out.splitlines() == [
        "counting",
        "encoding: 5 of 30 rows",
        "encoding: 15 of 30 rows",
    ]


def test_a_notebook_gets_one_display_that_is_empty_in_the_end(monkeypatch):
    shown = []

    class Handle:
        def update(self, thing):
            shown.append(thing.data)

    def display(thing, **options):
        shown.append(thing.data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    progress = NotebookPreparing()
    progress.close()
    assert not shown, "nothing is shown of what takes but a moment"
    progress(Preparing("encoding", 5, 20, "rows", 2.0))
    progress(Preparing("encoding", 15, 20, "rows", 3.0))
    assert "15 of 20 rows" in shown[-1]
    assert "width:75.0%" in shown[-1]
    progress.close()
    assert (len(shown), shown[-1]) == (3, "")


@pytest.mark.parametrize(
    ("line", "stream"), [("a --data x", None), ("a --data x --stream", True), ("a --no-stream", False)]
)
def test_the_flags(line, stream):
    flags = parse_flags(line)
    assert not flags.problems
    assert flags.stream is stream


def test_the_flags_exclude_each_other():
    (problem,) = parse_flags("a --stream --data x --no-stream").problems
    assert problem.code == "MTL402"
    assert problem.span.column > 20
