"""Tasks that are not finite, or not there: the others learn as if they were alone, and it is said which were left out."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from mtl_magic.language import parse, resolve
from mtl_magic.problems import MtlError
from mtl_magic.train import fit
from mtl_magic.train.checkpoint import Keeper
from mtl_magic.train.control import Command
from mtl_magic.train.events import Progress, Started
from mtl_magic.train.loop import Loop
from mtl_magic.train.state import state_of, weights_of
from mtl_magic.train.team import Team
from mtl_magic.vocabulary import vocabulary
from tests import toy
from tests.train.test_balanced import made, word
from tests.train.test_step import difference

TOO_LARGE = 3e38  # a label whose squared error is infinite in float32


def taken(step: Any, *labels: np.ndarray, rows: int = 64) -> dict[str, np.ndarray]:
    """The state after a step a batch of labels (rows, 3)."""
    part = toy.data().train[0]
    for i, each in enumerate(labels):
        at = slice(i * rows, (i + 1) * rows)
        step.run(part.ids[at], part.floats[at], each)
    return state_of(step)


def labels(batch: int = 0, rows: int = 64) -> np.ndarray:
    found: np.ndarray = toy.data().train[0].labels[batch * rows : (batch + 1) * rows].copy()
    return found


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("upgrad", {}),
        ("gradnorm", {"heads": "weighted"}),
        ("nash_mtl", {"over": "subbatch"}),
    ],
)
def test_a_task_that_is_infinite_in_a_batch_is_not_in_it(name: str, options: dict[str, Any]) -> None:
    """Weights and the method's state are those of a batch in which it has no label; the step is counted."""
    broken, absent = labels(), labels()
    broken[1, 2] = TOO_LARGE
    absent[:, 2] = np.nan
    method = word(name, **options)
    found, wanted = (made(method) for _ in range(2))
    state = taken(found, broken)
    other = taken(wanted, absent)
    assert found.left_out.numpy().tolist() == [0, 0, 1]
    skipped = {"sums", "left_out", "watched"}
    assert all(np.isfinite(v).all() for v in state.values())
    kept = [{k: v for k, v in s.items() if not any(skip in k for skip in skipped)} for s in (state, other)]
    assert difference(*kept) < 1e-6


@pytest.mark.parametrize("name", ["gradnorm", "famo", "gradvac", "dwa", "excess_mtl"])
def test_a_task_that_some_batches_lack_rests_meanwhile(name: str) -> None:
    """Its entries of the method's state and its tower stay as they were, and move again when it is back."""
    step = made(word(name))
    before = taken(step, labels())
    absent = labels(1)
    absent[:, 2] = np.nan
    without = taken(step, absent)
    back = taken(step, labels(2))

    def moved(a: dict[str, np.ndarray], b: dict[str, np.ndarray], k: int) -> set[str]:
        own = [n for n in a if (n.startswith("balance/") and a[n].ndim) or "towers" in n]
        return {n for n in own if (a[n][k] != b[n][k]).any()}

    assert not moved(before, without, 2)
    assert moved(before, without, 0)
    assert moved(without, back, 2) >= {n for n in before if "towers" in n}
    assert any(n.startswith("balance/") for n in moved(without, back, 2))


def test_a_task_that_is_never_finite_is_named_and_ends_the_training() -> None:
    prepared = toy.data(600, 100)
    part = prepared.train[0]
    odd = part.labels.copy()
    odd[np.isfinite(odd[:, 2]), 2] = TOO_LARGE
    prepared = dataclasses.replace(prepared, train=[dataclasses.replace(part, labels=odd)])
    heard: list[Any] = []
    with pytest.raises(MtlError) as raised:
        fit.train(toy.program("mmoe", word("upgrad"), epochs=1), prepared, listeners=[heard.append])
    (problem,) = raised.value.problems
    assert "'watch'" in problem.message
    assert any("'watch' was left out" in getattr(event, "text", "") for event in heard)


