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


@pytest.fixture(scope="module")
def beside(page):
    """What a training tells of itself that the panel beside the notebook steered, which is opened while its cell runs."""
    cell, seen = page.begin(CELL.format(name="beside", flags="--quiet", epochs=100_000)), {}
    page.fed.clear()

    def status():
        return next((told["status"] for told in reversed(page.fed) if told.get("status")), {})

    def said(words):
        return any(words in sentence for sentence in status().get("said", ()))

    try:
        shells = {target: page.subshell() for target in ("mtl_magic.feed", "mtl_magic.control")}
        comms = {target: page.open(target, shell, page="p") for target, shell in shells.items()}

        def tell(**data):
            page.tell(comms["mtl_magic.control"], shells["mtl_magic.control"], **data)

        def hello():
            """Until there is an answer: the training may begin after it is asked for."""
            for _ in range(60):
                if any(told["do"] == "snapshot" and told["training"] for told in page.fed):
                    return True
                tell(do="hello", view="v")
                page.until(lambda: False, 0.5)
            return False

        for name, act, condition in (
            ("snapshot", lambda: None, hello),
            ("trains", lambda: None, lambda: status().get("step", 0) > 0),
            ("live", lambda: tell(do="hello", n=1), lambda: status()["road"] == roads("LIVE")),
            ("weight", lambda: tell(do="set", n=1, values={"weights": {"click": 3.0}}), lambda: said("click 3 ")),
            ("pause", lambda: tell(do="pause"), lambda: status()["state"] == "paused"),
            ("resume", lambda: tell(do="resume"), lambda: status()["state"] == "training"),
            ("back", lambda: tell(do="set", n=2, values={"weights": {"click": 1.0}}), lambda: said("click 1 ")),
            ("stop", lambda: tell(do="stop"), lambda: cell in page.idle),
        ):
            act()
            seen[name] = page.until(condition, 60 if name == "trains" else 20)
            if not seen[name]:
                break
    finally:
        if cell not in page.idle:
            page.manager.interrupt_kernel()
            page.until(lambda: cell in page.idle, 60)
    return seen, json.loads(page.run("told(beside)"))


def test_the_panel_is_heard_while_the_cell_trains(beside):
    seen, told = beside
    assert all(seen.values()), seen
    assert told["why"] == "stopped"
    assert [c["what"] for c in told["steered"]] == ["weight", "pause", "resume", "weight", "stop"]


def test_its_sliders_and_buttons_act_within_a_step(beside):
    _, told = beside
    assert [[before[0], after[0]] for before, after in told["weights"]] == [[1.0, 3.0], [3.0, 1.0]]
    assert told["sent"]
    for (what, step), done in zip(told["sent"], told["steered"], strict=True):
        assert what == done["what"]
        assert 0 <= done["step"] - step <= 1, what


def test_without_a_subshell_the_page_says_that_it_waits(page):
    """A message that names none is behind the cell: found out in a while, not assumed."""
    page.run("roads.PATIENCE = 0.3")
    cell = page.begin(CELL.format(name="late", flags="", epochs=2))
    trains(page)
    page.set(None, weights=WEIGHTS)
    assert page.until(lambda: cell in page.idle, 120)
    assert page.road == roads("LATER")
    assert page.errors == []
    assert "\r" not in page.printed  # no bar that draws itself anew: a notebook keeps each of its states
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
