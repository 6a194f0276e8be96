"""What stands behind `mtl-magic`: what is understood, and that wrong arguments end with 2."""

from __future__ import annotations

import pytest

from mtl_magic.cli.arguments import Workers, parse, understood, workers_of
from mtl_magic.cli.main import main
from mtl_magic.cli.workers import gpus_of, worker_words
from mtl_magic.problems import MtlError


def test_the_name_is_that_of_the_file() -> None:
    asked = parse(["train", "cells/feed.mtl", "--data", "a.parquet", "--data", "b/*.csv"])
    assert (asked.name, asked.data, asked.workers) == ("feed", ("a.parquet", "b/*.csv"), None)
    assert asked.place == asked.store / "feed"
    assert asked.store.is_absolute()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3", Workers(3)),
        ("ray:2", Workers(2, ray=True)),
        ("a:1,10.0.0.2:65000", Workers(2, ("a:1", "10.0.0.2:65000"))),
        ("[::1]:5,b:5", Workers(2, ("[::1]:5", "b:5"))),
    ],
)
def test_workers_are_counted_or_named(text: str, found: Workers) -> None:
    assert workers_of(text) == found


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["train"],
        ["train", "a.mtl"],
        ["train", "a.mtl", "--data", "d", "--workers", "0"],
        ["train", "a.mtl", "--data", "d", "--workers", "ray:"],
        ["train", "a.mtl", "--data", "d", "--workers", "host"],
        ["train", "a.mtl", "--data", "d", "--workers", "a:1,a:1", "--index", "0"],
        ["train", "a.mtl", "--data", "d", "--workers", "a:1,b:1"],
        ["train", "a.mtl", "--data", "d", "--workers", "a:1,b:1", "--index", "2"],
        ["train", "a.mtl", "--data", "d", "--workers", "2", "--index", "0"],
        ["train", "a.mtl", "--data", "d", "--name", "../b"],
        ["train", "a.mtl", "--data", "d", "--restarts", "-1"],
        ["train", "a.mtl", "--data", "d", "--work", "2"],
    ],
)
def test_wrong_arguments_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: mtl-magic" in capsys.readouterr().err


def test_a_worker_gets_all_words_but_who_it_is() -> None:
    words = ["train", "a.mtl", "--workers", "2", "--data", "d", "--index=1", "--workers=3", "--index", "0", "--quiet"]
    assert worker_words(words) == ["train", "a.mtl", "--data", "d", "--quiet"]


def test_workers_of_one_machine_share_its_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert gpus_of(2) == ["4,5", "6,7"]
    assert gpus_of(3) == ["4", "5", "6"]
    with pytest.raises(MtlError, match="5 workers, and there are 4 GPUs") as caught:
        gpus_of(5)
    assert caught.value.problems[0].code == "MTL320"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus_of(2) == []


def test_runs_are_kept_where_the_environment_says(monkeypatch, tmp_path, capsys):
    words = ["train", "feed.mtl", "--data", "log.csv"]
    monkeypatch.setenv("MTL_MAGIC_RUNS", str(tmp_path))
    assert parse(words).place == tmp_path / "feed"
    monkeypatch.setenv("MTL_MAGIC_RUNS", "none")
    assert parse([*words, "--store", str(tmp_path / "b")]).store == tmp_path / "b"
    with pytest.raises(SystemExit):
        parse(words)
    assert "keeps no run" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "tune"])
@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--restarts", "-1", "'-1' is no whole number of at least 0"),
        ("--checkpoint", "nan", "'nan' is no number of seconds of at least 0"),
        ("--hung-after", "0", "0 is no time: a number of seconds above it is meant"),
    ],
)
def test_a_wrong_number_is_said_of_its_option(
    command: str, option: str, value: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "a.mtl", "--data", "d", option, value])
    assert ended.value.code == 2
    assert f"argument {option}: {says}" in capsys.readouterr().err


def test_a_search_counts_its_workers() -> None:
    words = ["tune", "a.mtl", "--data", "d", "--workers"]
    assert understood([*words, "2"]).workers == 2  # type: ignore[union-attr]
    with pytest.raises(SystemExit):
        understood([*words, "-2"])
