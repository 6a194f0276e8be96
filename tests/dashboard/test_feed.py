import dataclasses
import json
import threading
import time
import tracemalloc

import numpy as np
import pytest

from mtl_magic.dashboard.feed import Feed
from mtl_magic.dashboard.rows import KINDS
from mtl_magic.train.events import Device, Evaluated, Finished, Gates, Gradients, Progress, Started, Steered

TASKS = ("click", "like")
METRICS = {"click": "auc", "like": "auc"}
STARTED = Started(TASKS, METRICS, 5, 100, 32, 3200)


def progress(step, click=0.5, like=0.25):
    return Progress(step, step / 100, step / 10, 320.0, {"click": click, "like": like}, {"click": 1.0, "like": 2.0})


def evaluated(step, auc, best):
    metrics = {t: {"auc": auc, "loss": 0.5} for t in TASKS}
    return Evaluated(step, step // 100, step / 10, {}, metrics, {}, 0.01, best)


class Page:
    """What a front end would hear, and a clock that the test moves."""

    def __init__(self, **options):
        self.messages, self.now = [], 0.0
        self.feed = Feed(
            "feed", TASKS, METRICS, lambda m, b: self.messages.append((m, b)), clock=lambda: self.now, **options
        )

    def rows(self, kind, label=""):
        """All rows of a series that were sent, as (n, columns)."""
        found = []
        for message, buffers in self.messages:
            assert json.loads(json.dumps(message, allow_nan=False)) == message  # a browser takes no NaN
            assert len(message["frames"]) == len(buffers)
            for frame, data in zip(message["frames"], buffers, strict=True):
                if (frame["kind"], frame["label"]) == (kind, label):
                    found.append(np.frombuffer(data, "<f4").reshape(-1, frame["columns"]))
        return np.concatenate(found) if found else np.empty((0, 0))


@pytest.fixture
def page():
    return Page()


def test_an_event_becomes_rows_of_float32_step_first(page):
    page.feed(STARTED)
    page.now = 1.0
    page.feed(progress(10))
    assert page.rows("losses", "train").tolist() == [[10, 0.5, 0.25]]
    assert page.rows("weights").tolist() == [[10, 1, 2]]
    assert page.rows("progress").tolist() == [[10, 1, 320]]
    assert page.messages[-1][0]["do"] == "rows"


def test_a_validation_becomes_losses_and_metrics_with_its_best(page):
    page.feed(STARTED)
    page.now = 0.5
    page.feed(evaluated(100, 0.75, best=True))
    assert page.rows("losses", "valid").tolist() == [[100, 0.5, 0.5]]
    assert page.rows("metrics").tolist() == [[100, 1, 0.75, 0.75]]
    assert page.messages[-1][0]["frames"][1]["about"] == {"best": 1}


def test_a_task_of_which_nothing_is_known_is_nan(page):
    page.feed(STARTED)
    page.now = 0.5
    page.feed(Progress(1, 0.1, 0.1, 1.0, {"like": 0.5}, {}))
    row = page.rows("losses", "train")[0]
    assert np.isnan(row[1])
    assert row[2] == 0.5


def test_gates_say_who_is_idle_and_a_device_what_it_has(page):
    page.feed(STARTED)
    page.now = 0.5
    page.feed(Gates(7, 1.0, "shared", TASKS, ("a", "b", "c"), ((0.5, 0.02, 0.48), (0.3, 0.01, 0.69))))
    page.now = 1.0
    page.feed(Device(8, 1.0, "GPU:0", 2_000_000_000, 3_000_000_000, None, 0.5))
    frames = {frame["kind"]: frame for message, _ in page.messages for frame in message["frames"]}
    assert frames["gates"] == {
        "kind": "gates",
        "label": "shared",
        "columns": 7,
        "about": {"tasks": ["click", "like"], "experts": ["a", "b", "c"], "idle": [1]},
    }
    row = page.rows("device", "GPU:0")[0]
    assert row[[0, 1, 2, 4]].tolist() == [8, 2, 3, 0.5]
    assert np.isnan(row[3])


def test_gradients_are_a_row_of_pairs_and_the_conflicts_a_line(page):
    seen = Gradients(
        7,
        1.0,
        ("like", "click"),  # not in the order of the page
        ((1.0, -0.25), (-0.25, 1.0)),
        (0.5, 2.0),
        ((0.0, 0.75), (0.75, 0.0)),
        (1.0, 1.0),
        ((4, 4), (4, 8)),
        (4, 0),
        ((0.0, 0.625), (0.625, 0.0)),
    )
    page.feed(STARTED)
    page.now = 0.5
    page.feed(seen)
    page.now = 1.0
    page.feed(dataclasses.replace(seen, step=9))
    assert page.rows("gradients").tolist() == [[s, -0.25, 0.625, 2, 0.5, 0, 0.5] for s in (7, 9)]
    assert page.rows("conflicts").tolist() == [[7, 0.75], [9, 0.75]]
    (kept,) = [f for f in page.feed.frames() if f.kind == "gradients"]
    assert kept.rows[:, 0].tolist() == [9]  # what was before is nothing any more


def test_tasks_whose_gradients_were_not_compared_are_nan(page):
    nan = float("nan")
    page.feed(STARTED)
    page.now = 0.5
    none = ((nan, nan), (nan, nan))
    page.feed(Gradients(7, 1.0, TASKS, none, (nan, nan), none, (1.0, 1.0), ((0, 0), (0, 0)), (0, 0), none))
    row = page.rows("gradients")[0]
    assert np.isnan(row[1:5]).all()
    assert row[5:].tolist() == [0, 0]
    assert np.isnan(page.rows("conflicts")[0, 1])
    page.now = 1.0
    page.feed(Gradients(8, 1.0, ("click",), ((1.0,),), (2.0,), ((0.0,),), (1.0,), ((4,),), (0,), ((0.0,),)))
    assert np.isnan(page.rows("gradients")[-1, 1])
    assert page.rows("gradients")[-1, 3] == 2


def test_the_status_says_which_method_since_when(page):
    page.feed(dataclasses.replace(STARTED, method="equal"))
    assert page.feed.status.told()["methods"] == [[0, "equal"]]
    assert not page.feed.status.told()["yours"]
    page.feed(Steered(900, 1.0, "method", value="gradnorm", before="equal"))
    page.feed(Steered(950, 1.0, "weight", "like", 2.0))
    told = page.feed.status.told()
    assert told["methods"] == [[0, "equal"], [900, "gradnorm"]]
    assert told["yours"]
    for step in range(1000, 2000):
        page.feed(Steered(step, 1.0, "method", value="equal", before="gradnorm"))
    assert len(page.feed.status.told()["methods"]) == 8


def test_at_most_five_messages_a_second(page):
    page.feed(STARTED)
    page.messages.clear()
    for step in range(1, 1001):
        page.now = step / 100  # ten seconds
        page.feed(progress(step))
    assert 45 <= len(page.messages) <= 51
    page.feed.flush()
    assert page.rows("weights")[:, 0].tolist() == list(range(1, 1001))  # nothing is lost in between


def test_what_a_person_does_and_the_end_show_at_once(page):
    page.feed(STARTED)
    page.messages.clear()
    page.feed(Steered(3, 0.1, "weight", "like", 2.5))
    assert not page.messages
    page.feed(Steered(3, 0.1, "pause"))
    assert page.messages[-1][0]["status"]["state"] == "paused"
    page.feed(Finished(10, 1, 1.0, "stopped", 1))
    assert page.messages[-1][0]["status"]["state"] == "ended"


def test_the_status_says_who_set_what_and_a_dragged_slider_once(page):
    for step in range(900, 910):
        page.feed(Steered(step, 1.0, "weight", "like", step / 100))
    page.feed(Steered(950, 1.0, "lr", value=0.02))
    page.feed(Steered(960, 1.0, "method", value="gradnorm", before="equal"))
    assert page.feed.status.told()["said"] == [
        "like 9.09 (you) at step 909",
        "learning rate 0.02 (you) at step 950",
        "equal → gradnorm (you) at step 960",
    ]


def test_a_pause_ends_and_the_road_is_said_while_it_trains(page):
    page.feed(STARTED)
    page.feed.say("controls live")
    page.feed(Steered(1, 0.1, "pause"))
    assert page.messages[-1][0]["status"]["word"] == "paused"
    page.feed(Steered(1, 0.1, "resume"))
    assert (
        page.messages[-1][0]["status"] | {"word": "training", "road": "controls live", "state": "training"}
        == page.messages[-1][0]["status"]
    )
    page.feed(Finished(10, 1, 1.0, "early_stop", 1))
    assert page.messages[-1][0]["status"]["road"] == ""
    assert page.messages[-1][0]["status"]["best_epoch"] == 1


def test_a_view_gets_one_snapshot_of_all_that_is_kept_however_often_it_asks(page):
    page.feed(STARTED)
    for step in range(1, 50):
        page.feed(progress(step))
    page.messages.clear()
    for _ in range(5):
        page.feed.hello("view 1")
    assert [m["do"] for m, _ in page.messages] == ["snapshot"]
    assert page.messages[0][0]["view"] == "view 1"
    assert page.rows("weights")[:, 0].tolist() == list(range(1, 50))
    page.feed.hello("view 2")
    assert len(page.messages) == 2


def test_nothing_is_sent_while_no_view_is_there(page):
    page.feed(STARTED)
    page.feed.hello("a")
    page.feed.hello("b")
    page.feed.bye("a")
    page.now, page.messages[:] = 1.0, []
    page.feed(progress(1))
    assert len(page.messages) == 1
    page.feed.bye("b")
    page.now, page.messages[:] = 2.0, []
    page.feed(progress(2))
    assert not page.messages
    page.feed.hello("c")
    assert page.rows("weights")[:, 0].tolist() == [1, 2]


def test_the_history_holds_the_rows_and_is_small():
    feed = Feed("feed", [f"t{i}" for i in range(50)], {})
    tasks = feed.tasks
    feed(Started(tasks, {}, 5, 1000, 32, 32_000))
    for step in range(1, 5001):
        feed(Progress(step, step / 1000, 1.0, 1.0, dict.fromkeys(tasks, 0.5), dict.fromkeys(tasks, 1.0)))
    history = feed.history()
    assert sum(len(frame["data"]) for frame in history["frames"]) < 300_000
    for frame in history["frames"]:
        rows = np.frombuffer(frame["data"], "<f4").reshape(-1, frame["columns"])
        assert rows[-1, 0] == 5000


def test_a_million_steps_take_bounded_memory():
    page = Page()
    feed = page.feed
    feed(STARTED)
    for step in range(1, 100_000):  # a message is due in none of them: the clock rests
        feed(progress(10 * step))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for step in range(1_000_000, 1_010_000):
            feed(progress(step))
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
    assert all(len(frame.rows) <= KINDS[frame.kind].keeps + 2 for frame in feed.frames())
    page.messages.clear()
    feed.flush()
    assert 64 <= len(page.rows("weights")) <= 200  # what waits is bounded too
    assert page.rows("weights")[-1, 0] == 1_009_999


def test_a_thread_that_trains_and_one_that_asks_do_not_disturb_each_other():
    heard, lock = [], threading.Lock()

    def send(message, buffers):
        assert lock.acquire(blocking=False), "two messages at once"
        time.sleep(0)
        heard.append((message, [bytes(b) for b in buffers]))
        lock.release()

    feed = Feed("feed", TASKS, METRICS, send, clock=time.monotonic)
    errors, done = [], threading.Event()

    def ask():
        try:
            n = 0
            while not done.is_set():
                feed.hello(f"view {n}")
                n += 1
        except BaseException as error:  # noqa: BLE001  it is looked at below
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for step in range(1, 401):
        feed(progress(step))
    done.set()
    thread.join(10)
    feed.flush()
    assert not errors
    for message, buffers in heard:
        for frame, data in zip(message["frames"], buffers, strict=True):
            rows = np.frombuffer(data, "<f4").reshape(-1, frame["columns"])
            assert (np.diff(rows[:, 0]) > 0).all()
