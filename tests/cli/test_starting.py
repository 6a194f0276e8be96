"""How workers are started: what each is told of the others, its cores, its signs of life, and what is cleared away."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import pathlib
import time
from typing import Any

import pytest

import mtl_magic
from mtl_magic.cli import train, workers
from mtl_magic.cli.arguments import Asked, parse
from mtl_magic.cli.progress import Alive, Lines
from mtl_magic.train.events import Evaluated, Note, Progress, Started


def asked(folder: pathlib.Path, *more: str) -> Asked:
    return parse(["train", "feed.mtl", "--data", "d", "--store", str(folder), *more])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What processes would have been started with."""
    found: list[Any] = []

    def note(index: int, words: Any, environment: dict[str, str], alive: pathlib.Path, log: Any) -> None:
        found.append((index, words, environment, alive.name, log and log.name))

    monkeypatch.setattr(workers, "Process", note)
    monkeypatch.setattr(workers.Supervisor, "run", lambda self: self.start() and 0)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    return found


def test_processes_of_one_machine_share_its_cores(
    started: list[Any], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert workers.supervised(asked(tmp_path, "--workers", "2"), ["train", "--workers", "2"]) == 0
    configs = [json.loads(environment["TF_CONFIG"]) for _, _, environment, _, _ in started]
    assert [c["task"] for c in configs] == [{"type": "worker", "index": i} for i in range(2)]
    assert configs[0]["cluster"] == configs[1]["cluster"]
    addresses = configs[0]["cluster"]["worker"]
    assert len(set(addresses)) == 2
    assert all(a.startswith("127.0.0.1:") for a in addresses)
    assert [environment["TF_NUM_INTRAOP_THREADS"] for _, _, environment, _, _ in started] == ["4", "4"]
    assert [(alive, log) for *_, alive, log in started] == [("alive.0", None), ("alive.1", "worker-1.log")]
    assert all(words == ["train"] for _, words, *_ in started)


def test_of_listed_hosts_one_worker_starts_here(started: list[Any], tmp_path: pathlib.Path) -> None:
    workers.supervised(asked(tmp_path, "--workers", "a:1,b:2", "--index", "1"), [])
    ((index, _, environment, _, log),) = started
    assert json.loads(environment["TF_CONFIG"]) == {
        "cluster": {"worker": ["a:1", "b:2"]},
        "task": {"type": "worker", "index": 1},
    }
    assert (index, log) == (1, None)


def test_a_tf_config_that_is_set_is_kept(
    started: list[Any], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = workers.tf_config(["x:1", "y:1", "z:1"], 2)
    monkeypatch.setenv("TF_CONFIG", config)
    assert not train.leads(asked(tmp_path))
    workers.supervised(asked(tmp_path), [])
    ((index, _, environment, _, _),) = started
    assert (index, environment["TF_CONFIG"]) == (2, config)


def test_one_that_does_not_lead_leaves_what_the_chief_has_written(tmp_path: pathlib.Path) -> None:
    chief = asked(tmp_path, "--workers", "a:1,b:2", "--index", "0")
    other = asked(tmp_path, "--workers", "a:1,b:2", "--index", "1")
    train.make_way(chief)
    begun = chief.work / train.BEGUN
    begun.touch()
    train.make_way(other)
    train.tidy(other)
    assert begun.exists()
    train.tidy(chief)
    assert not chief.work.exists()


def test_progress_is_renewed_in_a_terminal_and_survives_its_end() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    lines = Lines("feed", out)
    lines(Started(("click",), {"click": "auc"}, 2, 10, 64, 640, step=10))
    lines(Progress(12, 1.2, 3.0, 1000.0, {"click": 0.5}, {"click": 1.0}))
    past = Evaluated(10, 1, 2.0, {"click": 0.6}, {"click": {"auc": 0.71}}, {"click": 1.0}, 1e-3, best=True)
    lines(past)
    assert "0.71" not in out.getvalue()  # it was said before the checkpoint
    lines(dataclasses.replace(past, step=20, epoch=2))
    renewed, epoch = out.getvalue().split("\r\x1b[K")[2:]
    assert renewed == "epoch 2 of at most 2, step 12  1,000 rows/s, at most 1 s left"
    assert epoch == "epoch 2  click auc 0.710  (2 s)\n"

    def gone(_text: str) -> int:
        raise BrokenPipeError

    out.write = gone  # type: ignore[method-assign]
    lines(Note("nobody hears it"))


def test_a_sign_of_life_is_an_event(tmp_path: pathlib.Path) -> None:
    alive = tmp_path / "alive.0"
    process = workers.Process(0, ["--version"], dict(os.environ), alive, tmp_path / "log")
    try:
        process._began -= 100
        assert process.quiet() > 99
        Alive(alive)(Note("something"))
        assert process.quiet() < 50
        until = time.monotonic() + 60
        while process.code() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert process.code() == 0
        assert process.said() == mtl_magic.__version__
    finally:
        process.end()
