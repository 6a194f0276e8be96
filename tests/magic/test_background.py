"""Trainings in the background: the cell returns, lines steer and await it, and its name becomes the run's."""

import time

import pandas as pd
import pytest

from mtl_magic.magic import background
from mtl_magic.problems import MtlError

CELL = """%%mtl feed --data log --background --store none --quiet
task click: binary allow MTL104
task watch: regression
train epochs={epochs} batch=64 early_stop=none"""


def failed(shell, cell):
    result = shell.run_cell(cell)
    error = result.error_in_exec or result.error_before_exec
    assert isinstance(error, MtlError), error
    return str(error)


@pytest.fixture
def trains(shell, frame):
    """A training that does not end by itself."""
    shell.user_ns["log"] = frame
    assert shell.run_cell(CELL.format(epochs=100_000)).success
    training = shell.user_ns["feed"]
    assert training.status == "trains"
    until = time.monotonic() + 60
    while "step" not in repr(training) and time.monotonic() < until:
        time.sleep(0.05)
    yield training
    if training.status == "trains":
        training.control.stop()
        training.wait()


def test_it_is_steered_stopped_and_becomes_a_run(shell, trains, capsys):
    said = repr(trains)
    assert "epoch" in said
    assert "%mtl stop feed ends it" in said
    assert shell.run_cell("%mtl pause feed").success
    time.sleep(0.7)
    at = repr(trains)
    time.sleep(0.5)
    assert repr(trains) == at
    assert shell.run_cell("%mtl resume feed").success
    assert shell.run_cell("%mtl set click=2.5 lr=0.002 method=uncertainty").success
    assert shell.run_cell("%mtl stop").success
    run = shell.user_ns["feed"]
    assert (type(run).__name__, run.why) == ("Run", "stopped")
    did = {c["what"]: c.get("to") for c in run.facts["steered"]}
    assert (did["weight"], did["lr"], did["method"]) == (2.5, 0.002, "uncertainty")
    assert {"pause", "resume", "stop"} <= set(did)
    assert isinstance(run.predict(shell.user_ns["log"]), pd.DataFrame)


def test_one_trains_at_a_time(shell, trains):
    other = CELL.format(epochs=1).replace("feed", "other")
    assert "MTL420" in failed(shell, other)
    assert "MTL420" in failed(shell, other.replace(" --background", ""))
    assert "other" not in shell.user_ns
    assert shell.run_cell(CELL.format(epochs=1).replace("--background", "--explain")).success


def test_lines_that_cannot_be_carried_out_say_why(shell, trains):
    assert "did you mean 'click'?" in failed(shell, "%mtl set feed clik=2")
    assert "MTL419" in failed(shell, "%mtl set feed click=-1")
    assert "MTL419" in failed(shell, "%mtl set feed click")
    assert "MTL419" in failed(shell, "%mtl set feed")
    assert "did you mean" in failed(shell, "%mtl set feed method=uncertanty")
    assert "MTL421" in failed(shell, "%mtl wait fed")
    assert trains.status == "trains"


def test_waiting_gives_the_run_and_what_a_person_put_there_stays(shell, frame):
    shell.user_ns["log"] = frame
    assert shell.run_cell(CELL.format(epochs=1)).success
    shell.user_ns["feed"], training = "mine", shell.user_ns["feed"]
    run = training.wait(60)
    assert (run.why, training.status) == ("epochs", "finished")
    assert repr(training) == repr(run)
    assert shell.user_ns["feed"] == "mine"
    assert "MTL421" in failed(shell, "%mtl wait")


def test_one_that_fails_says_so_where_somebody_waits(shell, frame, monkeypatch):
    shell.user_ns["log"] = frame

    def fails(*_, **__):
        raise MtlError(background.Problem("MTL301", "the loss of 'click' is not a finite number at step 3"))

    monkeypatch.setattr("mtl_magic.runs.fitting.train", fails)
    assert shell.run_cell(CELL.format(epochs=1)).success
    training = shell.user_ns["feed"]
    with pytest.raises(MtlError, match="MTL301"):
        training.wait(60)
    assert training.status == "failed"
    assert "failed: MtlError MTL301" in repr(training)
    monkeypatch.undo()
    shell.user_ns["log"] = frame
    assert shell.run_cell(CELL.format(epochs=1).replace(" --background", "")).success
    assert shell.user_ns["feed"].why == "epochs"
