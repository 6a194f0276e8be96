"""`%mtl clean trials`: what of searches may go, and what may not."""

from __future__ import annotations

import pytest
from tune.made import made

from mtl_magic.problems import MtlError
from mtl_magic.runs.project import files, space
from mtl_magic.runs.project.owner import me
from mtl_magic.runs.project.store import Store
from mtl_magic.tune.room import KINDS


@pytest.fixture
def search(tmp_path):
    """A finished search of nine trials, each with a folder of a run but the sixth, which failed."""
    found = made(tmp_path, 9)
    for trial in found.folder.trials():
        if trial.run:
            place = found.folder.run_of(trial)
            place.mkdir()
            files.put_json(place / "run.json", {"status": "finished", "why": "epochs", "name": trial.run})
            (place / "model.keras").write_bytes(b"x" * 1000)
    return found


def names(store):
    return [place.name for place in KINDS["trials"].places(store)]


def test_all_but_the_best_goes_and_what_was_found_stays(tmp_path, search):
    store, best, before = Store(tmp_path), search.best, search.trials
    wanted = [f"feed.{k}" for k in range(9) if k not in (best, 5)]
    assert names(store) == wanted
    count, size = space.taken(store, KINDS)["trials"]
    assert count == 7
    assert size > 7000
    assert space.free(store, ["trials"], KINDS) == size
    assert names(store) == []
    assert (search.folder.place / f"feed.{best}" / "model.keras").exists()
    assert search.trials.equals(before)
    assert (search.best, len(search.front) > 0) == (best, True)
    other = (best + 1) % 5
    with pytest.raises(MtlError, match=rf"MTL418.*trial {other} was removed(.|\n)*search\.cell\({other}\)"):
        search.run(other)
    assert "tune" not in search.cell(other)


@pytest.mark.parametrize("status", ["running", "stopped", "interrupted", "failed", "died"])
def test_a_search_that_goes_on_keeps_all(tmp_path, search, status):
    owner = {**me(), "pid": 2**30} if status == "died" else me()
    search.folder.change(status="running" if status == "died" else status, owner=owner)
    assert search.status == status
    assert names(Store(tmp_path)) == []


def test_tagged_runs_stay_and_what_was_put_away_goes(tmp_path, search):
    other = f"feed.{(search.best + 1) % 5}"
    search.folder.store.tag(other, ["paper"])
    away = search.folder.place / ".trash" / "feed.3.1a2b"
    away.mkdir(parents=True)
    assert other not in names(Store(tmp_path))
    assert away.name in names(Store(tmp_path))
    assert space.free(Store(tmp_path), ["trials"], KINDS) > 0
    assert not away.exists()
    assert (search.folder.place / other).exists()


def test_a_damaged_search_is_left_alone(tmp_path, search):
    (search.folder.place / "search.json").write_text("{")
    assert names(Store(tmp_path)) == []
