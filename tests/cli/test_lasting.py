"""A training of the command line is a run of the store from its first moment: listed, killed, gone on with anywhere."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from mtl_magic.cli.main import main
from mtl_magic.problems import MtlError
from mtl_magic.runs.project.store import Store
from mtl_magic.train.checkpoint import Keeper
from tests.cli.cells import written

EPOCHS = 12


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, list[str], str]:
    """A folder with a store in which 'feed' was killed in the middle and 'whole' was not, the words of `train`, and what
    the store said of 'feed' while it trained.
    """
    folder = tmp_path_factory.mktemp("lasting")
    spec, data = written(folder, epochs=EPOCHS)
    words = ["train", spec, "--data", data, "--store", str(folder / "runs"), "--checkpoint", "0"]
    running = subprocess.Popen([sys.executable, "-m", "mtl_magic", *words], stderr=subprocess.DEVNULL)
    status, until, store = "", time.monotonic() + 120, Store(folder / "runs")
    try:
        while time.monotonic() < until and not status:
            saved = Keeper(folder / "runs" / "feed" / "checkpoint").read()
            if saved is not None and saved.facts["epoch"] >= 2:
                status = store.find("feed")["status"]
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert main([*words, "--name", "whole", "--quiet"]) == 0
    return folder, words, status


def losses(place: pathlib.Path) -> pd.DataFrame:
    return pd.read_csv(place / "history.csv").drop(columns="seconds")


def test_a_killed_one_goes_on_in_a_notebook_to_the_same_losses(killed: tuple[pathlib.Path, list[str], str]) -> None:
    folder, words, status = killed
    store = Store(folder / "runs")
    assert status == "running"
    assert store.find("feed")["status"] == "died"
    with pytest.raises(SystemExit):
        main([*words, "--name", "no/folder"])
    assert main(words) == 1  # it is not begun anew unasked
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "mtl_magic")
    try:
        assert shell.run_cell(f"%mtl resume feed --store {folder / 'runs'} --quiet").success
    finally:
        shell.run_line_magic("unload_ext", "mtl_magic")
    assert shell.user_ns["feed"].why == "epochs"
    pd.testing.assert_frame_equal(
        losses(folder / "runs" / "feed"), losses(folder / "runs" / "whole"), check_exact=False, rtol=1e-6
    )
    assert store.find("feed")["status"] == "finished"


def test_what_cannot_go_on_says_why(
    killed: tuple[pathlib.Path, list[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, words, _ = killed
    assert main([*words, "--name", "whole", "--resume", "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().err)["errors"]
    assert (problem["code"], "is finished" in problem["message"]) == ("MTL432", True)
    assert main([*words, "--name", "other", "--resume"]) == 1
    assert "MTL432" in capsys.readouterr().err


def test_an_interrupted_one_goes_on_and_answers_in_json(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data = written(tmp_path, epochs=3)
    words = ["train", spec, "--data", data, "--valid", data, "--store", str(tmp_path / "runs"), "--json"]
    from mtl_magic.cli.progress import Lines

    hears = Lines.__call__

    def interrupts(self: Lines, event: object) -> None:
        hears(self, event)  # type: ignore[arg-type]
        if type(event).__name__ == "Evaluated" and len(pd.read_csv(place)) < 2:
            os.kill(os.getpid(), signal.SIGINT)

    place = tmp_path / "runs" / "feed" / "history.csv"
    monkeypatch.setattr("mtl_magic.runs.project.recorder.EPOCH", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Lines, "__call__", interrupts)
        assert main(words) == 130
    said = json.loads(capsys.readouterr().out)
    assert (said["why"], said["epoch"], said["folder"]) == ("interrupted", 1, str(tmp_path / "runs" / "feed"))
    assert Store(tmp_path / "runs").find("feed")["status"] == "interrupted"
    assert main([*words, "--resume"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["why"], said["epoch"], set(said["metrics"]["valid"])) == ("epochs", 3, {"click", "buy"})


def test_a_training_that_cannot_be_kept_does_not_begin_or_ends_with_an_error(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data = written(tmp_path, epochs=1)
    words = ["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--quiet"]
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("mtl_magic.runs.project.files.put", full)
        assert main(words) == 1
        assert "MTL411" in (said := capsys.readouterr().err)
        assert "No space left" in said
    assert [p.name for p in (tmp_path / "runs").glob("[!.]*") if p.is_dir()] == []
    with monkeypatch.context() as patch:
        patch.setattr("mtl_magic.runs.store.commit", full)
        assert main(words) == 1
        assert "--resume goes on" in capsys.readouterr().err
    assert Store(tmp_path / "runs").find("feed")["status"] == "failed"
    assert main([*words, "--resume"]) == 0


def test_one_that_failed_with_nothing_to_go_on_from_makes_way(tmp_path: pathlib.Path) -> None:
    store = Store(tmp_path)
    place = store.claim_exactly("feed")
    (place / "run.json").write_text(json.dumps({"format": 2, "name": "feed", "status": "failed"}))
    assert store.claim_exactly("feed").is_dir()
    (place / "checkpoint").mkdir()
    (place / "run.json").write_text(json.dumps({"format": 2, "name": "feed", "status": "failed"}))
    with pytest.raises(MtlError, match="MTL410"):
        store.claim_exactly("feed")
    assert store.claim_exactly("feed", replace=True).is_dir()
    assert len(list((tmp_path / ".trash").iterdir())) == 2
