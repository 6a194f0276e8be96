"""Each task alone: the cell that it is told, its rows, its budget, and what is said of pairs that are built one way or the other."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
from decide.conftest import TEXT

import mtl_magic
from mtl_magic.decide.baseline import Baseline
from mtl_magic.decide.bootstrap import Interval, Replicates
from mtl_magic.decide.rows import Judged
from mtl_magic.decide.show_baseline import notes
from mtl_magic.decide.single import in_memory, narrowed, rows_alone, share_of_width, text_alone
from mtl_magic.decide.transfer import GAIN, LOSS, heads_of, over_heads, scores_of, shown
from mtl_magic.problems import MtlError
from mtl_magic.runs import fitting
from mtl_magic.tasks.metrics import Auc
from mtl_magic.train import reuse


@pytest.fixture(scope="module")
def found(feed, log, tmp_path_factory):
    told = []
    place = tmp_path_factory.mktemp("baseline")
    with reuse.room_for(3):
        made = mtl_magic.baseline(feed, log, seeds=2, store=place, tell=told.append)
    return made, told, place


def alone(text, task, log):
    program = fitting.compile_program(text)
    rows = fitting.prepare(program, log)
    return str(text_alone(mtl_magic.parse(text), program, rows.schema, task)), rows


def codes(excinfo):
    return [p.code for p in excinfo.value.problems]


def test_the_text_of_a_task_alone(log):
    text = """ignore who
