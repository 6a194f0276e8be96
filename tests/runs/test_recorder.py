"""A training's folder: what it holds while it trains, how it ends, and how another process goes on with it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pandas as pd
import pytest
from runs import kept

import mtl_magic
from mtl_magic.problems import MtlError, MtlWarning
from mtl_magic.runs.project import files, index
from mtl_magic.runs.project.owner import me
from mtl_magic.runs.project.store import Store

ROOT = pathlib.Path(__file__).parents[2]


def code_of(caught):
    return [p.code for p in caught.value.problems]


def losses(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="seconds")


def test_what_was_stopped_goes_on_in_a_fresh_process_as_if_nothing_had_been(tmp_path):
    """In memory and streamed, with dropout, uncertainty, accumulation, early stopping and a schedule: to the bit."""
    straight = {}
    for name, (cell, options) in kept.CELLS.items():
        straight[name] = mtl_magic.fit(cell, kept.log(), name=name, **options)
        stopped = kept.cut(cell, kept.log(), store=tmp_path, name=name, **options)
        assert (stopped.why, stopped.step) == ("stopped", kept.MIDDLE)
        assert (tmp_path / name / "checkpoint" / "state.npz").is_file()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    words = [sys.executable, kept.__file__, str(tmp_path), *kept.CELLS]
    done = subprocess.run(words, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, whole in straight.items():
        again = mtl_magic.load(tmp_path / name)
        assert again.why == whole.why
        assert (again.step, again.best_epoch, again.metrics) == (whole.step, whole.best_epoch, whole.metrics), name
        pd.testing.assert_frame_equal(losses(again.history), losses(whole.history), check_exact=True)
        assert all((a == b).all() for a, b in zip(kept.weights(again), kept.weights(whole), strict=True)), name
        assert not (tmp_path / name / "checkpoint").exists(), "a finished run needs none"
        assert len(list((tmp_path / name / "events").iterdir())) == 2
    assert [e["status"] for e in Store(tmp_path).entries()] == ["finished"] * 2


def test_a_training_has_a_folder_from_its_first_moment(tmp_path):
    seen = {}

    def look():
        place = tmp_path / "feed"
        seen["names"] = {p.name for p in place.iterdir()}
        seen["facts"] = json.loads((place / "run.json").read_text())
        seen["entry"] = Store(tmp_path).find("feed")
        seen["epochs"] = len(pd.read_csv(place / "history.csv")) if (place / "history.csv").exists() else 0
        with pytest.raises(MtlError, match=r"MTL418.*running"):
            mtl_magic.load(place)
        with pytest.raises(MtlError, match="MTL417"):
            Store(tmp_path).delete(["feed"])

    run = kept.cut(kept.BASE, kept.log(), 30, look, store=tmp_path, name="feed", checkpoint=0)
    assert seen["names"] >= {"run.json", "cell.mtl", "environment.json", "history.csv", "events", "checkpoint"}
    assert seen["facts"]["status"] == "running"
    assert seen["facts"]["owner"]["pid"] == os.getpid()
    assert seen["epochs"] >= 2
    assert (seen["entry"]["status"], seen["entry"]["tasks"]) == ("running", ["click", "watch"])
    assert "auc" in seen["entry"]["metrics"]["click"]
    assert run.folder == tmp_path / "feed"
    assert {p.name for p in run.folder.iterdir()} == {
        *("run.json", "cell.mtl", "environment.json", "history.csv", "events"),
        *("schema.json", "encoders.parquet", "model.keras"),
    }
    facts = json.loads((run.folder / "run.json").read_text())
    assert (facts["format"], facts["status"], facts["why"]) == (2, "finished", run.why)
    assert "owner" not in facts
    assert "tensorflow" in json.loads((run.folder / "environment.json").read_text())["packages"]
    assert run.folder == tmp_path / "feed"
    assert "kept in" not in repr(run), "outputs of a cell are the same a second time"
    assert repr(mtl_magic.load(run.folder)) == repr(run)
    with pytest.raises(MtlError, match=r"MTL432.*finished"):
        mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", resume=True)


def test_events_are_tensorboards(tmp_path):
    import tensorflow as tf

    run = mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", epochs=2)
    (file,) = (run.folder / "events").iterdir()
    events = [tf.compat.v1.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(file))]
    assert events[0].file_version == "brain.Event:2"
    found = {(v.tag, e.step): v.simple_value for e in events for v in e.summary.value}
    last = run.history.iloc[-1]
    for tag, column in {
        "epoch_loss/click": "click.loss",
        "valid_auc/click": "click.val_auc",
        "learning_rate": "lr",
    }.items():
        assert found[tag, last["step"]] == pytest.approx(last[column], rel=1e-6)
    assert ("weight/click", last["step"]) in found


def test_a_change_between_is_applied_recorded_and_shown(tmp_path):
    run = kept.cut(kept.BASE, kept.log(), store=tmp_path, name="feed")
    assert repr(run).endswith("kept in " + str(tmp_path / "feed") + "; %mtl resume feed goes on")
    text = kept.BASE.replace("task watch: regression", "task watch: regression weight 0")
    again = mtl_magic.fit(text, kept.log(), store=tmp_path, name="feed", resume=True, lr=1e-4)
    assert again.weights["watch"] == 0
    assert again.history["lr"].iloc[-1] == pytest.approx(1e-4)
    assert again.history["lr"].iloc[0] > 1e-4
    wanted = [
        {"step": kept.MIDDLE, "what": "weight of watch", "from": "", "to": "0"},
        {"step": kept.MIDDLE, "what": "train lr", "from": "", "to": "0.0001"},
    ]
    assert again.facts["changes"] == wanted
    assert mtl_magic.load(tmp_path / "feed").facts["changes"] == wanted
    assert f"from step {kept.MIDDLE}: train lr the default → 0.0001" in repr(again)
    assert again.text.count("weight 0") == 1
    assert [e["id"] for e in Store(tmp_path).entries()] == ["feed"]


def test_another_text_or_other_data_is_refused_and_spoils_nothing(tmp_path):
    kept.cut(kept.BASE, kept.log(), store=tmp_path, name="feed")
    before = {p: p.read_bytes() for p in (tmp_path / "feed").rglob("*") if p.is_file()}
    for text, frame, said in (
        (kept.BASE.replace("[8]", "[9]"), kept.log(), r"mlp\(units=\[9\]"),
        (kept.BASE, kept.log(seed=1), "the training and the validation rows are not those of then"),
    ):
        with pytest.raises(MtlError, match=said) as caught:
            mtl_magic.fit(text, frame, store=tmp_path, name="feed", resume=True)
        assert code_of(caught) == ["MTL323"]
    assert {p: p.read_bytes() for p in (tmp_path / "feed").rglob("*") if p.is_file()} == before
    with pytest.raises(MtlError, match=r"MTL416.*no run 'fed'.*\n.*did you mean 'feed'"):
        mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="fed", resume=True)


class KilledError(BaseException):
    pass


def die():
    raise KilledError


def dead(place: pathlib.Path) -> None:
    """As if the process had been killed there."""
    facts = json.loads((place / "run.json").read_text())
    facts |= {"status": "running", "owner": {**me(), "since": 1.0}}
    files.put_json(place / "run.json", facts)


@pytest.mark.parametrize("checkpoint", [0.0, 30.0])
def test_a_killed_training_goes_on_from_its_checkpoint_or_from_the_start(tmp_path, checkpoint):
    whole = mtl_magic.fit(kept.BASE, kept.log(), name="feed")
    with pytest.raises(KilledError):
        kept.cut(kept.BASE, kept.log(), 20, die, store=tmp_path, name="feed", checkpoint=checkpoint)
    assert (tmp_path / "feed" / "checkpoint").exists() == (not checkpoint)
    assert Store(tmp_path).find("feed")["status"] == "failed"
    dead(tmp_path / "feed")
    assert Store(tmp_path).find("feed")["status"] == "died"
    again = mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", resume=True)
    pd.testing.assert_frame_equal(losses(again.history), losses(whole.history), check_exact=True)
    assert all((a == b).all() for a, b in zip(kept.weights(again), kept.weights(whole), strict=True))


def test_a_training_that_fails_says_what_went_wrong(tmp_path):
    with pytest.raises(MtlError, match="MTL301"):
        mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", lr=1e30, clip=None)
    facts = json.loads((tmp_path / "feed" / "run.json").read_text())
    assert (facts["status"], facts["problem"]["code"]) == ("failed", "MTL301")


# -- what a disk refuses ----------------------------------------------------------------------------------------------


def full(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


def test_a_full_disk_ends_no_training_and_spoils_no_checkpoint(tmp_path, monkeypatch):
    whole = mtl_magic.fit(kept.BASE, kept.log(), name="feed")
    place = tmp_path / "feed" / "checkpoint" / "state.npz"
    written = []

    def fill_up():
        if not written:
            written.append(place.read_bytes())
            monkeypatch.setattr("mtl_magic.train.checkpoint.np.savez", full)
        assert place.read_bytes() == written[0]

    with pytest.warns(MtlWarning, match="checkpoints cannot be written: No space left on device") as caught:
        run = kept.cut(kept.BASE, kept.log(), 15, fill_up, store=tmp_path, name="feed", checkpoint=0)
    assert len([w for w in caught if "checkpoints cannot" in str(w.message)]) == 1, "once"
    assert run.metrics == whole.metrics
    assert any("No space left" in note for note in run.notes)
    assert not list(tmp_path.rglob("*.part"))
    assert mtl_magic.load(tmp_path / "feed").metrics == whole.metrics, "there was room for the run"
    assert written


def test_a_run_that_finds_no_room_is_whole_in_memory_and_can_go_on(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("mtl_magic.runs.store._write_arrays", full)
        with pytest.warns(MtlWarning, match=r"cannot be kept.*run\.save.*No space left"):
            run = kept.cut(kept.BASE, kept.log(), store=tmp_path, name="feed")
    assert (run.why, run.folder) == ("stopped", None)
    run.save(tmp_path / "elsewhere")
    assert not list(tmp_path.rglob("*.part"))
    assert Store(tmp_path).find("feed")["status"] == "failed"
    again = mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", resume=True)
    assert again.why in ("epochs", "early_stop")


def test_a_store_that_cannot_be_written_is_said_and_the_run_is_there(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.warns(MtlWarning, match="MTL411.*the run is not kept in"):
        run = mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path / "file" / "runs", name="feed", epochs=1)
    assert run.folder is None
    assert len(run.predict(kept.log())) == 760
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("how", ["half", "foreign"])
def test_a_checkpoint_that_cannot_be_read_is_said_and_stays(tmp_path, how, monkeypatch):
    with monkeypatch.context() as patch:
        if how == "foreign":
            patch.setattr("mtl_magic.train.checkpoint.FORMAT", 99)
        kept.cut(kept.BASE, kept.log(), store=tmp_path, name="feed")
    place = tmp_path / "feed" / "checkpoint" / "state.npz"
    if how == "half":
        place.write_bytes(place.read_bytes()[:1000])
    before = {p: p.read_bytes() for p in place.parents[1].glob("*.*")} | {place: place.read_bytes()}
    with pytest.raises(MtlError, match="format is 99" if how == "foreign" else "cannot be read") as caught:
        mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", resume=True)
    assert code_of(caught) == ["MTL322"]
    environment = place.parents[1] / "environment.json"
    assert all(p.read_bytes() == content for p, content in before.items() if p != environment)
    assert mtl_magic.load(tmp_path / "feed").why == "stopped", "the model of then can still be used"


def test_an_index_that_is_behind_damaged_or_gone_is_made_of_the_folders(tmp_path):
    mtl_magic.fit(kept.BASE, kept.log(), store=tmp_path, name="feed", epochs=1)
    store = Store(tmp_path)
    good = store.entries()
    for content in (None, "{", '{"format": 1, "runs": []}', '{"format": 99}', "[]"):
        (tmp_path / index.INDEX).unlink()
        if content:
            (tmp_path / index.INDEX).write_text(content)
        assert store.entries() == good
        assert json.loads((tmp_path / index.INDEX).read_text())["runs"] == good


def test_what_was_stopped_stays_whole_while_it_goes_on(tmp_path, monkeypatch):
    """Killed on its way, it is the run that was stopped, and goes on with the later text."""
    from mtl_magic.runs.project import recorder

    stopped = kept.cut(kept.BASE, kept.log(), store=tmp_path, name="feed")
    text = kept.BASE.replace("task watch: regression", "task watch: regression weight 0")
    monkeypatch.setattr(recorder, "EPOCH", 0.0)

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(recorder.Recorder, "ended", killed)
        patch.setattr(recorder.Recorder, "failed", lambda *_: None)
        with pytest.raises(Killed):
            mtl_magic.fit(text, kept.log(), store=tmp_path, name="feed", resume=True)
    place = tmp_path / "feed"
    loaded = mtl_magic.load(place)
    assert loaded.text == stopped.text
    assert len(loaded.history) == len(stopped.history)
    assert "weight 0" in recorder.text_in(place)
    assert len(pd.read_csv(place / "checkpoint" / "history.csv")) > len(stopped.history)
