"""`mtl-magic train` in one process: what it says, what it leaves, and what it refuses."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

import mtl_magic
from mtl_magic.cli.main import main
from mtl_magic.runs.project.store import Store
from tests.cli.cells import CELL, written


def test_a_file_becomes_a_run(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, data = written(tmp_path)
    words = ["train", spec, "--data", data, "--test", data, "--store", str(tmp_path / "runs")]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "No split line" in said.out
    assert "Run feed: 2 tasks, 2 epochs" in said.out
    assert "epoch 2  click auc 0." in said.err
    assert [p.name for p in (tmp_path / "runs").iterdir() if p.is_dir()] == ["feed"]
    run = mtl_magic.load(tmp_path / "runs" / "feed")
    assert len(run.history) == 2
    assert set(run.metrics) == {"valid", "test"}
    assert main(words) == 1
    assert "MTL410" in capsys.readouterr().err
    assert main([*words, "--overwrite", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out == said.err == ""
    assert [p.name for p in (tmp_path / "runs").glob("[!.]*") if p.is_dir()] == ["feed"]
    store = Store(tmp_path / "runs")
    store.delete(["feed"])
    assert len(list((tmp_path / "runs" / ".trash").iterdir())) == 2  # what was replaced is not lost


def test_python_in_a_file_is_not_run_unasked(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CELL.replace("share mlp(units=[8], dropout=0)", "share {keras.layers.Dense(6, 'relu', name='mine')}")
    spec, data = written(tmp_path, epochs=1, text=text)
    words = ["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--quiet"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "MTL050, line 3" in said
    assert "--allow-python" in said
    assert not (tmp_path / "runs").exists()
    assert main([*words, "--allow-python"]) == 0
    assert "{keras.layers.Dense(6" in mtl_magic.load(tmp_path / "runs" / "feed").text


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        ("task click: binery", [], "MTL020, line 1"),
        ("task click: binary\nfeature nothing", [], "MTL201, line 2"),
        (CELL, ["--valid", "none.parquet"], "MTL213"),
        (CELL, ["--resume"], "MTL432"),
    ],
)
def test_errors_are_said_with_their_place_and_leave_nothing(
    text: str, more: list[str], code: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, data = written(tmp_path, text=text)
    assert main(["train", spec, "--data", data, "--store", str(tmp_path / "runs"), *more]) == 1
    said = capsys.readouterr()
    assert code in said.err
    assert list((tmp_path / "runs").glob("*")) + list((tmp_path / "runs").glob(".*")) == []


def test_a_file_that_is_not_there(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "no.mtl"), "--data", "d"]) == 1
    assert "MTL430" in capsys.readouterr().err


def test_an_unusable_tf_config_is_named(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data = written(tmp_path)
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"index": 1}}))
    assert main(["train", spec, "--data", data, "--store", str(tmp_path)]) == 1
    assert "MTL431" in capsys.readouterr().err


def test_the_module_runs_and_loads_no_notebook() -> None:
    script = """
import sys
from mtl_magic.cli import main, train, workers, arguments
print(sorted({"IPython", "ipywidgets", "tensorflow", "keras", "ray"} & {m.partition(".")[0] for m in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    done = subprocess.run([sys.executable, "-m", "mtl_magic", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == mtl_magic.__version__
