"""What a search shows, of trials whose objectives are a known function of their values."""

from __future__ import annotations

import numpy as np
import pytest
from tune.made import TWO, made

from mtl_magic.problems import MtlError
from mtl_magic.tune.importance import importance


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    return made(tmp_path_factory.mktemp("store"))


def test_importance_finds_what_matters_and_says_how_much_it_explains(search):
    frame = importance(search).set_index("parameter")
    assert frame["click.auc"].sum() == pytest.approx(1)
    assert frame["click.auc"].idxmax() == "lr"
    assert frame["watch.rmse"].idxmax() == "watch.weight"
    assert frame.loc[["share", "share.mmoe.experts", "balance"]].to_numpy().max() < 0.1
    assert min(importance(search).attrs["explained"].values()) > 0.5


def test_importance_says_nothing_of_few_trials(tmp_path):
    assert len(importance(made(tmp_path, trials=9))) == 0


def test_importance_of_noise_explains_nothing(tmp_path, monkeypatch):
    from mtl_magic.tune import importance as module

    noise = np.random.default_rng(1).normal(size=(40, 3))
    _, explained = module._measured(noise, np.random.default_rng(2).normal(size=40))
    assert explained < 0.1


def test_the_front_and_the_best(search):
    points = {
        t.number: (t.objectives["click.auc"], -t.objectives["watch.rmse"]) for t in search.folder.trials() if t.counts
    }
    for number in search.front:
        assert not any(
            a >= points[number][0] and b >= points[number][1] and (a, b) != points[number] for a, b in points.values()
        )
    assert search.best in search.front
    assert 5 not in points


def test_text_table_and_picture(search):
    lines = repr(search).splitlines()
    assert lines[0] == f"Search feed: 40 trials, 1 failed, finished, best trial {search.best}"
    assert len(lines) == 2 + len({0, search.best, *search.front})
    assert search._repr_mimebundle_()["image/png"]
    frame = search.trials
    assert list(frame.columns[:4]) == ["trial", "status", "click.auc", "watch.rmse"]
    assert frame.loc[5, "error"].startswith("the loss of 'click'")
    assert set(frame.loc[frame["share"] == "mlp", "share.mmoe.experts"]) == {""}


def test_one_objective(tmp_path):
    search = made(tmp_path, objectives=TWO[:1])
    frame = search.trials
    assert search.front == [search.best]
    assert search.best == frame.loc[frame["click.auc"].idxmax(), "trial"]
    search.plot()


def test_no_such_trial(search):
    with pytest.raises(MtlError) as caught:
        search.cell(99)
    assert caught.value.problems[0].code == "MTL494"
    assert "0 to 39" in str(caught.value)


def test_what_is_shown_reads_the_trials_once(tmp_path, monkeypatch):
    search, reads = made(tmp_path, 6), []
    trials = search.folder.trials()
    monkeypatch.setattr(type(search.folder), "trials", lambda self: reads.append(self) or trials)
    assert search.rows()[1][1][0] == f"{search.best} best"
    reads.clear()
    search.rows()
    search.headline()
    assert len(reads) == 2


def test_searched_epochs_stand_beside_those_that_a_trial_made(tmp_path):
    from mtl_magic.runs.fitting import parse
    from mtl_magic.tune.folder import Folder, Trial
    from mtl_magic.tune.search import Search

    text = str(parse("share status = choose(mlp, mmoe)\ntask click\ntrain epochs=range(5, 20)\ntune trials=2"))
    folder = Folder.claim(tmp_path, "feed", {"text": text, "objectives": []})
    folder.write(Trial(0, {"epochs": 12, "status": "mlp"}, "", "finished", {"click.auc": 0.7}, epochs=4))
    frame = Search(folder).trials
    assert frame.columns.is_unique
    assert frame.loc[0, ["epochs", "epochs (searched)", "status", "status (searched)"]].tolist() == [
        4, 12, "finished", "mlp",
    ]  # fmt: skip


def test_trials_that_are_equally_good_have_one_rank():
    from mtl_magic.tune.importance import _measured

    column = np.tile([0.0, 1.0], 20)
    table = np.stack([column, np.random.default_rng(0).random(40)], axis=1)
    shares, explained = _measured(table, np.where(column > 0, 0.8, 0.7))
    assert shares[0] > 0.99
    assert explained > 0.99
