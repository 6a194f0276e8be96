"""Searches in this process: trials that train, fail, stop and go on, and what they leave."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pandas as pd
import pytest

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.runs.project.store import Store
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated
from mtl_magic.tune.events import SearchEnded, TrialBegan, TrialEnded
from mtl_magic.tune.folder import Folder
from mtl_magic.tune.tuner import Clock

TASKS = "task click: binary\ntask watch: regression weight range(0.2, 3.0)\n"
CELL = (
    TASKS
    + "train lr=range(1e-4, 1e-2, log) epochs=2 batch=64 early_stop=none\ntune trials=4 method=random objective=click.auc, watch.rmse"
)


def table(rows: int = 300) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    user, price = draw.integers(0, 9, rows), draw.normal(size=rows)
    click = (draw.random(rows) < 1 / (1 + np.exp(-price - user / 5))).astype(int)
    return pd.DataFrame({"user": user.astype(str), "price": price, "click": click, "watch": price + draw.random(rows)})


def fit(text=CELL, **options):
    return mtl_magic.fit(text, table(), **options)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A finished search: its run, its store, what was heard."""
    store, heard = tmp_path_factory.mktemp("store"), []
    return fit(store=store, name="feed", listeners=[heard.append]), store, heard


def test_trials_are_kept_with_their_runs(found):
    run, store, _ = found
    search = run.search
    frame = search.trials
    assert list(frame["trial"]) == [0, 1, 2, 3]
    assert set(frame["status"]) == {"finished"}
    assert (frame.loc[0, "watch.weight"], frame.loc[0, "lr"]) == (1.0, 0.001)
    assert frame["lr"].nunique() == 4
    for number in frame["trial"]:
        kept = search.run(number)
        assert kept.text == search.cell(number)
        assert kept.metrics["valid"]["click"]["auc"] == pytest.approx(frame.loc[number, "click.auc"])
        facts = json.loads((store / "feed.search" / f"feed.{number}" / "run.json").read_text())
        assert facts["search"] == {"name": "feed", "trial": number}


def test_the_best_is_the_cells_run(found):
    run, store, _ = found
    search = run.search
    assert run.text == search.cell(search.best)
    assert run.folder == store / "feed"
    assert [e["id"] for e in Store(store).entries()] == ["feed"]
    again = mtl_magic.load(store / "feed")
    assert again.search.best == search.best
    assert again.name == "feed"
    gains = {}
    frame = search.trials.set_index("trial")
    for number, row in frame.iterrows():
        base = frame.loc[0]
        gains[number] = (row["click.auc"] / base["click.auc"] - 1) - (row["watch.rmse"] / base["watch.rmse"] - 1)
    assert search.best == max(gains, key=gains.get)
    assert search.best in search.front


def test_a_trial_is_the_training_of_its_cell(found):
    """The graph that an earlier trial left and the rows that all share change nothing."""
    run, _, _ = found
    alone = fit(run.search.cell(2))
    kept = run.search.run(2)
    assert alone.metrics == kept.metrics
    for a, b in zip(alone.model.variables, kept.model.variables, strict=True):
        if "seed" not in a.path:
            np.testing.assert_array_equal(np.array(a), np.array(b))


def test_what_is_heard(found):
    _, _, heard = found
    trials = [type(e).__name__ for e in heard if isinstance(e, (TrialBegan, TrialEnded, SearchEnded))]
    assert trials == ["TrialBegan", "TrialEnded"] * 4 + ["SearchEnded"]
    assert sum(isinstance(e, Evaluated) for e in heard) == 8


def test_what_it_shows(found):
    run, _, _ = found
    text = repr(run.search)
    assert text.startswith("Search feed: 4 trials, finished, best trial ")
    assert "0 default" in text
    bundle = run.search._repr_mimebundle_()
    assert {"text/plain", "text/html", "image/png"} == set(bundle)
    assert len(run.search.importance) == 0, "four trials tell nothing"


def test_a_trial_that_fails_is_shown_with_its_error(tmp_path):
    cell = CELL.replace("lr=range(1e-4, 1e-2, log)", "lr=choose(0.001, 1e30, 0.002)").replace("trials=4", "trials=6")
    run = fit(cell, store=tmp_path, name="feed")
    frame = run.search.trials
    assert set(frame.loc[frame["lr"] == "1e+30", "status"]) == {"failed"}
    failed = frame[frame["status"] == "failed"]
    assert len(failed)
    assert failed["error"].str.contains("not a finite number").all()
    assert set(frame.loc[frame["lr"] != "1e+30", "status"]) == {"finished"}
    with pytest.raises(MtlError) as caught:
        run.search.run(int(failed["trial"].iloc[0]))
    assert caught.value.problems[0].code == "MTL418"


