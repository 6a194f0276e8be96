"""Two workers on loopback give the losses and the tables of one process that has the whole batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mtl_magic.cli.workers import free_ports, tf_config
from mtl_magic.train.events import Evaluated
from mtl_magic.train.fit import train
from mtl_magic.train.team import Alone
from tests import toy

WORKER = """
import hashlib, json
from mtl_magic.train.team import join
team = join()
import numpy as np
from mtl_magic.problems import MtlError
from mtl_magic.train import fit
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Steered
from tests import toy
from tests.train.test_team import BLOCKS, cell, prepared

made = fit._made
def noted(*args):
    global step
    net, step, evaluator = made(*args)
    return net, step, evaluator
fit._made = noted

def hear(event):
    if isinstance(event, Evaluated):
        found = hashlib.sha256()
        for table in step.tables:
            for variable in (table.layer.table, *table.slots.values()):
                found.update(np.array(variable).tobytes())
        losses = [event.train_losses, {task: scores["loss"] for task, scores in event.metrics.items()}]
        print(json.dumps([event.step, losses, found.hexdigest(), event.weights]), flush=True)

data = prepared()
for block in BLOCKS:
    fit.train(cell(block), data, listeners=[hear], team=team)

control = Control()
if team.chief:  # what a person says to the chief, all do
    control.set_weight("buy", 0.5)
    control.set_lr(1e-4)
def stop(event):
    if team.chief and isinstance(event, Evaluated):
        control.stop()
found = fit.train(cell("mmoe", epochs=500), data, listeners=[hear, stop], team=team, control=control)
print(json.dumps(found.why), flush=True)

arrays = {"a": np.arange(5, dtype="int64") - 2**40, "b": np.full((2, 3), 0.1, "float32"), "c": np.array([2**31], "uint32")}
got = team.spread(arrays if team.chief else None)
print(json.dumps(all((got[n] == a).all() and got[n].dtype == a.dtype and got[n].shape == a.shape for n, a in arrays.items())))
team.same("blake2b:" + "a" * 32)
try:
    team.same(f"blake2b:{team.index:032x}")
except MtlError as error:
    print(json.dumps(error.problems[0].code + error.problems[0].message))
team.meet()
"""
BLOCKS = {"mlp": "uncertainty", "mmoe": "equal"}


def cell(block: str, **options: Any) -> Any:
    return toy.program(block, BLOCKS[block], **({"epochs": 2, "early_stop": None} | options))


def prepared() -> Any:
    return toy.data(rows=1069, valid=300)  # 769 to train on: the last batch has one row, one worker none of it


@pytest.fixture(scope="module")
def said() -> list[list[Any]]:
    """What each of two workers printed, line by line."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    started = []
    for index in range(2):
        environment = {
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_CONFIG": tf_config(addresses, index),
            "TF_NUM_INTRAOP_THREADS": "1",
        }
        command = [sys.executable, "-c", WORKER]
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    try:
        ended = [process.communicate(timeout=200) for process in started]
    finally:
        for process in started:
            process.kill()
    assert [p.returncode for p in started] == [0, 0], [err[-2000:] for _, err in ended]
    return [[json.loads(line) for line in out.splitlines()] for out, _ in ended]


def test_losses_of_every_epoch_are_those_of_one_process(said: list[list[Any]]) -> None:
    events: list[Any] = []
    for block in BLOCKS:
        train(cell(block), prepared(), listeners=[events.append])
    one = [e for e in events if isinstance(e, Evaluated)]
    assert len(one) == 4
    for event, (step, (training, validation), _, _) in zip(one, said[0][:4], strict=True):
        assert step == event.step
        assert training == pytest.approx(event.train_losses, abs=1e-5)
        assert validation == pytest.approx({t: m["loss"] for t, m in event.metrics.items()}, abs=1e-5)


def test_tables_and_losses_are_equal_on_both_to_the_bit(said: list[list[Any]]) -> None:
    chief, other = said
    epochs = [line for line in chief if isinstance(line, list)]
    for (step, (training, _), *rest), (step_2, (training_2, validation_2), *rest_2) in zip(
        epochs, [line for line in other if isinstance(line, list)], strict=True
    ):
        assert (step, training, rest) == (step_2, training_2, rest_2)
        assert validation_2 == {}  # the chief alone evaluates
    assert len({tables for *_, tables, _ in epochs}) == len(epochs) > 4


def test_what_the_chief_is_told_all_do(said: list[list[Any]]) -> None:
    for lines in said:
        first, second = lines[2], lines[4]  # the same cell, before and after
        assert second[3] == {"click": 1.0, "buy": 0.5, "watch": 1.0}
        assert second[1][0]["watch"] > first[1][0]["watch"]  # at a tenth of the rate
        assert lines[-3] == "stopped"


def test_arrays_reach_all_workers_exactly(said: list[list[Any]]) -> None:
    assert said[0][-2] is said[1][-2] is True


def test_other_rows_on_a_worker_are_noticed_by_all(said: list[list[Any]]) -> None:
    assert said[0][-1] == said[1][-1] == "MTL321worker 1 has other training rows than worker 0"


def test_alone_nothing_is_asked() -> None:
    arrays = {"a": np.ones(2)}
    assert Alone().spread(arrays) == arrays
    assert Alone().spread(None) is None
    assert Alone().meets(17)
