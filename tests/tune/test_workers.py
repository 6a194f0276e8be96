"""A chief and two workers as processes: they share one search, and one that is killed loses nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from tune.test_search import table

from mtl_magic.tune.folder import FINISHED, RUNNING, Folder

CELL = """\
task click: binary
task watch: regression weight range(0.2, 3.0)
train lr=range(1e-4, 1e-2, log) epochs=6 batch=8 early_stop=none
tune trials=6 method=random objective=click.auc
"""


@pytest.fixture
def files(tmp_path):
    table(600).to_parquet(tmp_path / "log.parquet")
    (tmp_path / "feed.mtl").write_text(CELL)
    return tmp_path


def command(files, *words):
    return [sys.executable, "-m", "mtl_magic", "tune", str(files / "feed.mtl"), "--data", str(files / "log.parquet"), "--store", str(files / "runs"), *words]  # fmt: skip


def environment():
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def kill_one(files, killed):
    """Kills the worker that has trial 1 while it trains."""
    import psutil

    end = time.monotonic() + 600
    while time.monotonic() < end and not killed:
        folder = Folder.newest(files / "runs", "feed")
        mine = [t for t in folder.trials() if t.number == 1 and t.status == RUNNING and t.worker] if folder else []
        if mine:
            for process in psutil.process_iter(["environ"]):
                there = process.info["environ"] or {}
                if there.get("KERASTUNER_TUNER_ID") == mine[0].worker and there.get("MTL_MAGIC_SEARCH") == str(
                    folder.place
                ):
                    process.send_signal(signal.SIGKILL)
                    killed.append(mine[0].worker)
                    return
        time.sleep(0.02)


@pytest.mark.timeout(900)
def test_a_killed_worker_loses_nothing(files):
    killed: list[str] = []
    watch = threading.Thread(target=kill_one, args=(files, killed), daemon=True)
    watch.start()
    done = subprocess.run(
        command(files, "--workers", "2", "--json"), capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert killed, "the test must have met trial 1 while it trained"
    said = json.loads(done.stdout)
    assert [t["trial"] for t in said["trials"]] == list(range(6))
    assert {t["status"] for t in said["trials"]} == {"finished"}
    folder = Folder.newest(files / "runs", "feed")
    trials = folder.trials()
    assert {t.worker for t in trials} == {"tuner0", "tuner1"}, "both have trained"
    assert all(t.status == FINISHED and t.epochs == 6 for t in trials)
    best = max(trials, key=lambda t: t.objectives["click.auc"])
    assert said["best"] == best.number
    assert (files / "runs" / "feed" / "model.keras").is_file()


def test_train_and_tune_name_each_other(files):
    one = subprocess.run(
        [word if word != "tune" else "train" for word in command(files)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert one.returncode == 1
    assert "MTL495" in one.stderr
    assert "mtl-magic tune takes the same file" in one.stderr
    (files / "feed.mtl").write_text("task click: binary\n")
    two = subprocess.run(command(files), capture_output=True, text=True, env=environment(), check=False)
    assert two.returncode == 1
    assert "has no 'tune' line" in two.stderr


def test_a_worker_that_died_between_two_trials_is_not_waited_for(tmp_path):
    from types import SimpleNamespace

    from mtl_magic.tune.chief import Chief, alive_of

    chief = Chief.__new__(Chief)
    chief.oracle = SimpleNamespace(ongoing_trials={"one": None}, tuner_ids={"one", "two", "new"})
    chief._folder = SimpleNamespace(place=tmp_path)
    for name, seconds in (("one", 5), ("two", 500)):
        (tmp_path / alive_of(name)).touch()
        os.utime(tmp_path / alive_of(name), (time.time() - seconds,) * 2)
    assert chief.silent_since(100) == ["two"]
    assert sorted(chief.silent_since(1)) == ["one", "two"]


def test_who_waits_for_others_lives(tmp_path):
    """hyperband's next trial may need the end of another's."""
    from types import SimpleNamespace

    from mtl_magic.tune.events import Waiting
    from mtl_magic.tune.tuner import _classes

    heard = []
    _, kind = _classes()
    tuner = SimpleNamespace(guide=SimpleNamespace(ends=False, tell=heard.append), _waits=False)
    for _ in range(3):
        kind.pre_create_trial(tuner)
    assert heard == [Waiting(), Waiting()]
    kind.on_trial_begin(tuner, None)
    kind.pre_create_trial(tuner)
    assert len(heard) == 2


def of_machines(files, *names):
    """A process of each name, as keras-tuner's variables tell them apart, and the chief's port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = {**environment(), "KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}
    return port, [
        subprocess.Popen(command(files), env={**there, "KERASTUNER_TUNER_ID": name}, stderr=subprocess.PIPE, text=True)
        for name in names
    ]


def test_a_chief_of_other_machines_that_is_interrupted_says_so(files):
    """It does not wait for trials that it cannot reach."""
    port, (chief,) = of_machines(files, "chief")
    try:
        with socket.socket() as heard:
            while heard.connect_ex(("127.0.0.1", port)) and chief.poll() is None:
                time.sleep(0.1)
        time.sleep(0.5)
        chief.send_signal(signal.SIGINT)
        said = chief.communicate(timeout=60)[1]
    finally:
        chief.kill()
    folder = Folder.newest(files / "runs", "feed")
    assert folder.facts["status"] == "interrupted", said
    assert chief.returncode != 0
    assert "Traceback" not in said


@pytest.mark.timeout(300)
def test_a_chief_of_other_machines_ends_with_its_time(files):
    """Its worker ends by its own clock and asks no more."""
    (files / "feed.mtl").write_text(CELL.replace("trials=6", 'trials=500 time="12s"'))
    _, ends = of_machines(files, "chief", "worker")
    try:
        said = [process.communicate(timeout=240)[1] for process in ends]
    finally:
        for process in ends:
            process.kill()
    assert ends[1].returncode == 0, said[1]
    folder = Folder.newest(files / "runs", "feed")
    assert folder.facts["why"] == "time"
    assert {t.worker for t in folder.trials()} <= {"worker"}  # none, where the chief's time was over before it asked
