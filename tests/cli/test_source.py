"""The file of a command: its text, Python in it, and what a run's folder remembers of its tables."""

from __future__ import annotations

import json
import pathlib

import pytest

from mtl_magic.cli import source
from mtl_magic.cli.arguments import understood
from mtl_magic.cli.main import main
from tests.cli.cells import written

BLOCK = "share choose(mlp, {keras.layers.Dense(4)})\ntask click: binary\ntune trials=2"


def errors(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(capsys.readouterr().err)["errors"]
    return found


@pytest.mark.parametrize("command", ["tune", "explain"])
def test_a_search_says_what_allows_python_too(
    command: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, data = written(tmp_path, text=BLOCK)
    assert main([command, spec, "--data", data, "--json"]) == 1
    (error,) = errors(capsys)
    assert (error["code"], error["line"]) == ("MTL050", 1)
    assert "--allow-python evaluates it" in str(error["hint"])


@pytest.mark.parametrize("command", ["train", "tune", "explain"])
def test_python_where_none_may_stand_is_no_matter_of_being_allowed(
    command: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, data = written(tmp_path, text="feature x: {float}\ntask click: binary")
    assert main([command, spec, "--data", data, "--json"]) == 1
    (error,) = errors(capsys)
    assert error["code"] == "MTL050"
    assert "cannot stand here" in str(error["message"])
    assert "--allow-python" not in str(error["hint"])


def test_python_of_a_search_is_evaluated_where_it_is_allowed(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = BLOCK.replace("choose(mlp, {keras.layers.Dense(4)})", "choose({keras.layers.Dense(3)}, mlp)")
    spec, data = written(tmp_path, text=text)
    assert main(["explain", spec, "--data", data, "--allow-python"]) == 0
    assert "Dense, 78 parameters" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["train", "tune"])
def test_tables_are_remembered_as_a_notebook_writes_them(command: str, tmp_path: pathlib.Path) -> None:
    more = ["--valid", "/v.parquet", "--valid", "/w.parquet", "--test", "/t.csv", "--stream"]
    asked = understood([command, "feed.mtl", "--data", "/a.csv", "--data", "/b.csv", "--store", str(tmp_path), *more])
    assert source.remembered(asked) == {
        "data": ["'/a.csv'", "'/b.csv'"],
        "valid": ["'/v.parquet'", "'/w.parquet'"],
        "test": "'/t.csv'",
        "stream": True,
    }