def test_a_trial_whose_options_do_not_fit_is_a_trial_that_fails(tmp_path):
    cell = "task click: binary\ntask watch: regression\nshare mmoe(experts=choose(4, 2), units=[8], active=3)\ntrain epochs=1 batch=64\ntune trials=2"
    run = fit(cell, store=tmp_path, name="feed")
    assert list(run.search.trials["status"]) == ["finished", "failed"]
    assert run.search.trial(1).error["code"] == "MTL045"


def test_a_search_of_which_every_trial_fails_says_why(tmp_path):
    cell = CELL.replace("lr=range(1e-4, 1e-2, log)", "lr=choose(1e30, 1e31)").replace("trials=4", "trials=2")
    with pytest.raises(MtlError) as caught:
        fit(cell, store=tmp_path, name="feed")
    (problem,) = caught.value.problems
    assert problem.code == "MTL492"
    assert "not a finite number" in problem.message
    assert Folder.newest(tmp_path, "feed").facts["status"] == "finished"


class StopIn:
    """Stops the search in a trial, after an epoch."""

    def __init__(self, control: Control, trial: int) -> None:
        self.control, self.trial, self.now = control, trial, -1
        self.numbers: list[int] = []

    def __call__(self, event) -> None:
        if isinstance(event, TrialBegan):
            self.now = event.trial.number
            self.numbers.append(self.now)
        if isinstance(event, Evaluated) and self.now == self.trial:
            self.control.stop()


def test_a_search_that_was_stopped_goes_on_with_the_same_cell(tmp_path, found):
    whole, _, _ = found
    control = Control()
    stop = StopIn(control, 1)
    run = fit(store=tmp_path, name="feed", control=control, listeners=[stop])
    assert stop.numbers == [0, 1]
    assert run.search.status == "stopped"
    assert len(Store(tmp_path).entries()) == 1
    again = StopIn(Control(), -1)
    run = fit(store=tmp_path, name="feed", listeners=[again])
    assert again.numbers == [1, 2, 3], "the trial that was cut short goes on first"
    pd.testing.assert_frame_equal(
        run.search.trials.drop(columns="seconds"), whole.search.trials.drop(columns="seconds"), check_exact=True
    )
    assert [p.name for p in tmp_path.glob("*.search")] == ["feed.search"]
    assert [e["id"] for e in Store(tmp_path).entries()] == ["feed"], "the best takes the place of the best of then"
    assert run.metrics == run.search.run(run.search.best).metrics


def test_resume_adds_trials_to_one_that_has_ended(tmp_path):
    few = CELL.replace("trials=4", "trials=1")
    fit(few, store=tmp_path, name="feed")
    run = fit(few.replace("trials=1", "trials=2"), store=tmp_path, name="feed", resume=True)
    assert len(run.search.trials) == 2
    fit(few, store=tmp_path, name="feed")
    assert {p.name for p in tmp_path.glob("*.search")} == {"feed.search", "feed-2.search"}, (
        "without it a new one begins"
    )
    with pytest.raises(MtlError) as caught:
        fit(few.replace("batch=64", "batch=32"), store=tmp_path, name="feed", resume=True)
    assert caught.value.problems[0].code == "MTL323"
    with pytest.raises(MtlError) as caught:
        fit(few, store=tmp_path, name="other", resume=True)
    assert caught.value.problems[0].code == "MTL416"


def test_time_ends_a_search(tmp_path):
    run = fit(CELL.replace("trials=4", 'trials=500 time="1s"'), store=tmp_path, name="feed")
    assert 1 <= len(run.search.trials) < 100
    assert run.search.status == "finished"
    assert run.search.folder.facts["why"] == "time"
    assert ", finished: its time is over, best trial " in run.search.headline()


def test_time_is_for_all_sittings(tmp_path):
    few = CELL.replace("trials=4", 'trials=1 time="1h"')
    folder = fit(few, store=tmp_path, name="feed").search.folder
    assert folder.facts["seconds"] > 0
    folder.change(seconds=3600.0)
    more = few.replace("trials=1", "trials=2")
    run = fit(more, store=tmp_path, name="feed", resume=True)
    assert (len(run.search.trials), folder.facts["why"]) == (1, "time"), "its hour is over: the best is what it was"
    run = fit(more.replace("1h", "2h"), store=tmp_path, name="feed", resume=True)
    assert (len(run.search.trials), folder.facts["why"]) == (2, "finished")
    assert folder.facts["seconds"] > 3600


def test_the_time_of_a_sitting_that_dies_counts(tmp_path):
    """What the folder knows after each trial is what another process has left."""
    seen = []

    def look(event) -> None:
        if isinstance(event, TrialEnded):
            seen.append(Folder.newest(tmp_path, "feed").facts["seconds"])

    fit(CELL.replace("trials=4", "trials=2"), store=tmp_path, name="feed", listeners=[look])
    assert 0 < seen[0] < seen[1]
    clock = Clock.of(Folder.newest(tmp_path, "feed"), seen[1])
    assert clock.over, "a worker that begins now has no time of its own"


