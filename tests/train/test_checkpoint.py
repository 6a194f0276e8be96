"""Checkpoints: a training that dies goes on as if nothing had been; what is damaged or of another training is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.train.checkpoint import FACTS, STATE, Checkpoint, Keeper
from mtl_magic.train.events import Evaluated, Event, Finished, Progress, Started
from mtl_magic.train.fit import train
from mtl_magic.train.state import weights_of
from mtl_magic.train.stopping import Stopping
from tests import toy


class DeadError(Exception):
    pass


class Dies:
    """A listener that raises at a step or later."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.step >= self.step:
            raise DeadError


def program(**options: Any) -> Any:
    block = toy.word("block", "mlp", units=(16, 8), dropout=0.2)
    return toy.program(block, "uncertainty", **({"epochs": 5, "batch": 64, "early_stop": 2} | options))


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is looked at, and every look may write a checkpoint."""
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    monkeypatch.setattr("mtl_magic.train.checkpoint.SHARE", 1e9)


def heard(program: Any, prepared: Any, **options: Any) -> tuple[Any, list[Any]]:
    events: list[Any] = []
    result = train(program, prepared, listeners=[events.append, *options.pop("listeners", ())], **options)
    return result, events


def epochs(events: list[Any]) -> list[Any]:
    return [dataclasses.replace(e, seconds=0.0) for e in events if isinstance(e, Evaluated)]


def steps(events: list[Any]) -> dict[int, str]:
    """What was said of each step."""
    return {e.step: repr((e.epoch, e.losses, e.weights)) for e in events if isinstance(e, Progress)}


def test_a_training_that_dies_twice_ends_like_one_that_did_not(every_step: None, tmp_path: Any) -> None:
    prepared = toy.data(rows=1200, valid=300)
    whole, undisturbed = heard(program(), prepared)
    for step in (20, 47):  # 15 steps an epoch
        with pytest.raises(DeadError):
            heard(program(), prepared, keeper=Keeper(tmp_path, seconds=0), listeners=[Dies(step)])
    result, events = heard(program(), prepared, keeper=Keeper(tmp_path, seconds=0))
    assert next(e.step for e in events if isinstance(e, Started)) in (46, 47)
    assert epochs(events) == epochs(undisturbed)
    assert steps(events).items() <= steps(undisturbed).items()
    assert len(steps(events)) > 20
    assert (result.why, result.step, result.best_epoch) == (whole.why, whole.step, whole.best_epoch)
    assert result.metrics == whole.metrics
    one, two = weights_of(whole.net.model), weights_of(result.net.model)
    assert all((one[name] == two[name]).all() for name in one)
    last = events[-1]
    assert isinstance(last, Finished)


def test_early_stopping_remembers_how_long_it_has_waited() -> None:
    def stopping() -> Stopping:
        return Stopping({"a": 1.0}, {"a": 1.0}, patience=2)

    one, two = stopping(), stopping()
    one.update(1, {"a": {"loss": 0.5}}, lambda: {"w": np.ones(1)})
    one.update(2, {"a": {"loss": 0.6}}, dict)
    two.remember(json.loads(json.dumps(one.memory())), one.best_weights)
    assert two.memory() == one.memory()
    assert two.best_weights is one.best_weights
    assert two.update(3, {"a": {"loss": 0.6}}, dict).stop
    assert json.loads(json.dumps(stopping().memory()))["best_score"] == float("inf")


def test_a_training_that_had_ended_does_not_train_again(every_step: None, tmp_path: Any) -> None:
    prepared = toy.data(rows=600, valid=200)
    first, _ = heard(program(epochs=2), prepared, keeper=Keeper(tmp_path, seconds=0))
    again, events = heard(program(epochs=2), prepared, keeper=Keeper(tmp_path, seconds=0))
    assert (again.step, again.metrics) == (first.step, first.metrics)
    assert not any(isinstance(e, Progress) for e in events)


def test_it_holds_plain_arrays_and_the_best_epoch_alone(every_step: None, tmp_path: Any) -> None:
    heard(program(epochs=3), toy.data(rows=600, valid=200), keeper=Keeper(tmp_path, seconds=0))
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names[-1] == STATE
    assert len(names) == 2
    with np.load(tmp_path / STATE, allow_pickle=False) as arrays:
        assert FACTS in arrays
        assert all(arrays[name].dtype.kind in "fiuU" for name in arrays)
    assert Keeper(tmp_path).read().best is not None


def test_writing_takes_a_tenth_of_the_time_at_most(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.0, 2.0, 21.9, 22.1, 31.0, 33.0])
    monkeypatch.setattr("mtl_magic.train.checkpoint.time.perf_counter", lambda: next(now))
    keeper = Keeper(tmp_path, seconds=30)
    keeper.write(Checkpoint({"a": np.zeros(1)}, {}))  # takes 2 s
    assert not keeper.due(epoch=True)
    assert keeper.due(epoch=True)
    assert not keeper.due()
    assert keeper.due()


def test_what_cannot_be_read_or_does_not_fit_is_refused(tmp_path: Any) -> None:
    prepared = toy.data(rows=600, valid=200)
    heard(program(epochs=1), prepared, keeper=Keeper(tmp_path, seconds=0))
    others = {
        "other data": (program(epochs=1), toy.data(rows=500, valid=200)),
        "another batch": (program(epochs=1, batch=32), prepared),
        "another text": (dataclasses.replace(program(epochs=1), canonical="task other"), prepared),
        "lacks": (program(epochs=1, tables="adagrad"), prepared),
    }
    for said, (other, data) in others.items():
        with pytest.raises(MtlError, match=said) as caught:
            heard(other, data, keeper=Keeper(tmp_path))
        assert caught.value.problems[0].code == "MTL323"
    place = tmp_path / STATE
    place.write_bytes(place.read_bytes()[:500])
    with pytest.raises(MtlError) as caught:
        heard(program(epochs=1), prepared, keeper=Keeper(tmp_path))
    assert caught.value.problems[0].code == "MTL322"
