"""The kernel's side of the panel: pages come, are hidden and go; what a training says reaches those that are seen."""

import contextlib
import threading

import numpy as np
import pytest
from board import story

from mtl_magic.dashboard.panel import MOST, Panel
from mtl_magic.dashboard.watched import Watched
from mtl_magic.dashboard.wheel import Wheel
from mtl_magic.train.control import Command, Control
from mtl_magic.train.events import Finished, Started

TASKS = ("click", "like")
METRICS = {"click": "auc", "like": "auc"}


class Comm:
    """As ipykernel's: what was sent, and what hears."""

    def __init__(self):
        self.sent, self.hear, self.gone, self.closed = [], None, None, False

    def send(self, data, buffers=()):
        self.sent.append((data, list(buffers)))

    def on_msg(self, hear):
        self.hear = hear

    def on_close(self, gone):
        self.gone = gone

    def close(self):
        self.closed = True


class Page:
    """A panel in a browser."""

    def __init__(self, panel, name="a", feed=True):
        self.panel, self.name, self.feed, self.control = panel, name, Comm(), Comm()
        self.opening = {"content": {"data": {"page": name}}}
        panel.open_control(self.control, self.opening)
        if feed:
            panel.open_feed(self.feed, self.opening)

    def say(self, **data):
        self.control.hear({"content": {"data": data}})

    def does(self):
        """What came since it was last asked, in short."""
        found, self.feed.sent[:] = [message["do"] for message, _ in self.feed.sent], []
        return found

    def got(self):
        message, buffers = self.feed.sent[-1]
        return message, buffers


@pytest.fixture
def panel():
    return Panel()


@pytest.fixture(scope="module")
def parts():
    """A program and its schema."""
    import pandas as pd

    from mtl_magic.runs.fitting import compile_program, prepare

    draw = np.random.default_rng(0)
    table = pd.DataFrame({"user": draw.integers(0, 9, 200).astype(str), **{t: draw.integers(0, 2, 200) for t in TASKS}})
    program = compile_program("share mmoe(experts=3, units=[4])\ntask click, like: binary")
    with contextlib.closing(prepare(program, table)) as prepared:
        yield program, prepared.schema


@pytest.fixture
def begun(panel, parts):
    """A training that has begun, steered through a mailbox."""
    wheel, control = Wheel(TASKS, lr=0.01, method="equal"), Control()
    wheel.connect(control)
    watched = Watched(panel, "feed", *parts, wheel, cell="c1", text="%%mtl feed\n…")
    panel.begin(watched)
    return watched, wheel, control


def events(count=60):
    return list(story(TASKS, METRICS))[:count]


def test_without_a_training_the_snapshot_says_so(panel):
    page = Page(panel)
    page.say(do="hello", view="v1")
    assert page.got() == ({"do": "snapshot", "view": "v1", "training": None}, [])


def test_a_hello_before_the_feed_is_open_is_said_again(panel, begun):
    page = Page(panel, feed=False)
    page.say(do="hello", view="v1")
    assert not begun[0].watches
    panel.open_feed(page.feed, page.opening)
    page.say(do="hello", view="v1")
    assert page.does() == ["begun", "snapshot"]


def test_a_snapshot_has_all_that_is_shown(panel, begun):
    watched, _, _ = begun
    for event in events():
        watched(event)
    page = Page(panel)
    page.say(do="hello", view="v1")
    message, buffers = page.got()
    about = message["training"]
    assert (about["name"], about["tasks"], about["metrics"]) == ("feed", list(TASKS), METRICS)
    assert about["higher"] == {"click": True, "like": True}
    assert about["cell"] == "c1"
    assert about["wheel"]["weights"] == {"click": 1.0, "like": 1.0}
    assert [box["label"] for box in about["sketch"]["boxes"] if box["kind"] == "head"] == list(TASKS)
    assert {"weights", "metrics", "gates"} <= {frame["kind"] for frame in message["frames"]}
    assert len(buffers) == len(message["frames"])
    assert message["status"]["state"] == "training"
    page.say(do="hello", view="v1")
    assert page.does() == ["begun", "snapshot"], "once, however often it asks"


def test_it_is_silent_while_it_is_hidden(panel, begun):
    watched, _, _ = begun
    page = Page(panel)
    first, *rest = events(200)
    watched(first)
    assert not watched.watches, "gates would be read for nobody"
    page.say(do="hello", view="v1")
    assert watched.watches
    for event in rest[:50]:
        watched(event)
    watched.feed.flush()
    assert "rows" in page.does()
    page.say(do="bye")
    assert not watched.watches
    for event in rest[50:]:
        watched(event)
    watched.feed.flush()
    assert page.does() == []
    page.say(do="hello", view="v2")
    assert page.does() == ["snapshot"]


def test_a_hidden_page_hears_when_one_begins_and_ends(panel, begun):
    watched, _, _ = begun
    page = Page(panel)
    assert page.got()[0]["training"]["tasks"] == list(TASKS)
    watched(Started(TASKS, METRICS, 1, 10, 8, 80))
    watched(Finished(10, 1, 1.0, "epochs"))
    watched.close()
    assert page.does() == ["begun", "ended"]
    assert watched.feed.status.word == "finished"
    assert Page(panel, "b").does() == [], "there is nothing to steer any more"


def test_a_page_that_is_seen_hears_that_the_run_is_kept_once_it_is(panel, begun):
    watched, _, _ = begun
    page = Page(panel)
    page.say(do="hello", view="v1")
    watched(Started(TASKS, METRICS, 1, 10, 8, 80))
    watched(Finished(10, 1, 1.0, "stopped"))
    assert "kept" not in page.does()
    watched.close()
    assert page.does() == ["kept"]


