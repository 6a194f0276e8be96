"""A disk that is full in the middle of a file, and a kill between two files of a run that was stopped before."""

from __future__ import annotations

import contextlib
import pathlib
import shutil

import pandas as pd
import pytest
from runs import kept
from runs.test_recorder import KilledError, dead, losses

import mtl_magic
from mtl_magic.problems import MtlError, MtlWarning
from mtl_magic.runs.project import index, space
from mtl_magic.runs.project.store import Store

RUN = {"run.json", "cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras"}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A store with a run that was stopped in the middle."""
    place = tmp_path_factory.mktemp("stopped")
    kept.cut(kept.BASE, kept.log(), store=place, name="feed")
    return place


@pytest.fixture(scope="module")
def whole():
    return mtl_magic.fit(kept.BASE, kept.log(), name="feed")


@contextlib.contextmanager
def small_files(size: int):
    """No file may grow past `size` bytes: what has been written of it is there, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def equal(run: mtl_magic.Run, other: mtl_magic.Run) -> bool:
    pd.testing.assert_frame_equal(losses(run.history), losses(other.history), check_exact=True)
    return all((a == b).all() for a, b in zip(kept.weights(run), kept.weights(other), strict=True))


def test_a_disk_that_is_full_within_a_file_spoils_nothing(tmp_path, stopped, whole):
    """Files of the older checkpoint and run, torn in the middle of the new ones, stay as they were."""
    place = shutil.copytree(stopped, tmp_path / "runs") / "feed"
    parts = [*RUN - {"run.json", "history.csv"}, "checkpoint/state.npz", "checkpoint/best-1.npz"]
    before = {name: (place / name).read_bytes() for name in parts}
    smallest = min(len(before[name]) for name in ("model.keras", "checkpoint/state.npz"))
    with (
        small_files(smallest // 2),
        pytest.warns(MtlWarning, match="MTL411.*checkpoints cannot be written.*training goes on"),
        pytest.warns(MtlWarning, match=r"MTL411.*cannot be kept.*run\.save"),
    ):
        run = mtl_magic.fit(kept.BASE, kept.log(), store=place.parent, name="feed", resume=True, checkpoint=0)
    assert equal(run, whole), "in memory it is whole"
    assert {name: (place / name).read_bytes() for name in parts} == before
    assert not list(place.rglob("*.part"))
    assert Store(place.parent).find("feed")["status"] == "failed"
    again = mtl_magic.fit(kept.BASE, kept.log(), store=place.parent, name="feed", resume=True)
    assert equal(again, whole)
    assert equal(mtl_magic.load(place), whole)


@pytest.mark.parametrize("last", ["model.keras", "run.json"])
def test_a_kill_between_two_files_of_a_run_mixes_no_models(tmp_path, stopped, whole, monkeypatch, last):
    """Before `model.keras` is renamed and before `run.json` is: the stopped run is not read with weights of the new one."""
    place = shutil.copytree(stopped, tmp_path / "runs") / "feed"
    rename = pathlib.Path.replace

    def killed(self, target):
        if self.parent.suffix == ".part" and self.name == last:
            raise KilledError
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "replace", killed)
        with pytest.raises(KilledError):
            mtl_magic.fit(kept.BASE, kept.log(), store=place.parent, name="feed", resume=True)
    dead(place)
    assert Store(place.parent).find("feed")["status"] == "died"
    with pytest.raises(MtlError, match=r"MTL418.*\n.*resume feed"):
        mtl_magic.load(place)
    assert equal(mtl_magic.fit(kept.BASE, kept.log(), store=place.parent, name="feed", resume=True), whole)
    assert {p.name for p in place.iterdir()} >= RUN


def test_a_folder_of_a_run_that_never_began_is_a_leftover(tmp_path, monkeypatch):
    store = Store(tmp_path)
    begun = store.claim("feed")
    (begun / index.CELL).write_text("task a")
    (begun / ".run.json.0123abcd.part").write_text("{")
    other = store.claim("notes")
    (other / "mine.txt").write_text("mine")
    assert store.entries() == []
    assert space.taken(store)["leftovers"][0] == 0, "it may be about to begin"
    monkeypatch.setattr(space, "REST", -1.0)
    assert space.free(store, ["leftovers"]) > 0
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".") and p.is_dir()] == ["notes"]


def test_an_empty_checkpoint_is_said_and_stays(tmp_path, stopped):
    """As a machine that goes down may leave it."""
    place = shutil.copytree(stopped, tmp_path / "runs") / "feed" / "checkpoint" / "state.npz"
    place.write_bytes(b"")
    with pytest.raises(MtlError, match=r"MTL322.*state\.npz' cannot be read.*\n.*remove the folder"):
        mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path / "runs", name="feed", resume=True)
    assert place.exists()
    assert mtl_magic.load(tmp_path / "runs" / "feed").why == "stopped"
