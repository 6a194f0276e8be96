"""What a person does to a training: other methods, checkpoints at will, and how experts are used meanwhile."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from mtl_magic.problems import MtlError
from mtl_magic.train.checkpoint import Keeper
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Event, Gates, Note, Progress, Steered
from mtl_magic.train.fit import train
from mtl_magic.train.methods import method_in, method_of
from tests import toy


class DeadError(Exception):
    pass


@pytest.fixture(autouse=True)
def _every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    monkeypatch.setattr("mtl_magic.train.checkpoint.SHARE", 1e9)


def program(balance: str = "equal", block: str = "mlp", **options: Any) -> Any:
    made = toy.word("block", block, units=(8,)) if block == "mlp" else toy.word("block", block, experts=3, units=(8,))
    return toy.program(made, balance, **({"epochs": 3, "batch": 64, "early_stop": None} | options))


def steered(doing: Any, at: int = 3, dies: int | None = None, **options: Any) -> tuple[Any, list[Any]]:
    """A training to which `doing` is done at a step, and what it said."""
    control, events, done = Control(), [], []

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, Progress) and event.step >= at and not done:
            done.append(True)
            doing(control)
        if isinstance(event, Progress) and dies is not None and event.step >= dies:
            raise DeadError

    made, prepared = options.pop("program", None) or program(), toy.data(rows=1200, valid=300)
    return train(made, prepared, control=control, listeners=[hear], **options), events


def test_a_method_changes_at_the_next_step_and_says_what_was_before() -> None:
    trained, events = steered(lambda control: control.set_method("uncertainty(lr=0.5)"))
    (said,) = [e for e in events if isinstance(e, Steered)]
    assert (said.step, said.what, said.before, said.value) == (3, "method", "equal", "uncertainty(lr=0.5)")
    weights = {e.step: list(e.weights.values()) for e in events if isinstance(e, Progress)}
    assert weights[3] == [1.0] * len(weights[3])
    assert weights[6] != weights[3]
    assert trained.weights != dict.fromkeys(trained.weights, 1.0)


def test_a_training_goes_on_with_the_method_that_a_person_chose(tmp_path: Any) -> None:
    def change(control: Control) -> None:
        control.set_method("uncertainty")

    _, whole = steered(change)
    keeper = Keeper(tmp_path, seconds=0.0)
    with pytest.raises(DeadError):
        steered(change, dies=12, keeper=keeper)
    _, rest = steered(lambda control: None, keeper=Keeper(tmp_path, seconds=0.0))
    assert [e.what for e in rest if isinstance(e, Steered)] == ["method"]

    def losses(events: list[Any]) -> list[Any]:
        return [dataclasses.replace(e, seconds=0.0) for e in events if isinstance(e, Evaluated)]

    assert losses(rest) == losses(whole)


def test_a_checkpoint_is_written_where_it_is_asked_for(tmp_path: Any) -> None:
    there: list[bool] = []

    def ask(control: Control) -> None:
        there.append(Keeper(tmp_path).there)
        control.checkpoint()

    with pytest.raises(DeadError):
        steered(ask, dies=5, keeper=Keeper(tmp_path, seconds=1e9))
    assert there == [False]
    saved = Keeper(tmp_path).read()
    assert saved is not None
    assert saved.facts["steps"] == 3


def test_a_method_may_name_tasks_and_the_cells_own_comes_back() -> None:
    own = toy.word("balance", "uncertainty")

    def there_and_back(control: Control) -> None:
        control.set_method("metabalance(main=buy)")
        control.set_method("metabalance(main=none_of_these)")
        control.set_weight("clik", 2.0)
        control.set_method(control.own_method)

    trained, events = steered(there_and_back, program=program(own))
    assert [(e.before, e.value) for e in events if isinstance(e, Steered)] == [
        ("uncertainty", "metabalance(main=buy)"),
        ("metabalance(main=buy)", "uncertainty"),
    ]
    notes = " ".join(e.text for e in events if isinstance(e, Note))
    assert "none_of_these" in notes
    assert "there is no task 'clik' to weigh; did you mean 'click'?" in notes
    assert trained.why == "epochs"


@pytest.mark.parametrize("text", ["equel", "uncertainty(lr=-1)", "uncertainty(lr=", "{print}"])
def test_a_method_that_is_none_is_refused_before_it_is_sent(text: str) -> None:
    control = Control()
    with pytest.raises(MtlError):
        control.set_method(text)
    assert control.take() == []


def test_a_method_as_the_cell_writes_it() -> None:
    import mtl_magic
    from mtl_magic.runs.fitting import compile_program

    assert method_of("uncertainty").word == "uncertainty"
    assert method_in(compile_program("task a\nbalance uncertainty(lr=0.02)")) == "uncertainty(lr=0.02)"
    assert method_in(compile_program("task a")) == "equal"
    assert mtl_magic.__version__


def test_gates_are_told_and_sum_to_one() -> None:
    _, events = steered(lambda control: None, program=program(block="mmoe"))
    gates = [e for e in events if isinstance(e, Gates)]
    assert gates
    assert len(gates[0].use) == len(gates[0].tasks)
    assert gates[0].experts == ("expert 1", "expert 2", "expert 3")
    assert np.allclose(np.sum(gates[-1].use, axis=1), 1.0, atol=1e-5)
    _, events = steered(lambda control: None)
    assert not [e for e in events if isinstance(e, Gates)]
