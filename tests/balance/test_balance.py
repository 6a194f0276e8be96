"""Balancing methods: their theorems and pinned values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mtl_magic.balance._base import BalanceTask, Evidence
from tests.toy import word

TASKS = (BalanceTask("click", True), BalanceTask("watch", False))


def weigh(method: Any, losses: list[float], state: Any, active: list[bool] | None = None, step: int = 0) -> Any:
    raw = tf.constant(losses, tf.float32)
    return method.weights(
        Evidence(raw, raw, tf.constant(active or [True] * len(losses)), tf.constant(step, tf.int64)), state, TASKS
    )


@pytest.mark.parametrize("name", ["equal", "static"])
def test_constant_methods_give_ones(name: str) -> None:
    method = word("balance", name)
    weights, state = weigh(method, [0.3, 7.0], method.start(TASKS))
    assert weights.numpy().tolist() == [1, 1]
    assert state == {}
    assert method.normalised is (name == "equal")


def test_uncertainty_comes_to_its_analytic_optimum() -> None:
    """At fixed losses e^(-s) = 1/(2 a L), so the weight a e^(-s) is 1/(2L) for either kind of loss."""
    method = word("balance", "uncertainty", lr=0.05)
    state = {k: tf.constant(v) for k, v in method.start(TASKS).items()}
    for step in range(600):
        weights, state = weigh(method, [0.25, 4.0], state, step=step)
    assert np.allclose(weights, [2.0, 0.125], rtol=0.02)


def test_uncertainty_starts_at_the_papers_weights_and_may_weigh_up() -> None:
    method = word("balance", "uncertainty")
    weights, state = weigh(method, [0.01, 0.01], method.start(TASKS))
    assert weights.numpy().tolist() == [1.0, 0.5]
    again, _ = weigh(method, [0.01, 0.01], state)
    assert (again.numpy() > weights.numpy()).all()


def test_uncertainty_leaves_an_inactive_task_alone() -> None:
    method = word("balance", "uncertainty")
    _, state = weigh(method, [0.7, 0.7], method.start(TASKS))
    _, after = weigh(method, [0.7, 0.0], state, [True, False])
    for name in state:
        assert after[name].numpy()[1] == state[name].numpy()[1]
        assert after[name].numpy()[0] != state[name].numpy()[0]
