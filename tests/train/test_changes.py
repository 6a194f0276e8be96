"""What of a cell may change while a training rests, how it is told, and how it is written."""

from __future__ import annotations

import numpy as np
import pytest

from mtl_magic.language import parse
from mtl_magic.problems import MtlError
from mtl_magic.settings.train import Train
from mtl_magic.train.changes import CHANGEABLE, between, rewritten
from mtl_magic.train.stopping import Stopping
from mtl_magic.vocabulary import vocabulary

CELL = "feature a\nshare mlp(units=[8])\ntask click, buy: binary\ntask like: binary weight 2\ntrain lr=0.1 batch=64"


def test_options_that_may_change_are_options() -> None:
    assert set(CHANGEABLE) <= {p.name for p in Train.params()}


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (CELL, {}),
        (CELL.replace("weight 2", "weight 3"), {"weight of like": ("2", "3")}),
        (CELL.replace("lr=0.1", "early_stop=none"), {"train lr": ("0.1", ""), "train early_stop": ("", "none")}),
        (CELL.replace("click, buy: binary", "click: binary\ntask buy: binary weight 5"), {"weight of buy": ("", "5")}),
        (CELL.replace("train lr=0.1 batch=64", "train batch=64\ntrain lr=0.1"), {}),
        (CELL.replace("task like: binary", "task like: binary allow MTL104").replace(" allow MTL104 weight 2", " weight 2 allow MTL104"), {}),
    ],
)  # fmt: skip
def test_what_has_changed(after: str, changed: dict[str, tuple[str, str]]) -> None:
    assert between(CELL, after) == changed


@pytest.mark.parametrize(
    ("after", "line", "said"),
    [
        (CELL.replace("[8]", "[16]"), 2, "'share mlp(units=[16])' stands where 'share mlp(units=[8])' stood"),
        (CELL.replace("batch=64", "batch=32"), 5, "'train batch=32' stands where 'train batch=64' stood"),
        (CELL.replace("like: binary", "like: regression"), 4, "'task like: regression' stands"),
        (CELL + "\nbalance uncertainty", 6, "'balance uncertainty' is new"),
        (CELL.replace("feature a\n", ""), None, "'feature a' is gone"),
        ("share mlp(units=[8])\nfeature a\n" + CELL.partition("units=[8])\n")[2], None, "have another order"),
    ],
)
def test_what_may_not_change_is_named_at_its_place(after: str, line: int | None, said: str) -> None:
    with pytest.raises(MtlError, match="MTL323") as caught:
        between(CELL, parse(after, vocabulary()))
    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.line == line
    assert "early_stop" in problem.hint


def test_changes_are_written_where_they_belong() -> None:
    text = str(rewritten(parse(CELL, vocabulary()), {"buy": "0.5", "like": "1", "lr": "1e-4", "epochs": "9"}))
    assert text.split("\n")[2:] == [
        "task click: binary",
        "task buy: binary weight 0.5",
        "task like: binary weight 1",
        "train lr=0.0001 batch=64 epochs=9",
    ]
    assert set(between(CELL, text)) == {"weight of buy", "weight of like", "train lr", "train epochs"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"bue": "1"}, "MTL040"), ({"batch": "9"}, "MTL040"), ({"epochs": "0"}, "MTL041"), ({"like": "-1"}, "MTL041")],
)
def test_wrong_changes_are_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(MtlError) as caught:
        rewritten(parse(CELL, vocabulary()), changes)
    assert [p.code for p in caught.value.problems] == [code]


def test_what_was_best_is_judged_again() -> None:
    metrics = [{t: {"loss": v} for t, v in zip("ab", pair, strict=True)} for pair in ((0.2, 0.9), (0.8, 0.1))]
    old = Stopping({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 0.0}, patience=3)
    old.update(1, metrics[0], lambda: {"w": np.ones(1)})
    new = Stopping({"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 1.0}, patience=3)
    new.remember(old.memory(), old.best_weights)
    new.judge_again()
    assert new.best_score == pytest.approx(0.9)
    assert new.update(2, metrics[1], dict).best
    new.patience = None
    new.judge_again()
    assert (new.best_epoch, new.best_weights) == (None, None)
