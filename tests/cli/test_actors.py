"""Ray: two actors give the losses of one process, and an actor that dies is started again."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pandas as pd
import pytest

from mtl_magic.cli.actors import starter
from mtl_magic.cli.arguments import parse
from mtl_magic.cli.main import main
from mtl_magic.cli.train import make_way
from mtl_magic.cli.workers import Supervisor
from mtl_magic.problems import MtlError
from tests.cli.cells import written


def test_actors_train_as_one_process_and_one_that_dies_is_replaced(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = pytest.importorskip("ray")
    spec, data = written(tmp_path)
    words = ["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--quiet"]
    asked = parse([*words, "--name", "ray", "--workers", "ray:2"])
    make_way(asked)
    start, starts = starter(asked, [*words, "--name", "ray", "--workers", "ray:2"]), []

    def dying() -> Any:
        workers = start()
        starts.append(workers)
        if len(starts) == 1:
            ray.kill(workers[1]._actor)
        return workers

    try:
        assert Supervisor(dying, 1, 900.0, lambda: False).run() == 0
    finally:
        ray.shutdown()
    assert len(starts) == 2
    assert "worker 1 died; all workers go on" in capsys.readouterr().err
    assert main(words) == 0
    one, two = (pd.read_csv(tmp_path / "runs" / name / "history.csv") for name in ("feed", "ray"))
    losses = [c for c in one.columns if "loss" in c]
    assert (one[losses] - two[losses]).abs().max().max() < 1e-5


def test_without_ray_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["train", "a.mtl", "--data", "d", "--workers", "ray:2"]
    with pytest.raises(MtlError) as caught:
        starter(parse(words), words)
    problem = caught.value.problems[0]
    assert problem.code == "MTL434"
    assert "mtl-magic[ray]" in problem.hint
