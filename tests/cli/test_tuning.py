"""`mtl-magic tune` in one process: what it says of the data, of trials, and of what cannot be kept."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import pytest

from mtl_magic.cli.main import main
from mtl_magic.cli.progress import Lines
from mtl_magic.train.events import Trouble
from mtl_magic.tune import running
from tests.cli.cells import written

CELL = """\
feature user: category
feature x: number
task click: binary
task buy: binary
train lr=range(1e-3, 1e-2, log) epochs=1 batch=64
tune trials=2 method=random objective=click.auc
"""


def leaky(folder: pathlib.Path) -> list[str]:
    """The words of a search, one of whose columns gives the label away."""
    spec, data = written(folder, text=CELL.replace("feature x: number", "feature x: number\nfeature buy_copy: number"))
    import pandas as pd

    frame = pd.read_parquet(data)
    frame.assign(buy_copy=frame["buy"] * 1.0).to_parquet(data)
    return ["tune", spec, "--data", data, "--store", str(folder / "runs")]


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search ends where it would begin, with what its listeners are told."""

    def run_search(*_: Any, listeners: Any, **__: Any) -> None:
        for listener in listeners:
            for _ in range(2):
                listener(Trouble("the history cannot be written: No space left on device"))
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_search", run_search)


@pytest.mark.usefixtures("searched")
def test_what_is_to_be_known_is_said_as_by_train(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = leaky(tmp_path)
    assert main(words) == 130
    said = capsys.readouterr()
    assert "No split line" in said.out
    assert "MtlWarning MTL104, line 3" in said.out
    assert said.err == "MtlWarning MTL411: the history cannot be written: No space left on device\n"
    assert main([*words, "--json"]) == 130
    assert capsys.readouterr().out == ""
    assert main([*words, "--quiet"]) == 130
    said = capsys.readouterr()
    assert said.out == said.err == ""


def test_a_training_says_its_trouble_once() -> None:
    out = io.StringIO()
    lines = Lines("feed", out)
    for _ in range(2):
        lines(Trouble("checkpoints cannot be written"))
    assert out.getvalue() == "MtlWarning MTL411: checkpoints cannot be written\n"


def test_what_is_renewed_goes_before_anything_else_is_written() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out, log = Terminal(), io.StringIO()
    for each in (out, log):
        Lines("feed", each).clear()
    assert (out.getvalue(), log.getvalue()) == ("\r\x1b[K", "")
