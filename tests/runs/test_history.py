"""Events to a history."""

from __future__ import annotations

import math

from mtl_magic.runs.history import History
from mtl_magic.train.events import Evaluated, Finished, Progress, Started, Steered


def evaluated(epoch, **changes):
    values = {
        "step": 10 * epoch,
        "epoch": epoch,
        "seconds": 0.5,
        "train_losses": {"click": 0.5, "a.b": float("nan")},
        "metrics": {"click": {"loss": 0.6, "auc": 0.7}},
        "weights": {"click": 1.0},
        "lr": 1e-3,
        "best": True,
    }
    return Evaluated(**values | changes)


def test_a_row_an_epoch():
    history = History()
    for event in (
        Started(("click", "a.b"), {"click": "auc"}, 2, 10, 32, 320),
        Progress(5, 0.5, 0.1, 100.0, {}, {}),
        evaluated(1),
        Steered(15, 0.2, "weight", "click", 2.0),
        evaluated(2, best=False),
        Finished(20, 2, 1.0, "epochs", 1),
    ):
        history(event)
    frame = history.frame()
    assert list(frame["epoch"]) == [1, 2]
    assert list(frame["best"]) == [True, False]
    assert list(frame["click.val_auc"]) == [0.7, 0.7]
    assert list(frame["click.val_loss"]) == [0.6, 0.6]
    assert math.isnan(frame["a.b.loss"][0])
    assert math.isnan(frame["a.b.weight"][0])
    assert history.watched == {"click": "auc"}
    assert history.steered[0].value == 2.0
    assert history.finished.why == "epochs"


def test_no_epoch():
    assert list(History().frame().columns) == ["epoch", "step", "seconds"]