def test_hyperband_goes_on_from_the_checkpoint(tmp_path):
    cell = "task click: binary\ntrain lr=range(1e-4, 1e-2, log) epochs=4 batch=64 early_stop=none\ntune method=hyperband trials=7 objective=click.auc"
    run = fit(cell, store=tmp_path, name="feed")
    later = [t for t in run.search.folder.trials() if t.came_from is not None]
    assert later
    for trial in later:
        past, kept = run.search.run(trial.came_from), run.search.run(trial.number)
        assert list(kept.history["epoch"]) == list(range(1, trial.epochs + 1))
        assert trial.epochs > past.epoch
        pd.testing.assert_frame_equal(
            kept.history.head(past.epoch).drop(columns=["seconds", "best"]),
            past.history.drop(columns=["seconds", "best"]),
            check_exact=True,
        )


def test_features_may_be_searched_and_tasks_cost_no_encoding(tmp_path, monkeypatch):
    from mtl_magic.runs import fitting

    calls = []
    prepare = fitting.prepare
    monkeypatch.setattr(fitting, "prepare", lambda *a, **k: (calls.append(1), prepare(*a, **k))[1])
    cell = "task click: binary(tower=choose(8, 16), dropout=range(0.0, 0.3))\ntask watch: regression\ntrain epochs=1 batch=64\ntune trials=3 method=random"
    fit(cell, store=tmp_path, name="feed")
    assert len(calls) == 1
    run = fit(
        "feature user: category(dim=choose(4, 8))\n" + cell.replace("trials=3", "trials=5"), store=tmp_path, name="feed"
    )
    assert len(calls) == 3, "one a width"
    dims = {n: run.search.run(n).schema.feature("user").encoder.dim for n in range(5)}
    assert dims == {n: int(run.search.trial(n).values["user.dim"]) for n in range(5)}


def test_without_a_store_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = fit(CELL.replace("trials=4", "trials=1"))
    assert run.folder is None
    assert run.search.cell(0) == run.text
    assert list(tmp_path.iterdir()) == []
    place = run.search.folder.place
    assert place.is_dir()
    del run
    import gc

    gc.collect()
    assert not place.exists()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (CELL + "\nsplit valid=0", "MTL490", "there is none"),
        (CELL.replace("click.auc, ", "click.pcoc, ").replace("click: binary", "click: binary(metrics=pcoc)"), "MTL303", "no better or worse"),
        (CELL.replace("click: binary", "click: binary(loss=choose(bce, focal))").replace("click.auc", "click.loss"), "MTL491", "cannot compare trials"),
        (CELL.replace("epochs=2", "epochs=choose(1, 2)").replace("random", "hyperband"), "MTL045", "hyperband gives each trial"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path, text, code, says):
    with pytest.raises(MtlError) as caught:
        fit(text, store=tmp_path, name="feed")
    assert [p.code for p in caught.value.problems] == [code]
    assert says in caught.value.problems[0].message
    assert not list(pathlib.Path(tmp_path).glob("*.search"))


def test_a_run_that_only_has_the_name_of_the_best_is_another(tmp_path):
    """The best was deleted, and a plain cell of its name trained."""
    import shutil

    text = CELL.replace("trials=4", "trials=1").replace("epochs=2", "epochs=1")
    best = fit(text, store=tmp_path, name="feed")
    assert fit(text, store=tmp_path, name="feed", resume=True).folder == best.folder == tmp_path / "feed"
    shutil.rmtree(best.folder)
    plain = fit("task click: binary\ntrain epochs=1 batch=64", store=tmp_path, name="feed")
    assert plain.folder == best.folder
    again = fit(text, store=tmp_path, name="feed", resume=True)
    assert again.folder == tmp_path / "feed-2"
    assert again.text == best.text
    assert mtl_magic.load(tmp_path / "feed").text == plain.text


@pytest.mark.parametrize(("tried", "said"), [(True, "best trial 0"), (False, "more trials= or time= let it go on")])
def test_a_search_that_had_nothing_left_says_how_it_would_go_on(tried, said):
    from types import SimpleNamespace

    from mtl_magic.tune.events import SearchEnded, TrialEnded
    from mtl_magic.tune.folder import Trial
    from mtl_magic.tune.lines import TrialLines

    heard = []
    lines = TrialLines(1, heard.append)
    lines.search = SimpleNamespace(name="feed", best=0, headline=lambda: "1 trial, finished, best trial 0")
    if tried:
        lines(TrialEnded(Trial(0, {}, "", status="finished")))
    lines(SearchEnded("finished"))
    assert heard[-1].endswith(said)
