"""`mtl-magic tune` in one process: what it says of the data, of trials, and of what cannot be kept."""

from __future__ import annotations

import dataclasses
import io
import json
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

from mtl_magic.cli import tuning
from mtl_magic.cli.arguments import understood
from mtl_magic.cli.main import main
from mtl_magic.cli.progress import Lines
from mtl_magic.problems import MtlError
from mtl_magic.train.events import Trouble
from mtl_magic.tune import running
from mtl_magic.tune.folder import RUNNING, STOPPED
from tests.cli.cells import written
from tests.tune.made import made

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


def watched(monkeypatch: pytest.MonkeyPatch, search: Any, codes: list[int], *, looks: Any = lambda k: None) -> str:
    """What `_watch` returns of a search whose only worker ends with these codes, one at a look."""

    def start(*_: Any) -> Any:
        code = codes.pop(0)
        return SimpleNamespace(code=lambda: code, quiet=float, end=lambda: None, said=lambda: f"ended with {code}")

    class Chief:
        port, why, idle = 0, "", True

        def release(self, worker: str) -> None:
            assert worker == "tuner0"

        def wait(self, over: Any, hung_after: float) -> str:
            k = 0
            while not over():
                k += 1
                looks(k)
            return "finished"

    monkeypatch.setattr(tuning, "_start", start)
    words = ["tune", "feed.mtl", "--data", "d", "--workers", "1", "--restarts", str(len(codes) - 1)]
    found = SimpleNamespace(plan=SimpleNamespace(trials=None), search=search, folder=search.folder)
    return tuning._watch(understood(words), Chief(), found, words, "host")  # type: ignore[arg-type]


def test_a_chief_says_what_this_sitting_has_tried(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    search = made(tmp_path, 3)
    cut = dataclasses.replace(search.trial(2), status=STOPPED, epochs=1)
    search.folder.write(cut)

    done = dataclasses.replace(cut, status="finished", epochs=4)

    def looks(k: int) -> None:
        search.folder.write(dataclasses.replace(cut, status=RUNNING) if k == 1 else done)

    assert watched(monkeypatch, search, [-9, -9, 0], looks=looks) == "finished"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("trial 2: click.auc")


def test_workers_that_keep_dying_are_said(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MtlError, match="the last words: ended with 1") as caught:
        watched(monkeypatch, made(tmp_path, 1), [-9, 1])
    assert caught.value.problems[0].code == "MTL496"


def test_a_worker_gives_signs_of_life_while_it_reads(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signs: list[Any] = []

    def prepare(_asked: Any, _program: Any, listeners: list[Any]) -> None:
        signs.extend(listeners)
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning, "_prepare", prepare)
    monkeypatch.setenv(tuning.SEARCH, str(tmp_path))
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "tuner0")
    plan: Any = SimpleNamespace(space=SimpleNamespace(hypers=()), first=None)
    with pytest.raises(KeyboardInterrupt):
        tuning._work(understood(["tune", "feed.mtl", "--data", "d"]), plan)  # type: ignore[arg-type]
    assert [sign.place for sign in signs] == [tmp_path / ".alive.tuner0"]


def test_what_a_failed_trial_has_not_is_null(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    search = made(tmp_path, 7)
    run: Any = SimpleNamespace(search=search, name="feed", folder=tmp_path / "feed", metrics={})
    assert tuning._say(understood(["tune", "feed.mtl", "--data", "d", "--json"]), run) == 0  # type: ignore[arg-type]
    failed = json.loads(capsys.readouterr().out)["trials"][5]
    assert (failed["status"], failed["click.auc"]) == ("failed", None)
