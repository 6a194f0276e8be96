"""How tasks' gradients stand to each other: seen whatever the method, without a trace in the training, in bounded memory."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mtl_magic.train.checkpoint import Keeper
from mtl_magic.train.conflicts import Windows, most_of, sums_of, told
from mtl_magic.train.control import Control
from mtl_magic.train.events import Event, Gradients, Note, Progress
from mtl_magic.train.fit import train
from mtl_magic.train.gauge import Gauge
from mtl_magic.train.state import state_of, weights_of
from tests import toy
from tests.train.test_balanced import made, word
from tests.train.test_step import difference


class DeadError(Exception):
    pass


@pytest.fixture(autouse=True)
def _every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    monkeypatch.setattr("mtl_magic.train.checkpoint.SHARE", 1e9)


def trained(balance: str = "equal", hear: Any = None, **options: Any) -> tuple[Any, list[Gradients], list[Event]]:
    """A small training with dropout, and what it said of gradients."""
    control, events = options.pop("control", Control()), []
    keeper = options.pop("keeper", None)
    block = options.pop("block", toy.word("block", "mlp", units=(8,), dropout=0.4))
    listeners = [events.append, *([hear] if hear else [])]
    program = toy.program(block, balance, **({"epochs": 2, "batch": 128, "early_stop": None} | options))
    found = train(program, toy.data(1200, 200), control=control, listeners=listeners, keeper=keeper)
    return found, [e for e in events if isinstance(e, Gradients)], events


def test_looks_leave_a_training_as_it_was_to_the_bit() -> None:
    plain, none, _ = trained()
    looked, seen, _ = trained(gradients=3)
    assert not none
    # Before steps 0, 3, 6, 9, 12 and 15 of 16, and told after each.
    assert [e.step for e in seen] == [1, 4, 7, 10, 13, 16]
    left, right = weights_of(plain.net.model), weights_of(looked.net.model)
    assert all(np.array_equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("slices", [1, 2])
def test_a_look_sees_what_a_method_of_gradients_sees(slices: int) -> None:
    part = toy.data().train[0]
    rows = 64 * slices
    batch = [np.ascontiguousarray(a[:rows]) for a in (part.ids, part.floats, part.labels)]
    alone, other = made(word("mgda")), made(word("equal"), slices=slices)
    alone.run(*[a[:64] for a in batch])
    Gauge(other, 1, slices).look(0, batch)
    assert alone.watched.numpy().any()
    assert np.allclose(alone.watched.numpy(), other.watched.numpy(), rtol=1e-5, atol=1e-9)


def test_a_look_is_due_every_so_many_steps_and_never_where_the_method_looks() -> None:
    step, part = made(word("equal")), toy.data().train[0]
    batch = part.ids[:64], part.floats[:64], part.labels[:64]
    gauge = Gauge(step, 3)
    for steps in range(7):
        gauge.look(steps, batch)
    assert step.watched.numpy()[1, 0, 1] == 3
    before = state_of(step)
    gauge.look(9, batch)
    assert difference(before, state_of(step)) == 0
    own = made(word("mgda"))
    Gauge(own, 1).look(0, batch)
    assert not own.watched.numpy().any()


def test_a_task_without_a_label_is_counted_as_left_out() -> None:
    step, part = made(word("equal")), toy.data().train[0]
    labels = part.labels[:64].copy()
    labels[:, 1] = np.nan
    gauge = Gauge(step, 1)
    gauge.look(0, (part.ids[:64], part.floats[:64], part.labels[:64]))
    gauge.look(1, (part.ids[:64], part.floats[:64], labels))
    event = told(2, 0.0, ("click", "buy", "watch"), step.watched.numpy(), (1.0, 1.0, 1.0))
    assert event.left_out == (0, 1, 0)
    assert event.steps == ((2, 1, 2), (1, 1, 1), (2, 1, 2))
    assert np.allclose(np.diagonal(event.cosines), 1.0, atol=1e-5)


def test_a_method_that_changes_in_mid_run_leaves_no_gap() -> None:
    control = Control()

    def hear(event: Event) -> None:
        if isinstance(event, Progress) and event.step in (5, 10):
            control.set_method("upgrad" if event.step == 5 else "equal")

    _, seen, _ = trained(hear=hear, control=control, gradients=2, epochs=2)
    at = [e.step for e in seen]
    assert at[:3] == [1, 3, 5]
    assert at[3:8] == [6, 7, 8, 9, 10]  # upgrad looks at each step
    assert at[8:] == [11, 13, 15]


def test_what_was_seen_before_a_stop_is_told_again(tmp_path: Any) -> None:
    def dies(event: Event) -> None:
        if isinstance(event, Progress) and event.step >= 11:
            raise DeadError

    _, whole, _ = trained("upgrad")
    with pytest.raises(DeadError):
        trained("upgrad", dies, keeper=Keeper(tmp_path, seconds=0.0))
    _, rest, _ = trained("upgrad", keeper=Keeper(tmp_path, seconds=0.0))
    assert [e.step for e in rest] == [e.step for e in whole] == list(range(1, 17))
    assert np.allclose(rest[-1].overall, whole[-1].overall)


def test_a_cell_that_shares_nothing_says_so() -> None:
    _, seen, events = trained(block="none", gradients=1, epochs=1)
    assert not seen
    assert any(isinstance(e, Note) and "nothing to compare" in e.text for e in events)


# -- windows ---------------------------------------------------------------------------------------------------------


def stream(count: int, tasks: int = 3, seed: int = 0) -> list[Gradients]:
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        cosines = rng.uniform(-1, 1, (tasks, tasks))
        steps = rng.integers(0, 4, (tasks, tasks)).astype(float)
        own = [np.diag(rng.random(tasks) * steps.diagonal()), np.diag(rng.integers(0, 2, tasks))]
        sums = np.stack([cosines * steps, steps, np.floor(steps * rng.random((tasks, tasks))), *own])
        found.append(told(i + 1, i / 4, [f"t{k}" for k in range(tasks)], sums, rng.random(tasks)))
    return found


@pytest.mark.parametrize("tasks", [3, 32])
def test_windows_are_bounded_and_lose_no_step(tasks: int) -> None:
    events, windows = stream(700, tasks), Windows()
    for event in events:
        windows.add(event)
    found = windows.events()
    assert most_of(tasks) / 2 <= len(found) <= most_of(tasks)
    assert np.allclose(windows.total(), np.sum([sums_of(e) for e in events], axis=0))
    assert [e.step for e in found] == sorted({e.step for e in found})
    assert found[-1].step == 700
    with np.errstate(invalid="ignore"):
        share = windows.total()[2] / windows.total()[1]
    assert np.allclose(found[-1].overall, share, equal_nan=True)


def test_windows_of_a_checkpoint_go_on_as_the_others() -> None:
    events, whole, half = stream(300), Windows(), Windows()
    for i, event in enumerate(events):
        if i == 177:
            half = Windows.of(half.memory())
        whole.add(event)
        half.add(event)
    assert [e.step for e in half.events()] == [e.step for e in whole.events()]
    assert np.allclose(half.total(), whole.total())


def test_an_event_is_the_means_of_its_steps() -> None:
    (event,) = stream(1)
    again = told(event.step, event.seconds, event.tasks, sums_of(event), event.weights)
    pairs = dataclasses.asdict(event), dataclasses.asdict(again)
    for name in ("cosines", "norms", "conflict", "steps", "left_out"):
        assert np.allclose(pairs[0][name], pairs[1][name], equal_nan=True), name
