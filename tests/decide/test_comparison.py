"""Two runs side by side: what is said of heads that differ and of heads that do not."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from decide.conftest import TEXT, table

import mtl_magic
from mtl_magic.decide.comparison import SAME
from mtl_magic.decide.rows import group_of
from mtl_magic.decide.texts import difference
from mtl_magic.problems import MtlError
from mtl_magic.runs import judged


@pytest.fixture(scope="module")
def worse(feed, blind):
    return blind.compare(feed)


def codes(excinfo):
    return [p.code for p in excinfo.value.problems]


def test_a_run_that_does_not_see_a_feature_is_worse(worse):
    assert worse.names == ("blind", "feed")
    assert [v.said for v in worse.verdicts] == ["feed is better"] * 2
    assert [(c.title, c.metric) for c in worse.found] == [
        ("click", "auc"), ("click", "gauc"), ("click", "logloss"), ("watch", "rmse"), ("watch", "mae"),
    ]  # fmt: skip
    auc, _, logloss, rmse, _ = worse.found
    assert auc.difference.value > 0 > logloss.difference.value
    assert logloss.gain.value == -logloss.difference.value
    assert rmse.difference.low <= rmse.difference.value <= rmse.difference.high < 0
    assert worse.rows.described() == "270 test rows"


def test_values_are_those_of_the_run(worse, feed, blind):
    for one in worse.found:
        assert one.a == pytest.approx(blind.metrics["test"][one.title][one.metric], abs=1e-3)
        assert one.b == pytest.approx(feed.metrics["test"][one.title][one.metric], abs=1e-3)


def test_the_same_run_twice_is_no_difference(feed):
    found = mtl_magic.compare(feed, feed)
    assert [v.said for v in found.verdicts] == [SAME] * 2
    assert all(c.difference.value == c.difference.low == c.difference.high == 0 for c in found.found)
    assert found.names == ("feed (a)", "feed (b)")
    assert "the cells are the same" in repr(found)


def test_it_shows_itself_stably(worse, feed, blind):
    said = repr(worse)
    lines = said.splitlines()
    assert lines[0] == "feed against blind, on the same 270 test rows"
    assert lines[1].split() == ["task", "metric", "blind", "feed", "difference", "interval", "verdict"]
    assert re.search(r"click +auc +0\.\d+ +0\.\d+ +\+0\.\d+ +\[\+0\.\d+, \+0\.\d+\] +feed is better", said)
    assert "    - ignore who, x" in lines
    assert "    + ignore who" in lines
    assert "Holm 1979" in said
    shown = worse._repr_mimebundle_()
    assert shown["text/plain"] == said
    assert "<svg" in shown["text/html"]
    assert "<script" not in shown["text/html"]
    assert shown == blind.compare(feed)._repr_mimebundle_()


def test_names_are_text(feed, blind, monkeypatch):
    monkeypatch.setattr(blind, "name", "<img src=x onerror=alert(1)>")
    assert "<img src=x" not in blind.compare(feed)._repr_mimebundle_()["text/html"]


def test_a_table_and_groups(feed, blind):
    other = table(300, seed=9)
    found = mtl_magic.compare(blind, feed, other, by="who")
    assert found.rows.described() == "300 given rows, grouped by who"
    assert "resamples of groups of who" in repr(found)
    with pytest.raises(MtlError, match="no column 'whom'") as raised:
        mtl_magic.compare(blind, feed, other, by="whom")
    assert codes(raised) == ["MTL201"]
    with pytest.raises(MtlError, match="compare\\(a, b, table, by='x'\\)") as raised:
        mtl_magic.compare(blind, feed, by="x")
    assert codes(raised) == ["MTL201"]
    assert mtl_magic.compare(blind, feed, by="who").rows.by == "who"


def test_group_of_the_split():
    class Fake:
        spec = mtl_magic.parse("split group=user_id valid=0.1\ntask a")

    assert group_of(Fake()) == "user_id"
    Fake.spec = mtl_magic.parse("task a")
    assert group_of(Fake()) == ""


def test_other_rows_are_refused(feed, log):
    other = mtl_magic.fit(TEXT.replace("test=0.3", "test=0.3 seed=5"), log, name="other", epochs=1)
    with pytest.raises(MtlError, match="different test rows") as raised:
        feed.compare(other)
    assert codes(raised) == ["MTL481"]
    assert len(feed.compare(other, table(100, seed=3)).verdicts) == 2


def test_no_task_in_common(feed, log):
    other = mtl_magic.fit("task a: multiclass\nignore who, click, watch\ntrain epochs=1 batch=512", log, name="other")
    with pytest.raises(MtlError, match="no task in common") as raised:
        feed.compare(other)
    assert codes(raised) == ["MTL482"]


def test_rows_that_are_not_remembered(feed, blind, monkeypatch):
    monkeypatch.setattr(judged, "_KEPT", type(judged._KEPT)())
    with pytest.raises(MtlError, match="not trained in this process") as raised:
        feed.compare(blind)
    assert codes(raised) == ["MTL480"]


def test_remembered_rows_are_bounded(feed, monkeypatch):
    part = judged.recalled(feed.facts)[1]
    monkeypatch.setattr(judged, "_KEPT", type(judged._KEPT)())
    monkeypatch.setattr(judged, "LARGEST", int(2.5 * judged.size(part)))
    for k in range(4):
        judged.remember({"test": part}, {"test": f"hash {k}"})
    assert list(judged._KEPT) == ["hash 2", "hash 3"]
    monkeypatch.setattr(judged, "LARGEST", 10)
    judged.remember({"test": part}, {"test": "hash 9"})
    assert "hash 9" not in judged._KEPT


def test_heads_that_only_one_has(feed, log):
    alone = mtl_magic.fit(TEXT.replace("task watch: regression\n", "ignore watch\n"), log, name="alone", epochs=1)
    found = feed.compare(alone)
    assert [v.task for v in found.verdicts] == ["click"]
    assert "only in feed: watch" in repr(found)


def test_difference_of_texts_keeps_the_order_of_the_language():
    a = mtl_magic.parse("train epochs=2\ntask b\ntask a\nshare mlp")
    b = mtl_magic.parse("share mlp\ntask b\ntask a\ntrain epochs=3\nbalance famo")
    assert difference(a, b) == [
        (" ", "share mlp"), (" ", "task b"), (" ", "task a"),
        ("-", "train epochs=2"), ("+", "balance famo"), ("+", "train epochs=3"),
    ]  # fmt: skip


def test_frame(worse):
    assert list(worse.frame.columns) == ["task", "metric", "blind", "feed", "difference", "low", "high", "p"]
    assert np.isfinite(worse.frame["p"]).all()


@pytest.fixture(scope="module")
def starred(log):
    """The log with a label that two cells take for different kinds."""
    return log.assign(stars=(log.x.rank(pct=True) * 4).astype(int) + 1)


def test_a_head_of_another_kind_leaves_the_others_compared(starred):
    text = "ignore who, watch\nsplit test=0.3\ntask click: binary\ntask stars: {kind} allow MTL104\ntrain epochs=1 batch=512"
    one, two = (
        mtl_magic.fit(text.replace("{kind}", kind), starred, name=kind) for kind in ("multiclass", "regression")
    )
    found = one.compare(two)
    assert [v.task for v in found.verdicts] == ["click"]
    assert "of another kind in each: stars" in repr(found)


def test_a_table_is_grouped_as_the_cell_says(log):
    text = "ignore watch\nsplit group=who test=0.3\ntask click: binary\ntrain epochs=1 batch=512"
    run = mtl_magic.fit(text, log, name="grouped")
    other = table(300, seed=9)
    assert run.compare(run).rows.by == "who"
    assert run.compare(run, other).rows.by == "who"
    assert mtl_magic.compare(run, run, other, by="a").rows.by == "a"


def test_it_says_on_how_many_resamples(feed, blind):
    from mtl_magic.decide.comparison import compare

    found = compare(blind, feed, resamples=300)
    assert "paired bootstrap, 300 resamples of rows, the same for both" in repr(found)
    one, *others = found.found
    slow = dataclasses.replace(found, found=(dataclasses.replace(one, resamples=200), *others))
    assert "300 resamples of rows (200 for what is computed one by one)" in repr(slow)
