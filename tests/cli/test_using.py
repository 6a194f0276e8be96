"""`mtl-magic evaluate`, `predict` and `explain`: what `Run` and `--explain` say, in a terminal or for a program."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import mtl_magic
from mtl_magic.cli.main import main
from mtl_magic.runs import batch
from tests.cli.cells import CELL, written


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with a spec, its table and, in `runs`, its run."""
    folder = tmp_path_factory.mktemp("kept")
    spec, data = written(folder, epochs=1)
    assert main(["train", spec, "--data", data, "--store", str(folder / "runs"), "--quiet"]) == 0
    return folder


@pytest.fixture
def words(kept: pathlib.Path) -> list[str]:
    return ["--data", str(kept / "log.parquet"), "--store", str(kept / "runs")]


@pytest.mark.parametrize("what", ["feed", "feed.mtl", "runs/feed"])
def test_a_run_is_meant_by_name_file_or_folder(
    kept: pathlib.Path, words: list[str], what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kept)
    assert main(["evaluate", what, *words, "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert said.err == ""
    want = mtl_magic.load(kept / "runs" / "feed").evaluate(str(kept / "log.parquet"))
    assert found["rows"] == 700
    assert [(t, m, v) for t, ms in found["metrics"].items() for m, v in ms.items()] == [
        tuple(row) for row in want.itertuples(index=False)
    ]


def test_metrics_as_text(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "feed", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["task", "metric", "value"]
    assert lines[1].split()[:2] == ["click", "auc"]
    assert {len(line) for line in lines} == {len(lines[0])}


def test_a_file_that_has_changed_is_told(
    tmp_path: pathlib.Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.mtl").write_text(CELL.replace("{epochs}", "7"), encoding="utf-8")
    assert main(["evaluate", str(tmp_path / "feed.mtl"), *words]) == 0
    assert "is not the text that 'feed' was trained from" in capsys.readouterr().err


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_predictions_stand_beside_the_columns_that_are_kept(
    words: list[str], tmp_path: pathlib.Path, stream: str, kind: str, request: pytest.FixtureRequest
) -> None:
    kept, capsys, monkeypatch = map(request.getfixturevalue, ("kept", "capsys", "monkeypatch"))
    monkeypatch.setattr(batch, "ROWS", 64)  # several pieces, the last of fewer rows
    out = tmp_path / "made" / f"p.{kind}"
    more = ["--out", str(out), "--keep", "user", "--keep", "click", "--prefix", "p_", stream]
    assert main(["predict", "feed", *words, *more]) == 0
    assert capsys.readouterr().out == f"700 rows written to {out}\n"
    made = pd.read_parquet(out) if kind == "parquet" else pd.read_csv(out)
    table = pd.read_parquet(kept / "log.parquet")
    assert list(made) == ["user", "click", "p_click", "p_buy"]
    assert made["user"].tolist() == table["user"].tolist()
    want = mtl_magic.load(kept / "runs" / "feed").predict(table).add_prefix("p_")
    pd.testing.assert_frame_equal(made[list(want)], want, check_dtype=False, rtol=1e-5)
    assert [p.name for p in out.parent.iterdir()] == [out.name]
    before = out.read_bytes()
    assert main(["predict", "feed", *words, *more]) == 1
    assert "MTL410" in capsys.readouterr().err
    assert main(["predict", "feed", *words, "--out", str(out), "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == ["click", "buy"]
    assert out.read_bytes() != before


@pytest.mark.parametrize(
    ("more", "code"),
    [(["--keep", "click"], "MTL435"), (["--keep", "usr"], "MTL201"), (["--data", "none.csv"], "MTL213")],
)
def test_what_cannot_be_predicted_leaves_no_file(
    words: list[str], tmp_path: pathlib.Path, more: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words[2:] if "--data" in more else words
    assert main(["predict", "feed", *given, "--out", str(tmp_path / "p.csv"), *more, "--json"]) == 1
    said = capsys.readouterr()
    (error,) = json.loads(said.err)["errors"]
    assert (error["code"], said.out) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_a_piece_that_fails_leaves_no_file(
    words: list[str], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = batch.scored

    def breaking(*given: Any, **more: Any) -> Iterator[Any]:
        yield from whole(*given, **more)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch, "scored", breaking)
    for kind in ("csv", "parquet"):
        assert main(["predict", "feed", *words, "--out", str(tmp_path / f"p.{kind}")]) == 1
        said = capsys.readouterr().err
        assert "MTL411" in said
        assert "No space left" in said
    assert list(tmp_path.iterdir()) == []


def test_explain_says_what_the_cell_says(
    kept: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(kept / "feed.mtl"), "--data", str(kept / "log.parquet")]
    pictures = ["--svg", str(tmp_path / "t.svg"), "--mermaid", str(tmp_path / "t.mmd")]
    assert main(["explain", *given, *pictures]) == 0
    text = (kept / "feed.mtl").read_text(encoding="utf-8")
    want = mtl_magic.explain(text, str(kept / "log.parquet"))
    assert capsys.readouterr().out.strip() == str(want)
    assert (tmp_path / "t.svg").read_text(encoding="utf-8") == want.topology.svg() + "\n"
    assert (tmp_path / "t.mmd").read_text(encoding="utf-8") == want.topology.mermaid() + "\n"
    assert main(["explain", *given, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"]["total"] == want.parameters.total
    assert [row["task"] for row in found["tasks_table"]] == ["click", "buy"]
    assert not (kept / "mtl_runs").exists()


@pytest.mark.parametrize(
    ("text", "code", "line"), [("task click: binery", "MTL020", 1), ("share {print(1)}\ntask click", "MTL050", 1)]
)
def test_errors_have_their_place(
    tmp_path: pathlib.Path, text: str, code: str, line: int, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, data = written(tmp_path, text=text)
    assert main(["explain", spec, "--data", data]) == 1
    assert f"{code}, line {line}" in capsys.readouterr().err
    assert main(["explain", spec, "--data", data, "--json"]) == 1
    (error,) = json.loads(capsys.readouterr().err)["errors"]
    assert (error["code"], error["line"]) == (code, line)


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate"],
        ["evaluate", "feed"],
        ["evaluate", "feed", "--data", "a", "--data", "b"],
        ["predict", "feed", "--data", "a"],
        ["predict", "feed", "--data", "a", "--out", "a.xls"],
        ["explain", "--data", "a"],
    ],
)
def test_wrong_arguments_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"usage: mtl-magic {words[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(("what", "code"), [("other", "MTL416"), ("./other", "MTL412"), ("other.mtl", "MTL416")])
def test_no_such_run(words: list[str], what: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", what, *words]) == 1
    assert code in capsys.readouterr().err
