"""A store: names, tags, the trash, an index that several processes write, and what frees room."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

import pandas as pd
import pytest
from runs import many

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs import store as folder
from mtl_magic.runs.project import files, index, owner, space
from mtl_magic.runs.project.store import Store, root_of

ROOT = pathlib.Path(__file__).parents[2]
FILES = {"run.json", "cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras"}


@pytest.fixture
def store(tmp_path):
    """One with three runs of feed."""
    many.write(tmp_path / "runs", 3, "here")
    return Store(tmp_path / "runs")


def ids(store):
    return [e["id"] for e in store.entries()]


def test_two_processes_write_fifty_runs_each(tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    words = [sys.executable, many.__file__, str(tmp_path / "runs"), "50"]
    writers = [subprocess.Popen([*words, who], env=environment) for who in ("one", "two")]
    assert [w.wait(timeout=120) for w in writers] == [0, 0]
    written = json.loads((tmp_path / "runs" / index.INDEX).read_text())["runs"]
    assert {e["id"] for e in written} == {"feed", *(f"feed-{k}" for k in range(2, 101))}, "in the index as it is"
    store, found = Store(tmp_path / "runs"), set()
    for entry in store.entries():
        place = store.place(entry)
        assert {p.name for p in place.iterdir()} == FILES
        facts = folder.facts_in(place)
        found.add((facts["who"], facts["k"]))
        assert entry["status"] == "finished"
        assert len(pd.read_csv(place / "history.csv")) == 1
    assert found == {(who, k) for who in ("one", "two") for k in range(50)}


def test_a_name_means_its_newest_run(store):
    assert ids(store) == ["feed", "feed-2", "feed-3"]
    assert store.find("feed")["id"] == "feed-3"
    assert store.find("feed-2")["id"] == "feed-2"
    assert store.find("feed-1")["id"] == "feed"
    with pytest.raises(MtlError, match=r"MTL416.*'fed'.*\n.*did you mean 'feed'"):
        store.find("fed")
    assert store.names()["feed"] == "the newest run of this name: feed-3"
    store.delete(["feed-3"])
    assert store.claim("feed").name == "feed-4", "a number is not used again while its run lies in the trash"


def test_odd_names_are_folders_all_the_same(tmp_path):
    store = Store(tmp_path)
    assert [store.claim(n).name for n in ("a/b", "_mtl", "点击", "...", "x" * 300)] == [
        "a_b",
        "mtl",
        "点击",
        "run",
        "x" * 100,
    ]


def test_tags(store):
    assert store.tag("feed-2", ["good", "paper"]) == ["good", "paper"]
    assert store.tag("feed-2", ["good"], off=True) == ["paper"]
    assert [e["tags"] for e in store.entries()] == [[], ["paper"], []]


def test_a_deleted_run_can_be_restored_until_the_trash_is_emptied(store):
    (gone,) = store.delete(["feed", "feed-3"])[:1]
    assert gone["id"] == "feed-3"
    assert ids(store) == ["feed", "feed-2"]
    assert store.restore("feed-3").name == "feed-3"
    assert ids(store) == ["feed", "feed-2", "feed-3"]
    with pytest.raises(MtlError, match=r"MTL416.*\nthe trash is empty"):
        store.restore("feed-3")
    with pytest.raises(MtlError, match="no run 'nothing'"):
        store.delete(["feed", "nothing"])
    assert len(ids(store)) == 3, "all or none"


def test_what_takes_room_is_told_and_freed(store, monkeypatch, tmp_path):
    monkeypatch.setattr(space.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    old = time.time() - 2 * space.REST
    for name in ("mtl_magic-0-abc", f"mtl_magic-{os.getpid()}-abc"):
        (tmp_path / "tmp" / name).mkdir(parents=True)
        os.utime(tmp_path / "tmp" / name, (old, old))
    (store.root / "feed-3" / "checkpoint").mkdir()
    (store.root / "feed-3" / "checkpoint" / "state.npz").write_bytes(b"x" * 1000)
    (store.root / ".feed.12345678.part").mkdir()
    os.utime(store.root / ".feed.12345678.part", (old, old))
    many.write(store.root, 1, "here")
    store.delete(["feed-4"])
    died = store.claim("other")
    files.put_json(
        died / "run.json", {"format": 2, "name": "other", "status": "running", "owner": {**owner.me(), "since": 1}}
    )
    store.tag("feed-2", ["keep"])
    taken = space.taken(store)
    assert {word: n for word, (n, _) in taken.items()} == {
        "trash": 1, "dead": 1, "checkpoints": 1, "old": 1, "trainings": 0, "scratch": 1, "leftovers": 1,
    }  # fmt: skip
    assert taken["checkpoints"][1] == 1000
    assert space.free(store, ["checkpoints"]) == 1000
    space.free(store, ["trash", "dead", "old", "scratch", "leftovers"])
    assert ids(store) == ["feed-2", "feed-3"], "the newest, and what has a tag"
    assert sorted(p.name for p in store.root.iterdir()) == [".index.lock", ".trash", "feed-2", "feed-3", "index.json"]
    assert [p.name for p in (tmp_path / "tmp").iterdir()] == [f"mtl_magic-{os.getpid()}-abc"]


def test_a_process_that_is_gone_is_told_from_one_that_lives():
    mine = owner.me()
    assert owner.alive(mine, 0)
    assert not owner.alive({**mine, "since": mine["since"] - 60}, time.time()), "the number belongs to another one now"
    assert not owner.alive({**mine, "pid": 2**22 + 1}, time.time())
    assert owner.alive({**mine, "host": "another"}, time.time())
    assert not owner.alive({**mine, "host": "another"}, time.time() - 2 * owner.SILENT)
    assert not owner.alive(None, time.time())


def test_where_runs_are_kept(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTL_MAGIC_RUNS")
    assert root_of() == tmp_path / "mtl_runs"
    monkeypatch.setenv("MTL_MAGIC_RUNS", "elsewhere")
    assert root_of() == tmp_path / "elsewhere"
    assert root_of("here") == tmp_path / "here"
    assert root_of("none") is None


def test_a_run_of_format_1_is_read(tmp_path, kept):
    """Written by the version that wrote format 1."""
    place = pathlib.Path(__file__).parent / "format_1"
    run = mtl_magic.load(place / "feed")
    table = pd.DataFrame({"user": ["u1", "u8", "new"], "x": [0.5, -1.0, None]})
    pd.testing.assert_frame_equal(
        run.predict(table), pd.read_csv(place / "predictions.csv"), rtol=1e-5, check_dtype=False
    )
    assert (run.why, run.best_epoch, len(run.history)) == ("epochs", 2, 2)
    entry = index.entry_of(place / "feed")
    assert (entry["status"], entry["format"], entry["tasks"]) == ("finished", 1, ["click", "watch"])
    run.save(kept / "old")
    assert mtl_magic.load("old").metrics == run.metrics, "by its name in the store"
    facts = json.loads((kept / "old" / "run.json").read_text())
    assert (facts["format"], facts["status"]) == (2, "finished")
