"""A run on tables that do not fit in memory: trained, evaluated and asked, with nothing left behind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mtl_magic
from mtl_magic.data.streaming import road, room
from mtl_magic.runs.preparing import teller
from mtl_magic.train.events import Preparing

CELL = """\
task click: binary(tower=[8])
task kind: multiclass(tower=[8])
share none
feature user: category
feature x
split valid=0.2 test=0.2
train epochs=2 batch=256 lr=0.01
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(0)
    user, x = rng.integers(0, 30, 6000), rng.standard_normal(6000)
    click = (x + user / 10 - 1.5 + rng.standard_normal(6000) > 0).astype(int)
    kind = np.array(["a", "b", "c"])[np.clip(np.round(x + 1 + rng.standard_normal(6000)), 0, 2).astype(int)]
    folder = tmp_path_factory.mktemp("log")
    table = pa.table({"user": user, "x": x, "click": click, "kind": kind})
    pq.write_table(table, folder / "log.parquet", row_group_size=900)
    return str(folder / "log.parquet")


@pytest.fixture(scope="module")
def run(path):
    return mtl_magic.fit(CELL, path, stream=True)


@pytest.fixture
def little(monkeypatch):
    """Memory that the table does not fit into, and small batches."""
    monkeypatch.setattr(room, "free", lambda: 10_000)
    monkeypatch.setattr(road, "SMALL", 0)
    monkeypatch.setattr("mtl_magic.data.streaming.source.BATCH", 1000)


def test_it_learns_what_it_learns_in_memory(run, path):
    other = mtl_magic.fit(CELL, path, stream=False)
    assert sum(run.facts["rows"].values()) == 6000
    for part in ("valid", "test"):
        assert run.metrics[part]["click"]["auc"] == pytest.approx(other.metrics[part]["click"]["auc"], abs=0.03)
        assert run.metrics[part]["click"]["auc"] > 0.8
    again = mtl_magic.fit(CELL, path, stream=True)
    assert again.facts["data"] == run.facts["data"]
    assert again.metrics == run.metrics, "the same seed gives the same run"


def test_predictions_and_metrics_come_piece_by_piece(run, path, little):
    pieces, metrics = run.predict(path), run.evaluate(path)
    frame = pd.read_parquet(path)
    whole = run.predict(frame)
    pd.testing.assert_frame_equal(pieces, whole, rtol=1e-5, check_exact=False)
    pd.testing.assert_frame_equal(metrics, run.evaluate(frame), rtol=1e-6, check_exact=False)


def test_explain_and_a_saved_run(run, path, little, tmp_path):
    assert mtl_magic.explain(CELL, path).rows["train"] == run.facts["rows"]["train"]
    run.save(tmp_path / "run")
    frame = pd.read_parquet(path).iloc[:50]
    assert mtl_magic.load(tmp_path / "run").predict(frame).equals(run.predict(frame))


def test_files_are_gone_after_a_run_and_after_an_error(path, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    held = []

    def listen(event):
        held.append(list(tmp_path.iterdir()))
        if len(held) > 1:
            raise KeyError("a listener's own mistake")

    with pytest.raises(KeyError):
        mtl_magic.fit(CELL, path, stream=True, listeners=[listen])
    assert held[0], "the rows are on disk while it trains"
    assert not list(tmp_path.iterdir())


def test_preparation_is_told_only_where_it_takes_a_moment():
    now, heard = [0.0], []
    tell = teller([heard.append], clock=lambda: now[0])
    for tenth in range(4):
        now[0] = tenth / 10
        tell("reading", 0, 0, "rows")
    assert not heard
    for tenth in range(5, 15):
        now[0] = tenth / 10
        tell("encoding", tenth, 100, "rows")
    assert [event.what for event in heard] == ["encoding"] * 4, "four times a second"
    assert heard[0] == Preparing("encoding", 5, 100, "rows", 0.5)
