"""A training that goes on, in MLflow: the same run where it is still there, with each point once; else a new one, said."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import signal
import sys
import warnings
from typing import Any

import pandas as pd
import pytest
from cli.cells import written
from IPython.core.interactiveshell import InteractiveShell
from runs import kept
from runs.mlflows import Server

import mtl_magic
from mtl_magic.cli.main import main
from mtl_magic.problems import MtlError, MtlWarning
from mtl_magic.runs import fitting
from mtl_magic.runs.logged import FILE, id_in, keep_id
from mtl_magic.runs.project import recorder
from mtl_magic.runs.project.recorder import Keep
from mtl_magic.runs.project.store import Store
from mtl_magic.runs.tracking import Tracker, tracked
from mtl_magic.train import team
from mtl_magic.train.events import Evaluated

CELL = kept.BASE.replace("early_stop=2", "early_stop=none")
FIRST = f"{1:032x}"  # the server's first run


class KilledError(BaseException):
    pass


def kill() -> None:
    raise KilledError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setitem(sys.modules, "mlflow", made)
    monkeypatch.setattr(team, "TICK", 0.0)
    monkeypatch.setattr(recorder, "PAUSE", 1e9)  # or a slow machine has a checkpoint after an epoch
    return made


def train(
    store: pathlib.Path,
    *,
    text: str = CELL,
    again: bool = False,
    stops: kept.Stops | None = None,
    seconds: float = 1e9,
    wanted: bool = True,
    data: pd.DataFrame | None = None,
) -> mtl_magic.Run:
    """As a cell does; no checkpoint but when it is stopped, unless `seconds` says otherwise."""
    program = fitting.compile_program(text)
    prepared = fitting.prepare(program, kept.log() if data is None else data)
    keep = Keep(Store(store), {}, seconds, "feed" if again else None)
    listeners: list[Any] = [] if stops is None else [stops]
    control = None if stops is None else stops.control
    with tracked("feed", program, keep=keep, wanted=wanted) as trackers:
        run = fitting.train(
            program, prepared, name="feed", listeners=[*trackers, *listeners], keep=keep, control=control
        )
        for tracker in trackers:
            tracker.finish(run, run.folder)
    return run


def killed(store: pathlib.Path, server: Server, step: int, **options: Any) -> None:
    """Train until a kill: MLflow, other than after an error, hears nothing of the end."""
    with pytest.raises(KilledError):
        train(store, stops=kept.Stops(step, kill), **options)
    for run in server.runs.values():
        run.info.status = "RUNNING"
    run_json = store / "feed" / "run.json"
    run_json.write_text(json.dumps(json.loads(run_json.read_text()) | {"status": "failed"}))


def of_epochs(server: Server, run_id: str = FIRST) -> list[tuple[str, int, float]]:
    return sorted(point for point in server.points(run_id) if not point[0].startswith("final_"))


def steps(server: Server, run_id: str = FIRST) -> list[int]:
    return sorted(step for name, step, _ in server.points(run_id) if name == "epoch")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, float]]:
    """What MLflow has of a training that nobody disturbs."""
    with pytest.MonkeyPatch.context() as patch:
        server = Server()
        patch.setitem(sys.modules, "mlflow", server)
        train(tmp_path_factory.mktemp("undisturbed"))
    return of_epochs(server)


@pytest.mark.parametrize("seconds", [1e9, 0.0])
def test_a_killed_one_goes_on_in_its_run_with_each_point_once(
    server: Server, tmp_path: pathlib.Path, undisturbed: list[tuple[str, int, float]], seconds: float
) -> None:
    """Without a checkpoint, where all is made again, and with one of each step, where the past is told again."""
    killed(tmp_path, server, 25, seconds=seconds)
    assert id_in(tmp_path / "feed") == FIRST
    assert steps(server) == [11, 22]
    server.active.clear()  # another process
    with warnings.catch_warnings():
        warnings.simplefilter("error", MtlWarning)
        train(tmp_path, again=True)
    assert list(server.runs) == [FIRST]
    assert of_epochs(server) == undisturbed
    assert server.runs[FIRST].info.status == "FINISHED"
    assert [name for name, _ in server.runs[FIRST].artifacts] == ["cell.mtl", "cell.mtl", "run"]


def test_what_was_changed_is_logged_beside_what_was_before(server: Server, tmp_path: pathlib.Path) -> None:
    stops = kept.Stops(kept.MIDDLE)
    stopped = train(tmp_path, stops=stops)
    assert stopped.why == "stopped"
    text = CELL.replace("epochs=4", "epochs=3 lr=0.0001")
    train(tmp_path, text=text, again=True)
    (run,) = server.runs.values()
    assert steps(server) == [11, 17, 22, 33]
    assert run.data.params["train.epochs"] == "4", "MLflow takes no other value"
    assert run.data.tags["mtl_magic.changes"].split("\n") == [
        "from step 17: train epochs 4 → 3",
        "from step 17: train lr the default → 0.0001",
    ]
    assert run.data.tags["mtl_magic.ended"] == "epochs"
    assert "epochs=3" in run.artifacts[-2][1]


def test_epochs_that_are_made_again_with_a_change_are_logged_again(server: Server, tmp_path: pathlib.Path) -> None:
    killed(tmp_path, server, 25)
    server.active.clear()
    train(tmp_path, text=CELL.replace("watch: regression", "watch: regression weight 3"), again=True)
    losses = {
        step: [v for name, s, v in server.points(FIRST) if (name, s) == ("loss/watch", step)] for step in (11, 22)
    }
    assert [len(set(found)) for found in losses.values()] == [2, 2]


def test_epochs_that_a_server_has_missed_are_logged(
    server: Server, tmp_path: pathlib.Path, undisturbed: list[tuple[str, int, float]]
) -> None:
    looks = itertools.count(12)

    def cut() -> None:
        server.down = "no route"
        if next(looks) == 25:
            stops.control.stop()

    stops = kept.Stops(12, cut)
    with pytest.warns(UserWarning, match="takes no more of this training: no route"):
        train(tmp_path, stops=stops)
    assert steps(server) == [11]
    server.down = ""
    train(tmp_path, again=True)
    assert list(server.runs) == [FIRST]
    assert of_epochs(server) == undisturbed


@pytest.mark.parametrize("how", ["removed", "deleted", "refused"])
def test_where_it_is_gone_a_new_one_is_told_everything(
    server: Server, tmp_path: pathlib.Path, undisturbed: list[tuple[str, int, float]], how: str
) -> None:
    killed(tmp_path, server, 25, seconds=0.0)
    server.active.clear()
    old, second = server.runs[FIRST], f"{2:032x}"
    said = {"removed": f"Run '{FIRST}' not found", "deleted": "it was deleted there", "refused": "another experiment"}
    if how == "removed":
        server.runs[f"{3:032x}"] = server.runs.pop(FIRST)  # under another name, so that the next has the second
    elif how == "deleted":
        old.info.lifecycle_stage = "deleted"
    else:
        server.refuses = said["refused"]
    with pytest.warns(
        MtlWarning, match=rf"MTL462.*{FIRST} of 'feed' cannot go on \({said[how]}\): {second} is a new"
    ) as w:
        train(tmp_path, again=True)
    assert len([x for x in w if isinstance(x.message, MtlWarning)]) == 1
    assert of_epochs(server, second) == undisturbed
    assert server.runs[second].info.status == "FINISHED"
    assert id_in(tmp_path / "feed") == second
    assert old.info.status == "RUNNING"
    assert not server.active


def test_a_training_that_is_refused_leaves_its_run_alone(server: Server, tmp_path: pathlib.Path) -> None:
    train(tmp_path, stops=kept.Stops(kept.MIDDLE))
    outer = server.start_run(run_name="outer")
    before = json.dumps([server.runs[FIRST].info.__dict__, list(server.points(FIRST))])
    with pytest.raises(MtlError, match="MTL323"):
        train(tmp_path, again=True, data=kept.log(seed=1))
    assert json.dumps([server.runs[FIRST].info.__dict__, list(server.points(FIRST))]) == before
    assert server.active == [outer], "nor is the one that is active here closed"
    train(tmp_path, again=True)
    assert server.runs[FIRST].info.status == "FINISHED"
    assert server.active == [outer]
    assert list(server.points(outer.info.run_id)) == []


def test_a_server_that_does_not_answer_is_an_error_and_the_run_is_as_it_was(
    server: Server, tmp_path: pathlib.Path
) -> None:
    train(tmp_path, stops=kept.Stops(kept.MIDDLE))
    before = (tmp_path / "feed" / "run.json").read_bytes()
    server.down = "no route"
    with pytest.raises(MtlError, match=r"MTL461.*no route"):
        train(tmp_path, again=True)
    assert (tmp_path / "feed" / "run.json").read_bytes() == before
    assert id_in(tmp_path / "feed") == FIRST


def test_without_the_flag_it_is_said_that_nothing_is_logged(server: Server, tmp_path: pathlib.Path) -> None:
    train(tmp_path, stops=kept.Stops(kept.MIDDLE))
    points = of_epochs(server)
    with pytest.warns(MtlWarning, match=rf"MTL462.*'feed' was logged to MLflow, as {FIRST}"):
        train(tmp_path, again=True, wanted=False)
    assert of_epochs(server) == points


def test_one_that_was_not_logged_before_is_logged_whole(
    server: Server, tmp_path: pathlib.Path, undisturbed: list[tuple[str, int, float]]
) -> None:
    train(tmp_path, stops=kept.Stops(25), wanted=False)
    train(tmp_path, again=True)
    assert of_epochs(server) == undisturbed
    assert id_in(tmp_path / "feed") == FIRST


def test_the_command_line_and_the_notebook_go_on_in_one_run(
    server: Server, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data = written(tmp_path, epochs=3)
    words = ["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--quiet", "--mlflow"]
    hears = Tracker.__call__

    def interrupts(self: Tracker, event: Any) -> None:
        hears(self, event)
        if isinstance(event, Evaluated) and event.epoch == until:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "__call__", interrupts)
        until = 1
        assert main(words) == 130
        assert server.runs[FIRST].info.status == "KILLED"
        until = 2
        assert main([*words, "--resume"]) == 130
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "mtl_magic")
    try:
        assert shell.run_cell(f"%mtl resume feed --store {tmp_path / 'runs'} --quiet --mlflow").success
    finally:
        shell.run_line_magic("unload_ext", "mtl_magic")
    assert list(server.runs) == [FIRST]
    assert server.runs[FIRST].info.status == "FINISHED"
    assert {10, 20, 30} <= set(steps(server))
    assert len(steps(server)) == len(set(steps(server)))


@pytest.mark.parametrize("content", ["{", "[]", '{"run_id": 3}', '{"run_id": "../other"}', '{"run_id": ""}', "null"])
def test_an_id_is_one_or_none(tmp_path: pathlib.Path, content: str) -> None:
    assert id_in(tmp_path) == ""
    (tmp_path / FILE).write_text(content)
    assert id_in(tmp_path) == ""
    keep_id(tmp_path, FIRST)
    assert id_in(tmp_path) == FIRST
    keep_id(tmp_path / "missing", FIRST)  # a disk that refuses costs no training
