"""A worker that is killed in the middle does not lose the run: it ends with the losses of one that nobody disturbed."""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from mtl_magic.cli.main import main
from mtl_magic.runs.project.store import Store
from mtl_magic.train.checkpoint import Keeper
from tests.cli.cells import written


def killed(words: list[str], place: pathlib.Path, index: int) -> str:
    """Run `mtl-magic` with these words, kill the worker after two epochs; what was said on stderr."""
    command = [sys.executable, "-m", "mtl_magic", *words]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 120
        while epochs_in(place) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        for pid in workers_of(running.pid):
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            if f'"index": {index}'.encode() in environment:
                os.kill(pid, signal.SIGKILL)
        said = running.communicate(timeout=150)[1]
    finally:
        running.kill()
    assert running.returncode == 0, said
    return said


def epochs_in(place: pathlib.Path) -> int:
    """Whole epochs behind the checkpoint that is there."""
    saved = Keeper(place / "checkpoint").read()
    return saved.facts["epoch"] if saved is not None else 0


def workers_of(pid: int) -> list[int]:
    """Processes that are workers below this one."""
    found = []
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--worker" in words and (parent == pid or pid in ancestors(parent)):
            found.append(int(place.name))
    return found


def ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        try:
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
        found.append(pid)
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the test looks into /proc")
def test_a_worker_killed_in_the_middle_does_not_lose_the_run(tmp_path: pathlib.Path) -> None:
    spec, data = written(tmp_path, epochs=25)
    words = ["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--checkpoint", "0"]
    said = killed([*words, "--name", "killed", "--workers", "2"], tmp_path / "runs" / "killed", 1)
    assert "worker 1 was killed by SIGKILL; all workers go on from the last checkpoint" in said
    epochs = re.findall(r"epoch (\d+)  click", said)  # what TensorFlow says at the same moment may share the line
    # None is trained twice but the one in which it died, which may have been told before its checkpoint was written.
    twice = [a for a, b in itertools.pairwise(epochs) if a == b]
    assert len(twice) <= 1
    assert list(dict.fromkeys(epochs)) == [str(e) for e in range(1, 26)]
    assert len(epochs) == 25 + len(twice)
    assert main([*words, "--quiet"]) == 0  # in one process, undisturbed
    one, two = (pd.read_csv(tmp_path / "runs" / name / "history.csv") for name in ("feed", "killed"))
    assert list(two["epoch"]) == list(range(1, 26))
    losses = [c for c in one.columns if "loss" in c]
    assert len(losses) >= 4
    assert (one[losses] - two[losses]).abs().max().max() < 1e-5
    assert sorted(p.name for p in (tmp_path / "runs").iterdir() if p.is_dir()) == ["feed", "killed"]
    assert {e["id"]: e["status"] for e in Store(tmp_path / "runs").entries()} == dict.fromkeys(
        ["feed", "killed"], "finished"
    )
