"""keras-tuner's oracles as they are here: defaults first, conditions, several objectives, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest

from mtl_magic.language import parse
from mtl_magic.tune.objectives import Objective, front, gain
from mtl_magic.tune.oracles import LEAVES, metric_of, oracle_of, scored, space_of, weighed
from mtl_magic.tune.space import Space
from mtl_magic.tune.tuner import opened
from mtl_magic.vocabulary import vocabulary

TEXT = """\
share choose(mlp, mmoe(experts=choose(4, 8)))
task a, b
train lr=range(1e-4, 1e-2, log) epochs=9
tune trials=30"""
ONE = (Objective("a", "auc", True),)
TWO = (Objective("a", "auc", True), Objective("b", "loss", False))


@pytest.fixture(scope="module")
def space():
    return Space(parse(TEXT, vocabulary()), vocabulary())


def made(space, folder, method="random", objectives=ONE, trials=30):
    oracle = oracle_of(method, space.hypers, objectives, trials=trials, epochs=9, seed=0)
    opened(oracle, folder)
    return oracle


@pytest.fixture
def folder(tmp_path):
    from mtl_magic.tune.folder import Folder

    return Folder.claim(tmp_path, "feed", {"text": TEXT})


def play(oracle, trials, worker="tuner0", score=lambda values: values["lr"], fail=()):
    """Trials that end at once; `score` gives one value, or one an objective."""
    for _ in range(trials):
        trial = oracle.create_trial(worker)
        if trial.status == "STOPPED":
            return
        if int(trial.trial_id) in fail:
            trial.status = "FAILED"
        else:
            values = np.atleast_1d(score(trial.hyperparameters.values))
            oracle.update_trial(
                trial.trial_id, {"score": 0.0, **{metric_of(k): float(v) for k, v in enumerate(values)}}
            )
            trial.status = "COMPLETED"
        oracle.end_trial(trial)


@pytest.mark.parametrize("method", ["random", "bayesian", "hyperband"])
def test_trial_0_has_the_defaults(space, folder, method):
    oracle = made(space, folder, method)
    values = {k: v for k, v in oracle.create_trial("t").hyperparameters.values.items() if not k.startswith("tuner/")}
    assert space.there(values) == space.defaults
    assert set(values) == set(space.defaults)


def test_a_conditional_space_is_drawn_only_where_it_is_there(space, folder):
    oracle = made(space, folder)
    play(oracle, 20)
    drawn = [t.hyperparameters.values for t in oracle.trials.values()]
    assert {v["share"] for v in drawn} == {"mlp", "mmoe"}
    assert all(("share.mmoe.experts" in v) == (v["share"] == "mmoe") for v in drawn)


def test_the_space_survives_the_way_to_a_worker(space):
    from keras_tuner.engine.hyperparameters import HyperParameters

    from mtl_magic.tune.chief import quiet_protos

    quiet_protos()
    made_here = space_of(space.hypers)
    there = HyperParameters.from_proto(made_here.to_proto())
    conditions = {h.name: [(c.name, c.values) for c in h.conditions] for h in made_here.space}
    assert {h.name: [(c.name, c.values) for c in h.conditions] for h in there.space} == conditions
    assert conditions["share.mmoe.experts"] == [("share", ["mmoe"])]


def test_any_number_of_trials_may_fail(space, folder):
    oracle = made(space, folder, "bayesian")
    play(oracle, 14, fail=range(1, 12))
    assert [t.status for t in oracle.trials.values()].count("FAILED") == 11
    assert len(oracle.trials) == 14


def test_what_was_under_way_when_the_process_died_is_proposed_again(space, folder):
    oracle = made(space, folder)
    play(oracle, 3)
    lost = oracle.create_trial("tuner0")
    again = made(space, folder)
    assert again.create_trial("tuner0").trial_id == lost.trial_id
    assert again.create_trial("tuner1").trial_id != lost.trial_id


def test_a_death_between_the_two_files_loses_nothing(space, folder):
    oracle = made(space, folder)
    play(oracle, 2)
    before = (folder.oracle / "oracle.json").read_text()
    lost = oracle.create_trial("tuner0")
    (folder.oracle / "oracle.json").write_text(before)  # as if it had died before that was written
    again = made(space, folder)
    assert again.create_trial("tuner0").trial_id == lost.trial_id


def test_a_lost_workers_trial_goes_to_another_and_its_late_end_counts_nothing(space, folder):
    oracle = made(space, folder)
    mine, other = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
    oracle.release("tuner0")
    taken = oracle.create_trial("tuner2")
    assert taken.trial_id == mine.trial_id != other.trial_id
    oracle.release("tuner2")
    mine.status = "COMPLETED"
    oracle.end_trial(mine)
    assert mine.trial_id not in oracle.end_order
    assert oracle.create_trial("tuner3").trial_id == mine.trial_id


def test_a_worker_that_leaves_gives_its_trial_back(space, folder):
    oracle = made(space, folder)
    mine = oracle.create_trial("tuner0")
    assert oracle.create_trial(LEAVES + "tuner0").status == "IDLE", "the others go on"
    assert not oracle.ongoing_trials
    assert not oracle.tuner_ids
    assert oracle.create_trial("tuner1").trial_id == mine.trial_id


def test_nothing_begins_once_it_is_closed(space, folder):
    oracle = made(space, folder)
    oracle.closed = True
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_bayesian_comes_nearer_than_chance_and_says_nothing_twice(space, folder):
    def score(values):
        return -((np.log10(values["lr"]) + 2.5) ** 2) + (values["share"] == "mmoe")

    oracle = made(space, folder, "bayesian")
    play(oracle, 30, score=score)
    found = [t.score for t in oracle.trials.values()]
    assert max(found[10:]) > max(found[:10])
    assert max(found) > 0.99
    hashes = [oracle._compute_values_hash(t.hyperparameters.values) for t in oracle.trials.values()]
    assert len(set(hashes)) == len(hashes)


def test_several_objectives_spread_along_the_front(space, folder):
    """a rises with log lr, b falls with it: every lr is on the front, and the random weights must reach both ends."""

    def score(values):
        at = (np.log10(values["lr"]) + 4) / 2
        return (at**2, -((1 - at) ** 2))

    objectives = (Objective("a", "auc", True), Objective("b", "auc", True))
    oracle = made(space, folder, "bayesian", objectives)
    play(oracle, 30, score=score)
    at = [(np.log10(t.hyperparameters.values["lr"]) + 4) / 2 for t in list(oracle.trials.values())[10:]]
    assert min(at) < 0.15
    assert max(at) > 0.85


def test_hyperband_goes_on_with_the_best(space, folder):
    oracle = made(space, folder, "hyperband", trials=None)
    play(oracle, 100)
    later = [t for t in oracle.trials.values() if t.hyperparameters.values["tuner/initial_epoch"] > 0]
    assert later
    for trial in later:
        values = trial.hyperparameters.values
        past = oracle.trials[values["tuner/trial_id"]].hyperparameters.values
        assert past["tuner/epochs"] == values["tuner/initial_epoch"] < values["tuner/epochs"] <= 9
        assert {k: v for k, v in past.items() if "/" not in k} == {k: v for k, v in values.items() if "/" not in k}


def test_the_score_of_several_is_the_mean_change_against_the_first_trial():
    values = np.array([[0.7, 10.0], [0.77, 9.0], [0.63, 10.0], [np.nan, 1.0]])
    found = scored(TWO, values)
    np.testing.assert_allclose(found[:3], [0.0, 0.1, -0.05], atol=1e-9)
    assert np.isnan(found[3])
    assert scored(ONE, values[:2, :1]) == [0.7, 0.77]
    assert scored(TWO[1:], values[:2, 1:]) == [-10.0, -9.0]


def test_a_dominated_trial_has_the_lower_score_whatever_the_weights():
    values = np.array([[0.7, 10.0], [0.72, 9.0], [0.71, 9.5]])
    for draw in range(50):
        found = weighed(TWO, values, draw)
        assert found[1] > found[2] > found[0]


def test_a_front_and_a_gain():
    assert front({0: (1, 1), 1: (1, 1), 2: (0, 2), 3: (0, 1)}) == [0, 1, 2]
    assert gain(TWO, {"a.auc": 0.7, "b.loss": 0.0}, {"a.auc": 0.7, "b.loss": 0.0}) == 0


def test_scores_are_relative_to_the_first_trial_whichever_ends_first(space, folder):
    oracle = made(space, folder, objectives=TWO)
    first, second = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
    for trial, values in ((second, (0.77, 9.0)), (first, (0.7, 10.0))):
        oracle.update_trial(trial.trial_id, {"score": 0.0, **{metric_of(k): v for k, v in enumerate(values)}})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert [oracle.trials[t.trial_id].score for t in (first, second)] == pytest.approx([0.0, 0.1])


@pytest.mark.parametrize(("before", "after", "ends"), [(40, None, True), (None, 40, False)])
def test_a_round_of_hyperband_is_what_the_cell_says_now(space, folder, before, after, ends):
    """`trials` may change while a search rests; without it one round of brackets is made."""
    play(made(space, folder, "hyperband", trials=before), 5)
    oracle = made(space, folder, "hyperband", trials=after)
    play(oracle, 60)
    whole = made(space, type(folder).claim(folder.place.parent, "other", {"text": TEXT}), "hyperband", trials=None)
    play(whole, 60)
    assert len(whole.trials) < 40
    assert len(oracle.trials) == (len(whole.trials) if ends else 40)


def test_tensorboard_is_not_needed(space, folder):
    import sys

    made(space, folder)
    assert "tensorboard" not in sys.modules
