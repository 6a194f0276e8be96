"""Devices: a training on two is that of one; too few are refused; what a GPU's memory says."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from mtl_magic.problems import MtlError
from mtl_magic.runs.history import History
from mtl_magic.runs.watch import Watch
from mtl_magic.train.devices import strategy_of
from mtl_magic.train.events import Device, Event
from mtl_magic.train.fit import train
from mtl_magic.train.meter import Meter, Reading
from tests import toy
from tests.train.two import printed

# 769 training rows in batches of 256: the last step has one row, so that one replica has none.
TWO_DEVICES = """
from tests import toy
from tests.train import two as pair
import tensorflow as tf
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
from mtl_magic.train import fit
from mtl_magic.train.events import Evaluated
from mtl_magic.train.state import weights_of
from tests.train.test_devices import furthest
steps = []
made = fit._made
def noted(*args):
    steps.append(made(*args))
    return steps[-1]
fit._made = noted
prepared = toy.data(rows=1069, valid=300)
prepared.test = prepared.valid
for block, balance, epochs in (("mlp", "uncertainty", 3), ("mmoe", "equal", 2)):
    heard, runs = {}, {}
    for devices in ("one", "all"):
        events = heard[devices] = []
        program = toy.program(block, balance, devices=devices, epochs=epochs)
        runs[devices] = fit.train(program, prepared, listeners=[events.append])
    one, two = ([e for e in heard[d] if isinstance(e, Evaluated)] for d in ("one", "all"))
    assert len(one) == len(two) == epochs and steps[-1][1].strategy.num_replicas_in_sync == 2
    assert runs["one"].best_epoch == runs["all"].best_epoch and runs["one"].step == runs["all"].step
    print("losses", max(furthest(a.train_losses, b.train_losses) for a, b in zip(one, two)))
    print("validation", max(furthest(a.metrics[t], b.metrics[t]) for a, b in zip(one, two) for t in a.metrics))
    print("test", max(furthest(runs["one"].test[t], runs["all"].test[t]) for t in runs["one"].test))
    weights = [weights_of(runs[d].net.model) for d in ("one", "all")]
    print("weights", max(float(abs(v.astype(float) - weights[1][n]).max()) for n, v in weights[0].items()))
    print("distributed", sum(hasattr(v.value, "values") for v in runs["all"].net.model.variables))
    print("traces more", steps[-1][1].run.experimental_get_tracing_count() - 1)
"""


def furthest(one: dict[str, float], two: dict[str, float]) -> float:
    return max(abs(one[name] - two[name]) for name in one)


def test_a_training_on_two_devices_is_that_of_one() -> None:
    found = printed(TWO_DEVICES)
    assert len(found) == 12
    for losses, validation, test, weights, distributed, traces in (found[:6], found[6:]):
        assert max(losses, validation, test) < 1e-5, found
        assert weights < 1e-4, found
        assert distributed == traces == 0, found


def test_more_devices_than_there_are_is_an_error_at_its_place() -> None:
    import mtl_magic

    text = "feature x: number\ntask y: binary\ntrain devices=64"
    with pytest.raises(MtlError) as caught:
        mtl_magic.fit(text, {"x": list(range(40)), "y": [0, 1] * 20})
    problem = caught.value.problems[0]
    assert (problem.code, problem.line) == ("MTL320", 3)
    assert "devices=64" in problem.message
    assert "devices=all" in problem.hint


def test_one_device_needs_no_strategy() -> None:
    assert strategy_of(toy.program()).num_replicas_in_sync == 1
    assert strategy_of(toy.program(devices="all")).num_replicas_in_sync == 1
    assert strategy_of(toy.program(devices=1)).num_replicas_in_sync == 1


class Cards:
    """A reader of two GPUs, as `Meter`."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> list[Reading]:
        self.reads += 1
        return [Reading("GPU:0", 10**9, 2 * 10**9, 80 * 10**9, 0.43), Reading("GPU:1", 5, 7)]


def test_events_tell_how_full_the_devices_are(monkeypatch: pytest.MonkeyPatch) -> None:
    cards, events, history, watch = Cards(), [], History(), Watch("run")
    monkeypatch.setattr("mtl_magic.train.fit.Meter.of", lambda strategy: cards)
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    said = []

    def listener(event: Event) -> None:
        watch.hear(event)
        if isinstance(event, Device):
            said.append(watch.pace())

    train(toy.program(epochs=1), toy.data(rows=900), listeners=[events.append, history, listener])
    heard = [e for e in events if isinstance(e, Device)]
    assert len(heard) == 2 * cards.reads >= 2
    assert (heard[0].name, heard[0].used, heard[0].peak, heard[0].total, heard[0].busy) == (
        "GPU:0", 10**9, 2 * 10**9, 80 * 10**9, 0.43,
    )  # fmt: skip
    assert (heard[1].name, heard[1].total, heard[1].busy) == ("GPU:1", None, None)
    assert ", GPU:0 1 of 80 GB, 43% busy, GPU:1 " in said[-1]
    assert len(history.frame()) == 1


def test_without_a_gpu_nothing_is_read() -> None:
    assert Meter.of(strategy_of(toy.program())).read() == []


class Driver:
    """The driver's Python package, of a machine with four cards."""

    NVMLError = RuntimeError

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers

    def nvmlInit(self) -> None:
        if not self.answers:
            raise self.NVMLError

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, name: str) -> int:
        return {"GPU-aaaa": 3}[name]

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return types.SimpleNamespace(total=1000 + handle)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        return types.SimpleNamespace(gpu=10 * handle)


def test_the_driver_is_asked_about_the_cards_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow.config.experimental.get_memory_info", lambda name: {"current": 1, "peak": 2})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-aaaa")
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    assert Meter(["GPU:0", "GPU:1"]).read() == [Reading("GPU:0", 1, 2, 1002, 0.2), Reading("GPU:1", 1, 2, 1003, 0.3)]
    monkeypatch.setitem(sys.modules, "pynvml", Driver(answers=False))
    assert Meter(["GPU:0"]).read() == [Reading("GPU:0", 1, 2)]
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Meter(["GPU:0"]).read() == [Reading("GPU:0", 1, 2)]


def test_several_processes_use_the_gpus_that_they_see() -> None:
    joined = strategy_of(toy.program())  # any strategy will do
    assert strategy_of(toy.program(devices="all"), joined) is joined
    with pytest.raises(MtlError) as caught:
        strategy_of(toy.program(devices=2), joined)
    assert caught.value.problems[0].code == "MTL324"
