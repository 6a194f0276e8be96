"""Predictions and metrics in chunks: in order, on all cores, traced once, few chunks read ahead."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import toy

from mtl_magic.data.schema import Part
from mtl_magic.train import evaluate
from mtl_magic.train.concurrent import mapped
from mtl_magic.train.evaluate import Evaluator, Predictor


def test_results_come_in_order_and_few_items_are_read_ahead() -> None:
    read: list[int] = []
    turn = threading.Event()

    def items():
        for k in range(50):
            read.append(k)
            yield k

    def slow_when_even(k: int) -> int:
        if k and k % 2 == 0:
            turn.wait(0.005)
        return k

    found = []
    for k in mapped(slow_when_even, items(), workers=4):
        found.append(k)
        assert len(read) <= len(found) + 2 * 4 + 1
    assert found == list(range(50))


def test_an_error_is_raised_where_its_result_would_have_come() -> None:
    def odd(k: int) -> float:
        return 1 / (k - 3)

    found = mapped(odd, range(10), workers=2)
    assert [next(found) for _ in range(3)] == [1 / -3, 1 / -2, 1 / -1]
    with pytest.raises(ZeroDivisionError):
        next(found)


@pytest.fixture(scope="module")
def net():
    from mtl_magic.model.net import build

    return build(toy.program(), toy.data().schema)


def test_chunks_of_any_length_trace_once_and_change_nothing(net, monkeypatch: pytest.MonkeyPatch) -> None:
    part = toy.data().train[0]
    predictor = Predictor(net.model)
    whole = predictor(part)
    monkeypatch.setattr(evaluate, "CHUNK", 100)
    in_pieces = predictor(part)
    for key, values in whole.items():
        np.testing.assert_allclose(in_pieces[key], values, atol=1e-6)
    one = predictor(Part(part.ids[:1], part.floats[:1], part.labels[:1], None))
    none = predictor(Part(part.ids[:0], part.floats[:0], part.labels[:0], None))
    assert {len(v) for v in one.values()} == {1}
    assert {len(v) for v in none.values()} == {0}
    assert predictor.tracings == 1


def test_metrics_do_not_depend_on_chunks(net, monkeypatch: pytest.MonkeyPatch) -> None:
    part = toy.data().valid
    whole = Evaluator(net, toy.data().schema)(part)
    monkeypatch.setattr(evaluate, "CHUNK", 37)
    in_pieces = Evaluator(net, toy.data().schema)(part)
    for task, metrics in whole.items():
        for name, value in metrics.items():
            assert in_pieces[task][name] == pytest.approx(value, rel=1e-5, nan_ok=True)
