"""The loop: events, commands, the stop button, early stopping, and losses that are no numbers."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from typing import Any

import numpy as np
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.settings.train import batch_size
from mtl_magic.train.control import Command, Control
from mtl_magic.train.events import Evaluated, Event, Finished, Note, Progress, Started, Steered
from mtl_magic.train.fit import learning_rate, table_optimizer, train, warmed_up, with_constants
from mtl_magic.train.order import Batches, epoch_order
from mtl_magic.train.state import weights_of
from mtl_magic.train.stopping import Stopping, events
from tests import toy


class At:
    """A listener that acts once, at the first event of a kind."""

    def __init__(self, kind: type[Event], act: Any) -> None:
        self.kind, self.act, self.done = kind, act, False

    def __call__(self, event: Event) -> None:
        if isinstance(event, self.kind) and not self.done:
            self.done = True
            self.act()


def test_events_tell_the_whole_run() -> None:
    events: list[Event] = []
    result = train(toy.program(epochs=2), toy.data(), listeners=[events.append])
    assert isinstance(events[0], Started)
    assert events[0].metrics == {"click": "auc", "buy": "auc", "watch": "rmse"}
    evaluated = [e for e in events if isinstance(e, Evaluated)]
    assert [e.epoch for e in evaluated] == [1, 2]
    assert evaluated[-1].metrics["watch"]["rmse"] < toy.data().schema.task("watch").std
    assert isinstance(events[-1], Finished)
    assert events[-1].step == result.step == 2 * 13
    assert any(isinstance(e, Progress) for e in events)
    assert result.metrics == max(evaluated, key=lambda e: e.best * 100 + e.epoch).metrics


def test_a_weight_set_while_training_is_applied_and_told() -> None:
    control, events = Control(), []
    control.set_weight("buy", 2.5)
    result = train(toy.program(epochs=1), toy.data(), control=control, listeners=[events.append])
    steered = [e for e in events if isinstance(e, Steered)]
    assert [(e.step, e.what, e.task, e.value) for e in steered] == [(0, "weight", "buy", 2.5)]
    assert result.weights == {"click": 1.0, "buy": 2.5, "watch": 1.0}


def test_stop_ends_at_a_step_and_leaves_a_model() -> None:
    control = Control()
    result = train(toy.program(epochs=50), toy.data(), control=control, listeners=[At(Progress, control.stop)])
    assert result.why == "stopped"
    assert result.epoch < 50
    assert np.isfinite(result.metrics["click"]["loss"])


def test_pause_holds_until_resume() -> None:
    control = Control()
    control.pause()
    threading.Timer(0.5, control.resume).start()
    events: list[Event] = []
    result = train(toy.program(epochs=1), toy.data(), control=control, listeners=[events.append])
    steered = [e for e in events if isinstance(e, Steered)]
    assert [e.what for e in steered] == ["pause", "resume"]
    assert steered[0].step == steered[1].step == 0
    assert result.why == "epochs"


def test_the_stop_button_ends_at_a_step() -> None:
    press = At(Progress, lambda: os.kill(os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    result = train(toy.program(epochs=50), toy.data(), listeners=[press])
    assert result.why == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before
    assert np.isfinite(result.metrics["click"]["loss"])


def test_commands_are_checked_where_they_are_given() -> None:
    control = Control()
    with pytest.raises(ValueError, match="weight of 'buy'"):
        control.set_weight("buy", -1)
    with pytest.raises(ValueError, match="learning rate"):
        control.set_lr(float("nan"))
    control.set_lr(0.5)
    assert control.take() == [Command("lr", value=0.5)]
    assert control.take() == []


def test_a_loss_that_is_no_number_names_the_task_and_the_likely_cause() -> None:
    with pytest.raises(MtlError) as caught:
        train(toy.program(lr=1e30, optimizer="sgd", epochs=3), toy.data())
    problem = caught.value.problems[0]
    assert problem.code == "MTL301"
    assert "the loss of 'click' is not a finite number" in problem.message
    assert "learning rate" in problem.hint


def test_early_stopping_keeps_the_best_epoch() -> None:
    stopping = Stopping({"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, patience=2)
    losses = [(2.0, 1.0), (1.0, 1.0), (1.2, 1.0), (1.2, 0.8)]
    kept = [
        stopping.update(i + 1, {"a": {"loss": a}, "b": {"loss": b}}, lambda i=i: {"epoch": i + 1})
        for i, (a, b) in enumerate(losses)
    ]  # type: ignore[misc]
    assert [v.best for v in kept] == [True, True, False, True]
    assert not any(v.stop for v in kept)
    assert stopping.best_epoch == 4
    worse = [stopping.update(i, {"a": {"loss": 9.0}, "b": {"loss": 9.0}}, dict) for i in (5, 6)]
    assert [v.stop for v in worse] == [False, True]
    assert "best in epoch 4" in worse[1].reason
    assert stopping.best_weights == {"epoch": 4}


def test_a_task_of_weight_zero_and_a_part_without_labels_have_no_say() -> None:
    stopping = Stopping({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 0.0})
    assert stopping.score({"a": {"loss": 0.5}, "b": {"loss": 9.0}}) == 0.5
    assert stopping.score({"a": {"loss": 0.5}, "b": {"loss": float("nan")}}) == 0.5
    assert np.isnan(stopping.score({"a": {"loss": float("nan")}, "b": {"loss": 1.0}}))


def test_stopping_on_a_metric_of_one_task() -> None:
    result = train(toy.program(epochs=3, early_stop="watch.rmse"), toy.data())
    assert result.best_epoch is not None
    with pytest.raises(MtlError, match="has no metric 'auk'"):
        train(toy.program(early_stop="click.auk"), toy.data())
    with pytest.raises(MtlError, match="names no task"):
        train(toy.program(early_stop="clik.auc"), toy.data())


def test_without_early_stopping_the_last_weights_stay() -> None:
    one = train(toy.program(epochs=1, early_stop=None), toy.data())
    assert one.best_epoch is None
    assert one.epoch == 1


def test_a_short_last_batch_and_several_tables_lose_no_row() -> None:
    prepared = toy.data(rows=1000, valid=100)
    part = prepared.train[0]
    halves = [
        type(part)(part.ids[s], part.floats[s], part.labels[s], None)  # type: ignore[arg-type]
        for s in (slice(0, 300), slice(300, 900))
    ]
    batches = Batches(halves, 256, seed=3)
    seen = list(batches.epoch(0))
    assert [len(b[0]) for b in seen] == [256, 256, 256, 132]
    assert sorted(np.concatenate([b[1] for b in seen])[:, 0].tolist()) == sorted(part.floats[:, 0].tolist())
    again = list(batches.epoch(0, step=2))
    assert all((x == y).all() for x, y in zip(seen[2], again[0], strict=True)) or np.isnan(seen[2][2]).any()
    assert (epoch_order(100, 1, 0) != epoch_order(100, 1, 1)).any()
    assert (epoch_order(100, 1, 0) != epoch_order(100, 2, 0)).any()


def test_dependencies_train() -> None:
    esmm = train(toy.program(given="esmm", epochs=3), toy.data())
    part = toy.data().valid
    made = esmm.net.model({"ids": part.ids, "floats": part.floats})
    both = np.array(made["click"]) * np.array(made["buy_given_click"])
    assert np.allclose(both, np.array(made["buy"]), atol=1e-6)
    assert [o.title for o in esmm.net.outputs] == ["click", "buy", "watch", "buy|click"]

    observed = train(toy.program(given="observed", epochs=1), toy.data())
    assert [o.title for o in observed.net.outputs] == ["click", "buy", "watch"]


def test_batch_size_follows_the_rows() -> None:
    assert [batch_size(None, n) for n in (10, 30_000, 130_000, 10_000_000)] == [64, 256, 1024, 1024]
    assert batch_size(77, 10) == 77


def test_initial_weights_come_from_the_seed() -> None:
    one = train(toy.program(epochs=1, lr=1e-12), toy.data())
    two = train(toy.program(epochs=1, lr=1e-12), toy.data())
    three = train(toy.program(epochs=1, lr=1e-12, seed=5), toy.data())
    names = [n for n in weights_of(one.net.model) if n.endswith(("table", "kernel"))]
    assert all(np.allclose(weights_of(one.net.model)[n], weights_of(two.net.model)[n]) for n in names)
    assert not any(np.allclose(weights_of(one.net.model)[n], weights_of(three.net.model)[n]) for n in names)


def test_a_loss_of_ones_own_is_normalised_by_that_of_the_heads_start() -> None:
    import keras

    prepared = toy.data()
    tasks = list(prepared.schema.tasks)
    own = toy.word("task", "binary", loss=keras.losses.BinaryFocalCrossentropy())
    tasks[0] = dataclasses.replace(tasks[0], kind=own, constant_loss=float("nan"))
    prepared.schema = dataclasses.replace(prepared.schema, tasks=tuple(tasks))
    constant = with_constants(toy.program(), prepared).tasks[0].constant_loss
    labels, rate = prepared.train[0].labels[:, 0], tasks[0].mean
    focal = np.where(labels == 1, (1 - rate) ** 2 * -np.log(rate), rate**2 * -np.log(1 - rate))
    assert constant == pytest.approx(focal.mean(), rel=0.01)
    result = train(toy.program(epochs=2), prepared)
    assert result.metrics["click"]["loss"] < constant


def test_a_head_with_few_events_has_little_say() -> None:
    """Three positives do not outvote a thousand, whatever the head's weight."""
    labels = np.array([1.0] * 3 + [0.0] * 997 + [np.nan] * 5)
    rare, often = events(toy.data().schema.task("click"), labels), events(toy.data().schema.task("watch"), labels)
    assert (rare, often) == (3, 1000)
    stopping = Stopping({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 2.0}, events={"a": often, "b": rare})
    steps = [{"a": {"loss": 0.9}, "b": {"loss": 1.0}}, {"a": {"loss": 0.8}, "b": {"loss": 1.3}}]
    assert [stopping.update(i + 1, m, dict).best for i, m in enumerate(steps)] == [True, True]


