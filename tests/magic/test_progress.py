"""What a person sees while a training runs."""

from __future__ import annotations

import pytest

from mtl_magic.magic.progress import TerminalProgress, Watch, duration
from mtl_magic.train.events import Evaluated, Finished, Progress, Started

STARTED = Started(("click", "a<b"), {"click": "auc", "a<b": "rmse"}, 10, 100, 32, 3200)
PROGRESS = Progress(250, 2.5, 5.0, 3200.0, {"click": 0.5}, {"click": 1.0})
EVALUATED = Evaluated(200, 2, 4.0, {"click": 0.5, "a<b": 2.0}, {"click": {"auc": 0.7123}}, {}, 1e-3, best=True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (3599.4, "59 min 59 s"), (7265, "2 h 1 min")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_watch():
    watch = Watch("feed")
    assert (watch.place(), watch.pace(), watch.metrics(), watch.done) == ("starting", "", [], 0.0)
    watch.hear(STARTED)
    watch.hear(PROGRESS)
    watch.hear(EVALUATED)
    assert watch.place() == "epoch 3 of at most 10, step 250"
    assert watch.pace() == "3,200 rows/s, at most 8 s left"
    assert watch.metrics() == [("click", "auc", "0.712"), ("a<b", "training loss", "2")]
    assert watch.done == 0.25
    watch.hear(Finished(300, 3, 6.0, "early_stop", 2))
    assert watch.place() == "3 epochs, 300 steps in 6 s"
    assert watch.pace() == ""
    assert watch.done == 1


def test_a_terminal_gets_a_line_an_epoch(capsys):
    progress = TerminalProgress("feed")
    for event in (STARTED, PROGRESS, EVALUATED):
        progress(event)
    assert capsys.readouterr().out == "epoch 2  click auc 0.712  a<b training loss 2  (4 s)\n"


@pytest.mark.parametrize(
    ("why", "says", "done"),
    [("early_stop", "1 epoch, 150 steps in 6 s", 1.0), ("interrupted", "1 epoch, 150 steps in 6 s, interrupted", 0.15)],
)
def test_the_end_says_how_it_came(why, says, done):
    """A training that was cut off is not shown as a full bar."""
    watch = Watch("feed")
    for event in (STARTED, Progress(150, 1.5, 5.0, 10.0, {}, {}), EVALUATED, Finished(150, 1, 6.0, why, 1)):
        watch.hear(event)
    assert watch.place() == says
    assert watch.done == done