def test_a_training_that_fails_has_ended(panel, begun):
    watched, wheel, _ = begun
    page = Page(panel)
    page.say(do="hello", view="v1")
    watched(Started(TASKS, METRICS, 1, 10, 8, 80))
    watched.close()
    assert page.got()[0]["status"]["word"] == "failed"
    wheel.finish()
    assert page.got()[0]["wheel"]["ended"]


def test_who_is_seen_gets_the_next_training(panel, parts):
    page = Page(panel)
    page.say(do="hello", view="v1")
    wheel = Wheel(TASKS, lr=0.01, method="equal")
    for name in ("one", "two"):
        panel.begin(Watched(panel, name, *parts, wheel))
        assert page.got()[0]["training"]["name"] == name


def test_what_is_set_becomes_commands_and_is_told_everywhere(panel, begun):
    _, wheel, control = begun
    page, other = Page(panel), Page(panel, "b")
    for each in (page, other):
        each.say(do="hello", view=f"v{each.name}")
    page.say(do="set", n=3, values={"weights": {"like": 2.5}, "locked": ["click"]})
    assert control.take() == [Command("weight", "like", 2.5)]
    assert page.got()[0]["n"] == 3
    assert other.got()[0]["n"] == 0
    assert other.got()[0]["wheel"]["weights"] == {"click": 1.0, "like": 2.5}
    wheel.weights = {"click": 1.0, "like": 3.0}  # as the dashboard does
    assert page.got()[0]["wheel"]["weights"]["like"] == 3.0
    for button in ("pause", "resume", "stop"):
        page.say(do=button)
    assert [c.what for c in control.take()[1:]] == ["pause", "resume", "stop"]


@pytest.mark.parametrize(
    "values",
    [{"weights": {"nobody": 1}}, {"weights": {"like": -1}}, {"weights": {"like": "2"}}, {"_control": None}, {"lr": 0}],
)
def test_what_cannot_be_set_is_said(panel, begun, values):
    _, wheel, control = begun
    page = Page(panel)
    page.say(do="hello", view="v1")
    page.say(do="set", n=1, values=values)
    assert control.take() == []
    assert page.got()[0]["wheel"]["error"]
    assert wheel.weights == {"click": 1.0, "like": 1.0}
    page.say(do="set", n=2, values={"weights": {"like": 2}})
    assert page.got()[0]["wheel"]["error"] == ""


def test_a_method_that_the_mailbox_rejects_is_said(panel, begun):
    """It is known by its name; what is wrong is found where it is sent on, within the message."""
    page = Page(panel)
    page.say(do="hello", view="v1")
    page.say(do="set", n=1, values={"method": "equal(nothing=1)", "lr": 0.02})
    assert "nothing" in page.got()[0]["wheel"]["error"]
    assert begun[2].take() == [Command("lr", value=0.02)]
    page.say(do="set", n=2, values={"lr": 0.03})
    assert page.got()[0]["wheel"]["error"] == ""


@pytest.mark.parametrize(
    "values",
    [{"weights": {"like": 2}}, {"weights": {"like": 1}}, {"weights": {"like": 2}, "lr": 0.1}, {"lr": -1}],
    ids=["moved", "as it was", "two", "wrong"],
)
def test_a_setting_is_answered_once(panel, begun, values):
    page, other = Page(panel), Page(panel, "b")
    for each in (page, other):
        each.say(do="hello", view=f"v{each.name}")
        each.does()
    page.say(do="set", n=1, values=values)
    assert page.got()[0]["n"] == 1
    assert page.does() == ["wheel"]
    assert other.does() == ["wheel"]
    begun[1].locked = ["click"]  # as the dashboard does
    assert page.does() == ["wheel"]


def test_odd_messages_do_nothing(panel, begun):
    page = Page(panel)
    for data in ({}, {"do": 3}, {"do": "set", "n": "x", "values": 3}, {"do": "hello", "view": None}):
        page.say(**data)
    assert begun[2].take() == []


def test_pages_that_never_say_goodbye_are_let_go(panel, begun):
    pages = [Page(panel, f"p{i}") for i in range(MOST + 3)]
    assert len(panel.pages) == MOST
    for page in pages:
        page.say(do="hello", view=f"v{page.name}")
    pages[-1].feed.gone(None)
    assert len(panel.pages) == MOST - 1
    panel.close()
    assert pages[-2].feed.closed
    assert not begun[0].watches
    assert not panel.pages


def test_of_too_many_pages_a_hidden_one_goes_and_is_told(panel, begun):
    seen, hidden, *others = (Page(panel, f"p{i}") for i in range(MOST))
    for page in (seen, *others):
        page.say(do="hello", view=f"v{page.name}")
    newest = Page(panel, "new")
    assert hidden.feed.closed
    assert hidden.control.closed
    assert not any(page.feed.closed for page in (seen, newest, *others))
    seen.does()
    begun[1].lr = 0.5
    assert seen.does() == ["wheel"]
    newest.say(do="hello", view="v")
    Page(panel, "newer")
    assert seen.feed.closed, "all are seen: the oldest"
    assert len(panel.pages) == MOST


def test_a_message_while_it_trains_proves_that_the_controls_are_live(panel, begun):
    watched, _, _ = begun
    page = Page(panel)
    page.say(do="hello", view="v1")
    watched(Started(TASKS, METRICS, 1, 10, 8, 80))
    page.say(do="hello", n=1)
    assert watched.feed.status.road == ""
    other = threading.Thread(target=lambda: page.say(do="hello", n=2))
    other.start()
    other.join()
    assert watched.feed.status.road == "controls live"
