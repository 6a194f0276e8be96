"""A run's folder: whole or not there, readable by anyone, and never executed."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from runs.handmade import same_predictions, small_run

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs import store


def code_of(caught):
    return [p.code for p in caught.value.problems]


def test_round_trip(run, tmp_path, table):
    run.save(tmp_path / "feed")
    again = mtl_magic.load(tmp_path / "feed")
    assert (again.name, again.text, again.why, again.best_epoch, again.step) == ("feed", run.text, "early_stop", 2, 30)
    assert again.weights == run.weights
    assert again.metrics == run.metrics
    assert again.notes == run.notes
    assert again.facts == run.facts
    assert again.outputs == run.outputs
    pd.testing.assert_frame_equal(again.history, run.history)
    assert again.schema.tasks == run.schema.tasks
    assert again.schema.extras == run.schema.extras
    assert [(f.name, f.key, f.kind, f.ids, f.floats, f.inferred) for f in again.schema.features] == [
        (f.name, f.key, f.kind, f.ids, f.floats, f.inferred) for f in run.schema.features
    ]
    assert repr(again) == repr(run)
    same_predictions(run, again, table)


def test_an_undefined_metric_is_null(tmp_path):
    nan = float("nan")
    run = small_run(metrics={"valid": {"click": {"auc": nan, "logloss": 0.4}}}, weights={"click": nan})
    run.save(tmp_path / "feed")
    written = (tmp_path / "feed" / "run.json").read_text()

    def refuse(word):
        raise AssertionError(word)

    assert json.loads(written, parse_constant=refuse)["metrics"] == {"valid": {"click": {"auc": None, "logloss": 0.4}}}
    older = written.replace('"auc": null', '"auc": NaN')
    assert older != written
    for text in (written, older):
        (tmp_path / "feed" / "run.json").write_text(text)
        again = mtl_magic.load(tmp_path / "feed")
        assert np.isnan(again.metrics["valid"]["click"]["auc"])
        assert np.isnan(again.weights["click"])
        assert again.best_epoch == 2


def test_the_folder_is_of_standard_files(run, tmp_path):
    run.save(tmp_path / "feed")
    names = {p.name for p in (tmp_path / "feed").iterdir()}
    assert names == {"run.json", "cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras"}
    facts = json.loads((tmp_path / "feed" / "run.json").read_text())
    assert facts["format"] == store.FORMAT
    vocabulary = pd.read_parquet(tmp_path / "feed" / "encoders.parquet")["n_1.vocabulary"][0]
    assert list(vocabulary) == ["a", "b"]
    assert [p.name for p in tmp_path.iterdir()] == ["feed"], "nothing is left beside it"


def test_never_over_another(run, tmp_path):
    run.save(tmp_path / "feed")
    with pytest.raises(MtlError, match="overwrite=True") as caught:
        run.save(tmp_path / "feed")
    assert code_of(caught) == ["MTL410"]
    run.save(tmp_path / "feed", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["feed"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_never_over_anything_else(run, tmp_path, kind):
    place = tmp_path / "mine"
    if kind == "file":
        place.write_text("precious")
    else:
        place.mkdir()
        (place / "precious.txt").write_text("precious")
    with pytest.raises(MtlError, match="is not a run") as caught:
        run.save(place, overwrite=True)
    assert code_of(caught) == ["MTL410"]
    assert (place if kind == "file" else place / "precious.txt").read_text() == "precious"


def test_a_failure_leaves_the_old_run(run, tmp_path, monkeypatch):
    run.save(tmp_path / "feed")
    before = (tmp_path / "feed" / "run.json").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write_arrays", full)
    with pytest.raises(MtlError, match="No space left") as caught:
        run.save(tmp_path / "feed", overwrite=True)
    assert code_of(caught) == ["MTL411"]
    assert (tmp_path / "feed" / "run.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["feed"]


def test_no_run_there(tmp_path):
    with pytest.raises(MtlError, match="there is no run at") as caught:
        mtl_magic.load(tmp_path / "nothing")
    assert code_of(caught) == ["MTL412"]
    with pytest.raises(MtlError, match=r"holds no run\.json"):
        mtl_magic.load(tmp_path)


@pytest.mark.parametrize("name", ["cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras"])
def test_a_missing_file_is_named(run, tmp_path, name):
    run.save(tmp_path / "feed")
    (tmp_path / "feed" / name).unlink()
    with pytest.raises(MtlError, match=name) as caught:
        mtl_magic.load(tmp_path / "feed")
    assert code_of(caught) == ["MTL412"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{"),
        ("run.json", b"[]"),
        ("run.json", b'{"format": 1}'),
        ("run.json", b'{"format": "one"}'),
        ("run.json", b"\xff\xfe"),
        ("schema.json", b"{}"),
        ("schema.json", b'{"features": [{}], "tasks": []}'),
        ("encoders.parquet", b"PAR1"),
        ("model.keras", b"not a zip"),
        ("cell.mtl", b"\xff\xfe\xff"),
    ],
)
def test_a_damaged_file_is_named(run, tmp_path, name, content):
    run.save(tmp_path / "feed")
    (tmp_path / "feed" / name).write_bytes(content)
    with pytest.raises(MtlError, match=name) as caught:
        mtl_magic.load(tmp_path / "feed")
    assert code_of(caught) == ["MTL413"]


def test_a_newer_format_says_which_version(run, tmp_path):
    run.save(tmp_path / "feed")
    facts = json.loads((tmp_path / "feed" / "run.json").read_text())
    facts |= {"format": 99, "versions": {"mtl_magic": "7.0"}}
    (tmp_path / "feed" / "run.json").write_text(json.dumps(facts))
    with pytest.raises(MtlError, match=r"format 99.*\n.*7\.0") as caught:
        mtl_magic.load(tmp_path / "feed")
    assert code_of(caught) == ["MTL414"]


def test_code_in_a_model_is_not_executed(run, tmp_path):
    """A Lambda layer carries Python code; loading must refuse it, not run it."""
    run.save(tmp_path / "feed")
    path = tmp_path / "feed" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    import keras

    made = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x * 2)])
    made.save(tmp_path / "evil.keras")
    with zipfile.ZipFile(tmp_path / "evil.keras") as archive:
        files["config.json"] = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(MtlError, match=r"model\.keras") as caught:
        mtl_magic.load(tmp_path / "feed")
    assert code_of(caught) == ["MTL413"]


def test_python_objects_in_options_stay_behind():
    from mtl_magic.runs.plain import from_plain, to_plain
    from mtl_magic.vocabulary import vocabulary

    binary = vocabulary().find("task", "binary")
    auc = vocabulary().find("metric", "auc")()
    plain = to_plain(binary(loss=np.square, metrics=(auc, np.mean), tower=(8, 4)))
    assert json.loads(json.dumps(plain)) == plain
    again = from_plain(plain)
    assert again == binary(metrics=(auc,), tower=(8, 4))