share trunk = mlp(units=[8])
share top = ple(levels=1, shared=2, own=[click=3, watch=1], units=[8]) from trunk
share other = mlp(units=[4])
task click: binary from top weight 2
task watch: regression from top, other given click via observed
balance famo
split valid=0.2 stratify=click
train epochs=2 early_stop=click.auc gradients=5 seed=4"""
    one, rows = alone(text, "watch", log)
    assert one.splitlines() == [
        "ignore click",
        "ignore who",
        "share trunk = mlp(units=[8])",
        "share top = ple(levels=1, shared=2, own=[watch=1], units=[8]) from trunk",
        "share other = mlp(units=[4])",
        "task watch: regression from top, other",
        "split valid=0.2",
        "train epochs=2 seed=4",
    ]
    two, _ = alone(text, "click", log)
    assert "share other" not in two
    assert "early_stop=click.auc" in two
    assert "own=[click=3]" in two
    single = rows_alone(rows, "watch")
    assert single.schema.task("watch").observed == ()
    assert sum(map(len, single.train)) < sum(map(len, rows.train)), "rows in which the parent is 0 teach nothing"
    assert len(single.valid) == len(rows.valid), "rows that judge stay where they are"


def test_a_share_without_a_name_stays_where_tasks_take_it(log):
    text = "ignore who\nshare mmoe(experts=2, units=[8])\ntask click, watch"
    one, _ = alone(text, "watch", log)
    assert one.splitlines() == ["ignore click", "ignore who", "share mmoe(experts=2, units=[8])", "task watch"]


def test_narrower_layers(log):
    text = "ignore who\ntask click: binary(tower=[8])\ntask watch: regression from inputs"
    one, rows = alone(text, "click", log)
    program, single = fitting.compile_program(one), rows_alone(rows, "click")
    half = str(narrowed(mtl_magic.parse(one), program, single.schema, 0.5))
    assert "share mlp(units=[64, 32])" in half
    assert "tower=[4]" in half
    two, _ = alone(text, "watch", log)
    half = str(narrowed(mtl_magic.parse(two), fitting.compile_program(two), rows_alone(rows, "watch").schema, 0.5))
    assert "tower=[64, 32, 16]" in half
    assert share_of_width(100, lambda share: round(400 * share)) == pytest.approx(0.25, abs=0.02)
    assert share_of_width(1000, lambda share: round(400 * share)) == 1


def test_what_it_says(found):
    made, told, _ = found
    assert [len(made.shared), *map(len, made.alone.values())] == [2, 2, 2]
    assert made.rows == 270
    assert [h.task for h in made.heads] == ["click", "watch"]
    head = made.heads[1]
    assert head.metric == "rmse"
    assert head.change.value == pytest.approx(np.mean(head.seeds))
    assert head.change.value == pytest.approx(-100 * (head.shared - head.alone) / head.alone, abs=1e-6)
    assert made.whole.value == pytest.approx(np.mean([h.change.value for h in made.heads]))
    assert made.heads[0].shared == pytest.approx(
        np.mean([r.metrics["test"]["click"]["auc"] for r in made.shared]), abs=1e-3
    )
    assert [c.promise for c in made.claims] == ["better heads", "less training", "less overfitting"]
    assert made.claims[1].verdict == "shown"
    said = repr(made)
    assert said.splitlines()[0] == "feed against each task alone, 2 seeds, on the same 270 test rows"
    assert "Maninis et al. 2019" in said
    assert "<script" not in made._repr_html_()
    assert len(made.frame) == 2
    assert len(told) == 5, "the shared cell once more, and each task twice"


def test_a_second_time_nothing_is_trained(found, feed, log):
    made, _, place = found
    told = []
    again = mtl_magic.baseline(feed, log, seeds=2, store=place, tell=told.append)
    assert all(said.endswith("as trained before") for said in told)
    assert [h.change for h in again.heads] == [h.change for h in made.heads]
    from mtl_magic.runs.project import space
    from mtl_magic.runs.project.store import Store

    assert space.taken(Store(place))["trainings"][0] == 5
    assert Store(place).entries() == [], "they are no runs of a list"
    space.free(Store(place), ["trainings"])
    assert space.taken(Store(place))["trainings"][0] == 0


def test_budget_of_steps(feed, log):
    made = mtl_magic.baseline(feed, log, budget="steps", seeds=1, store="none")
    assert sum(runs[0].step for runs in made.alone.values()) == pytest.approx(feed.step, rel=0.3)
    assert "know of rows and not of initial weights" in repr(made)


def test_budget_of_parameters(feed, log):
    made = mtl_magic.baseline(feed, log, budget="parameters", seeds=1, store="none")
    count = {
        name: sum(int(np.prod(v.shape)) for v in run.model.trainable_variables) for name, (run,) in made.alone.items()
    }
    whole = sum(int(np.prod(v.shape)) for v in feed.model.trainable_variables)
    assert 0.85 * whole < sum(count.values()) <= whole


def test_mistakes(feed, log):
    with pytest.raises(MtlError, match="did you mean 'steps'") as raised:
        mtl_magic.baseline(feed, log, budget="step")
    assert codes(raised) == ["MTL484"]
    with pytest.raises(MtlError, match="not the rows on which 'feed'") as raised:
        mtl_magic.baseline(feed, log.head(500))
    assert codes(raised) == ["MTL483"]
    with pytest.raises(MtlError, match="piece by piece") as raised:
        in_memory(object())
    assert codes(raised) == ["MTL485"]
    one = mtl_magic.fit("task click: binary\nignore who, watch\ntrain epochs=1 batch=512", log, name="one")
    with pytest.raises(MtlError, match="alone already") as raised:
        mtl_magic.baseline(one, log)
    assert codes(raised) == ["MTL486"]


def test_a_promise():
    assert shown(Interval(1, 0.5, 2)) == "shown"
    assert shown(Interval(-1, -2, -0.5)) == "refuted"
    assert shown(Interval(1, -0.5, 2)) == shown(Interval(1)) == "neither"


def test_heads_of_other_units_are_taken_for_dependent():
    rng = np.random.default_rng(0)
    each = [
        Replicates(np.array([v]), rng.normal(size=(1, 400)), None, units, 50) for v, units in ((1.0, 90), (3.0, 40))
    ]
    found = over_heads(each)
    assert found.values == pytest.approx([2.0])
    assert found.error([1])[0] == pytest.approx(np.mean([e.error([1])[0] for e in each]))
    same = [Replicates(e.values, e.drawn, None, 90, 50) for e in each]
    assert over_heads(same).error([1])[0] < 0.8


@pytest.mark.parametrize(("name", "said"), [("helps", GAIN), ("conflicts", LOSS)])
def test_pairs_that_are_built(root, monkeypatch, name, said):
    """One seed; `experiments/sharing.py` has all, and unrelated pairs."""
    monkeypatch.setattr(sys, "path", [str(root / "experiments"), *sys.path])
    import sharing

    verdicts = [h.verdict for h in sharing.verdicts(name, 0).heads]
    assert said in verdicts
    assert {GAIN, LOSS} - {said} - set(verdicts)


def test_seeds(feed, log, tmp_path):
    made = mtl_magic.seeds(feed, 3, log, store=tmp_path)
    assert made.runs[0] is feed
    values = [r.metrics["test"]["watch"]["rmse"] for r in made.runs]
    row = made.frame.set_index(["task", "metric"]).loc["watch", "rmse"]
    assert row["mean"] == pytest.approx(np.mean(values))
    assert row["std"] == pytest.approx(np.std(values, ddof=1))
    assert len(set(values)) == 3
    assert repr(made).splitlines()[0] == "feed with 3 seeds, on its test rows"
    text = TEXT.replace("ignore who", "ignore who, x")
    other = mtl_magic.seeds(mtl_magic.fit(text, log, name="blind"), 3, log, store=tmp_path)
    both = other.compare(made)
    assert both.verdict("watch") == "feed is better"
    assert "They know of rows and of seeds." in repr(both)
    assert len(both.found[0].seeds) == 3
    with pytest.raises(MtlError, match="1 runs against 3") as raised:
        mtl_magic.compare(feed, made)
    assert codes(raised) == ["MTL482"]
    with pytest.raises(MtlError, match="two at least"):
        mtl_magic.seeds(feed, 1, log)


def test_a_column_to_group_by_is_looked_for_before_anything_is_trained(feed, log):
    told = []
    with pytest.raises(MtlError, match="'whom' is no column that was kept beside the test rows") as raised:
        mtl_magic.baseline(feed, log, by="whom", store="none", tell=told.append)
    assert codes(raised) == ["MTL201"]
    assert not told


def test_overfitting_is_measured_on_rows_of_each_table(log, monkeypatch):
    from mtl_magic.decide import baseline

    tables = {"one": log.head(600).drop(columns="watch"), "two": log.tail(300).drop(columns="click")}
    program = fitting.compile_program("ignore who\nsplit test=0.2\ntask click: binary\ntask watch: regression")
    rows = fitting.prepare(program, tables)
    for most in (baseline.SAMPLED, 90):
        monkeypatch.setattr(baseline, "SAMPLED", most)
        found = baseline._sample(rows)
        assert len(found) == min(most, sum(map(len, rows.train)))
        assert np.isfinite(found.labels[:, :2]).sum(axis=0).tolist() == [len(found) * 2 // 3, len(found) // 3]


def test_the_same_predictions_are_no_change_at_all():
    """Whatever the scale; rounding would have an interval of its own, and a verdict."""
    rng = np.random.default_rng(0)
    labels, made = (rng.random(400) < 0.3) * 1.0, rng.random((3, 400))
    judged = [Judged({"a": labels}, {"a": p}, {}, np.arange(400)) for p in (*made, *made)]
    scores = scores_of(Auc(), judged, "a", None, sign=1.0)
    (head,) = heads_of({"a": ("auc", scores)}, 0.95)
    assert (head.change.value, head.change.low, head.change.high, head.verdict) == (0, 0, 0, "no difference")


def test_a_budget_of_steps_that_epochs_cannot_keep_is_said(feed):
    made = Baseline((feed,), {"click": (feed,), "watch": (feed,)}, "steps", "test", 270, (), None, None, ())
    assert f"they took {2 * feed.step:,}, and the run {feed.step:,}." in notes(made)[0]
    assert notes(dataclasses.replace(made, budget="rows"))[0].endswith("as the cell says.")