def test_a_useless_head_is_no_worse_than_useless() -> None:
    """What a head loses beyond the best constant hardly counts against another's gain."""
    stopping = Stopping({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    steps = [{"a": {"loss": 0.97}, "b": {"loss": 1.5}}, {"a": {"loss": 0.90}, "b": {"loss": 3.5}}]
    assert [stopping.update(i + 1, m, dict).best for i, m in enumerate(steps)] == [True, True]
    same = Stopping({"a": 1.0}, {"a": 1.0})
    assert [same.update(i, {"a": {"loss": loss}}, dict).best for i, loss in enumerate((3.0, 2.0, 1.5))] == [True] * 3


@pytest.mark.parametrize("watch", [None, ("a", "auc", True)])
def test_an_epoch_that_cannot_be_judged_is_no_worse_than_another(watch: Any) -> None:
    stopping = Stopping({"a": 1.0}, {"a": 1.0}, patience=2, watch=watch)
    nothing = {"a": {"loss": float("nan"), "auc": float("nan")}}
    assert not any(stopping.update(i, nothing, dict).stop for i in range(1, 9))


def test_a_validation_part_of_one_class_still_tells_by_its_loss() -> None:
    stopping = Stopping({"a": 1.0}, {"a": 1.0}, events={"a": 0})
    assert [stopping.update(i, {"a": {"loss": v}}, dict).best for i, v in enumerate((0.9, 0.8))] == [True, True]


def test_a_training_that_nothing_could_judge_says_so_and_goes_on() -> None:
    prepared, events_ = toy.data(), []
    part = prepared.valid
    part.labels = np.where(np.isnan(part.labels), np.nan, 0).astype("float32")
    result = train(toy.program(epochs=5, early_stop="click.auc"), prepared, listeners=[events_.append])
    assert (result.why, result.epoch, result.best_epoch) == ("epochs", 5, None)
    assert [e.text for e in events_ if isinstance(e, Note)] == [
        "no epoch could be judged by click.auc: the last one is kept"
    ]


def test_a_metric_to_watch_needs_a_validation_part() -> None:
    prepared = toy.data()
    prepared.valid = None
    with pytest.raises(MtlError, match=r"early_stop=click\.auc needs a validation part") as caught:
        train(toy.program(early_stop="click.auc"), prepared)
    assert "split valid=0.1" in caught.value.problems[0].hint


def rates(**options: Any) -> tuple[list[float], str]:
    """The learning rates of the first steps without warm-up, and the tables' optimizer."""
    settings = toy.program(warmup=0, **({"lr": None} | options)).train
    course, peak = learning_rate(settings)
    lr = warmed_up(course, 0, 1000)
    return [lr(step, peak) for step in (0, 50, 100)], table_optimizer(settings.optimizer)


def test_an_optimizer_of_ones_own_keeps_its_rate_unless_the_cell_says_another() -> None:
    import keras

    optimizers = keras.optimizers
    assert rates() == ([0.001] * 3, "adam")
    assert rates(optimizer="sgd", lr=0.1) == ([0.1] * 3, "sgd")
    found, table = rates(optimizer=optimizers.SGD(0.5, momentum=0.9))
    assert (found, table) == (pytest.approx([0.5] * 3), "sgd")
    assert rates(optimizer=optimizers.AdamW(0.02), lr=0.003) == ([0.003] * 3, "adam")
    assert rates(optimizer=optimizers.Adagrad(0.02))[1] == "adagrad"
    course = optimizers.schedules.CosineDecay(0.01, 100)
    found, _ = rates(optimizer=optimizers.Adam(course))
    assert found == pytest.approx([0.01, 0.005, 0.0], abs=1e-6)
    assert np.isfinite(
        train(toy.program(optimizer=optimizers.Adam(course), lr=None), toy.data()).metrics["click"]["loss"]
    )


@pytest.mark.parametrize("loss", [lambda y: y, lambda y, p: None, lambda y, p: p @ p, lambda y, p: 1 / 0])
def test_a_loss_that_fails_is_named_before_training(loss: Any) -> None:
    prepared = toy.data()
    tasks = list(prepared.schema.tasks)
    tasks[0] = dataclasses.replace(tasks[0], kind=toy.word("task", "binary", loss=loss), constant_loss=float("nan"))
    prepared.schema = dataclasses.replace(prepared.schema, tasks=tuple(tasks))
    with pytest.raises(MtlError, match="the loss of 'click' fails: ") as caught:
        train(toy.program(), prepared)
    assert caught.value.problems[0].code == "MTL304"
    assert "y_true, y_pred" in caught.value.problems[0].hint