def test_a_solve_without_an_answer_is_said_by_its_methods_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """In equal weights of the active tasks, by a note while it trains, and with the run, how often in all."""
    monkeypatch.setattr("mtl_magic.balance.solve.fair.ITERATIONS", 0)
    heard: list[Any] = []
    trained = fit.train(toy.program("mmoe", word("nash_mtl"), epochs=1), toy.data(600, 100), listeners=[heard.append])
    said = [text for event in heard if "'nash_mtl' found no weights in" in (text := getattr(event, "text", ""))]
    assert said
    assert trained.notes == (f"'nash_mtl' found no weights in {trained.step} steps: they had equal ones",)
    assert list(trained.weights.values()) == pytest.approx([1.0] * 3)


class DeadError(Exception):
    """What ends a training at a step, as a kill does: no file is written after it."""


@pytest.mark.parametrize("name", ["gradnorm", "famo", "dwa", "uncertainty"])
def test_a_training_that_died_in_the_middle_goes_on_with_the_methods_state(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a checkpoint on disk, to the bit: weights of the network, of the tasks, and the state behind them."""
    monkeypatch.setattr("mtl_magic.train.team.TICK", 0.0)
    monkeypatch.setattr("mtl_magic.train.checkpoint.SHARE", 1e9)
    options: dict[str, Any] = {"steps": 3} if name == "dwa" else {}

    def trained(hear: Any = None, keeper: Any = None) -> Any:
        block = toy.word("block", "mlp", units=(8,), dropout=0.3)
        program = toy.program(block, word(name, **options), epochs=2, batch=128, early_stop=None)
        return fit.train(program, toy.data(1200, 200), listeners=[hear] if hear else [], keeper=keeper)

    def dies(event: Any) -> None:
        if isinstance(event, Progress) and event.step >= 11:
            raise DeadError

    whole = trained()
    with pytest.raises(DeadError):
        trained(dies, Keeper(tmp_path, seconds=0.0))
    begun: list[int] = []
    rest = trained(lambda e: begun.append(e.step) if isinstance(e, Started) else None, Keeper(tmp_path, seconds=0.0))
    assert begun[0] > 5
    assert rest.weights == whole.weights
    left, right = weights_of(whole.net.model), weights_of(rest.net.model)
    assert all(np.array_equal(left[key], right[key]) for key in left)


def test_a_look_back_compares_the_same_rows_of_a_net_that_mixes_rows() -> None:
    """At a rate of 0 no task has improved, with batch normalisation and dropout as well; and nothing of the looks stays."""

    def block() -> Any:
        return keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)])

    step, plain = (made(word(name), block()) for name in ("famo", "equal"))
    for each in (step, plain):
        each.rates.lr.assign(0.0)
        taken(each, labels(), labels(1))
    assert step.method.one_in > 1
    assert np.abs(state_of(step)["balance/m"]).max() < 1e-7
    kept = [[v.numpy() for v in each.net.model.non_trainable_variables] for each in (step, plain)]
    assert len([v for v in step.net.model.non_trainable_variables if "moving" in v.path]) == 2
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(*kept, strict=True))


def test_a_look_back_at_all_rows_is_near_that_at_some() -> None:
    found = [taken(made(word("famo", one_in=n, gamma=0.0)), labels(0, 512), rows=512)["balance/m"] for n in (1, 4)]
    assert np.corrcoef(*found)[0, 1] > 0.9
    assert not np.array_equal(*found)


@pytest.mark.parametrize("method", ["graddrop", "upgrad(over=subbatch)", "upgrad(over=parameters)"])
def test_what_does_not_go_in_slices_is_said_at_its_place(method: str) -> None:
    text = f"task a, b: binary\nbalance {method}\ntrain accumulate=2"
    with pytest.raises(MtlError) as raised:
        fit._made(resolve(parse(text, vocabulary()), vocabulary(), {}), toy.data().schema, 0.1)
    (problem,) = raised.value.problems
    assert (problem.code, problem.span.line) == ("MTL310", 2)
    assert problem.hint
    step = made(word("upgrad"), slices=2)
    with pytest.raises(MtlError, match="MTL310"):
        step.change_method(word("graddrop"))
    assert step.method.word == "upgrad"


def test_a_method_of_several_processes_stays() -> None:
    loop: Any = object.__new__(Loop)
    loop.team = object.__new__(Team)
    with pytest.raises(MtlError, match="MTL311"):
        loop._carry_out(Command("method", None, "upgrad"))
