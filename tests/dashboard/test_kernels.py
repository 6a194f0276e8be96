"""Steering while a cell trains, over the versions of ipykernel that we support: each routes a widget's messages in its own way."""

import importlib.metadata
import json

import pytest
from frontend import ROOT, FrontEnd, overlay

PINNED = {
    path.stem: path.read_text().split("==", 1)[1].split()[0]
    for path in (ROOT / "constraints" / "ipykernel").glob("*.txt")
}
OWN = importlib.metadata.version("ipykernel")  # the newest, once it is none of these
VERSIONS = sorted({*PINNED, *(() if OWN in PINNED.values() else (OWN,))})

SETUP = """
%load_ext mtl_magic
import collections, json
import numpy as np, pandas as pd
from mtl_magic.dashboard import roads
from mtl_magic.train.control import Control
from mtl_magic.train.loop import Loop
draw = np.random.default_rng(0)
a = draw.integers(0, 8, 20_000)
log = pd.DataFrame({"a": a, "click": (a > 3) * 1, "watch": a + draw.normal(size=a.size)})

applied, sent, traced = [], [], []  # weights, a step; (command, steps made by then); tracings of the step
loop_run, control_send = Loop.run, Control.send

def run(loop):
    applied.clear(), sent.clear(), traced.clear()
    step = loop.step.run
    def one(*batch):
        step(*batch)
        applied.append(loop.step.applied.numpy().tolist())
    loop.step.run = one
    try:
        return loop_run(loop)
    finally:
        traced.append(step.experimental_get_tracing_count())
        if loop.step.run is one:  # another method has brought its own
            loop.step.run = step

def send(control, command):
    sent.append((command.what, len(applied)))
    control_send(control, command)

Loop.run, Control.send = run, send

def told(run):
    steps = [c["step"] for c in run.facts.get("steered", ()) if c["what"] == "weight"]
    print(json.dumps({
        "why": run.why, "steered": run.facts.get("steered", []), "sent": sent, "traced": traced,
        "weights": [[applied[s - 1], applied[s]] for s in steps],
    }))
"""
CELL = """%%mtl {name} --data log {flags}
task click: binary(tower=[4]) allow MTL104
task watch: regression(tower=[4])
share mmoe(experts=2, units=[8])
train epochs={epochs} batch=64 early_stop=none
"""
WEIGHTS = {"click": 3.0, "watch": 1.0}


@pytest.fixture(scope="module", params=VERSIONS)
def page(request):
    found = FrontEnd(*([overlay(request.param)] if request.param in PINNED else []))
    try:
        found.run(SETUP)
        version = found.run("import ipykernel; print(ipykernel.__version__)").strip()
        assert version == PINNED.get(request.param, OWN)
        yield found
    finally:
        found.close()


def trains(page):
    """Waits until steps have been made."""
    assert page.until(lambda: page.status.get("step", 0) > 0 or page.errors, 60)
    assert not page.errors, page.errors


@pytest.fixture(scope="module")
def steered(page):
    """What a training tells of itself that a person steered, through a subshell, while its cell ran; and what the page saw."""
    subshell = page.subshell()
    cell, seen = page.begin(CELL.format(name="feed", flags="", epochs=100_000)), {}
    try:
        trains(page)
        for name, act, condition in (
            ("live", lambda: page.press(subshell, do="hello", n=1), lambda: page.road == roads("LIVE")),
            ("weight", lambda: page.set(subshell, weights=WEIGHTS), lambda: page.said("click 3 ")),
            ("lr", lambda: page.set(subshell, lr=0.002), lambda: page.said("learning rate 0.002")),
            ("pause", lambda: page.press(subshell, do="pause"), lambda: page.status["state"] == "paused"),
            ("resume", lambda: page.press(subshell, do="resume"), lambda: page.status["state"] == "training"),
            ("reset", lambda: page.press(subshell, do="reset", task="click"), lambda: page.said("click 1 ")),
            ("checkpoint", lambda: page.press(subshell, do="checkpoint"), lambda: page.said("checkpoint")),
            ("method", lambda: page.set(subshell, method="uncertainty"), lambda: page.said("uncertainty")),
            ("stop", lambda: page.press(subshell, do="stop"), lambda: cell in page.idle),
        ):
            act()
            seen[name] = page.until(condition)
            if not seen[name]:
                break
    finally:
        if cell not in page.idle:
            page.manager.interrupt_kernel()
            page.until(lambda: cell in page.idle, 60)
    return seen, json.loads(page.run("told(feed)"))


def roads(name):
    from mtl_magic.dashboard import roads as found

    return getattr(found, name)


def test_everything_arrives_while_the_cell_trains(steered):
    seen, told = steered
    assert all(seen.values()), seen
    assert told["why"] == "stopped"


def test_a_weight_is_applied_within_a_step(steered):
    """By the step that follows the one that ran when the message was handled, and the Run says which it was."""
    _, told = steered
    (first, second) = (c for c in told["steered"] if c["what"] == "weight")
    assert (first["task"], first["from"], first["to"]) == ("click", 1.0, 3.0)
    assert (second["from"], second["to"]) == (3.0, 1.0)
    assert [[before[0], after[0]] for before, after in told["weights"]] == [[1.0, 3.0], [3.0, 1.0]]
    steps = [step for what, step in told["sent"] if what == "weight"]
    assert all(0 <= c["step"] - sent <= 1 for c, sent in zip((first, second), steps, strict=True))


def test_nothing_is_traced_again(steered):
    assert steered[1]["traced"] == [1]


def test_the_run_remembers_all_that_was_done(steered):
    done = [c["what"] for c in steered[1]["steered"]]
    assert done == ["weight", "lr", "pause", "resume", "weight", "checkpoint", "method", "stop"]
    steps = [c["step"] for c in steered[1]["steered"]]
    assert steps == sorted(steps)
    assert steps[0] > 0


def test_without_a_subshell_the_page_says_that_it_waits(page):
    """A message that names none is behind the cell: found out in a while, not assumed."""
    page.run("roads.PATIENCE = 0.3")
    cell = page.begin(CELL.format(name="late", flags="", epochs=2))
    trains(page)
    page.set(None, weights=WEIGHTS)
    assert page.until(lambda: cell in page.idle, 120)
    assert page.road == roads("LATER")
    assert page.errors == []
    assert page.run("print(late.why, late.facts.get('steered'))") == "epochs None\n"


def test_in_the_background_nothing_needs_a_subshell(page):
    cell = page.begin(CELL.format(name="beside", flags="--background", epochs=100_000))
    assert page.until(lambda: cell in page.idle, 60), "the cell returns at once"
    try:
        trains(page)
        page.set(None, weights=WEIGHTS)
        assert page.until(lambda: page.said("click 3 "))
        assert page.road == roads("LIVE")
    finally:
        page.run("%mtl stop beside")
    told = json.loads(page.run("told(beside)"))
    assert [c["what"] for c in told["steered"]] == ["weight", "stop"]
    assert [[before[0], after[0]] for before, after in told["weights"]] == [[1.0, 3.0]]
