"""Adam on one number a task, for methods whose weights are learnt."""

from __future__ import annotations

from typing import Any

from mtl_magic.assigned import Assigned, number
from mtl_magic.balance._base import State

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def moments(count: int) -> State:
    """The optimizer's state before its first step: m, v, and the number of steps t of each task."""
    import numpy as np

    zeros = np.zeros(count, "float32")
    return {"m": zeros, "v": zeros, "t": zeros}


def moved(value: Any, gradient: Any, state: State, lr: float | Assigned, active: Any) -> tuple[Any, State]:
    """Values (K,) and moments after a step down the gradient (K,), of the active tasks alone."""
    import tensorflow as tf

    t = state["t"] + 1.0
    m = BETA1 * state["m"] + (1 - BETA1) * gradient
    v = BETA2 * state["v"] + (1 - BETA2) * gradient**2
    step = number(lr, m.dtype) * (m / (1 - BETA1**t)) / (tf.sqrt(v / (1 - BETA2**t)) + EPSILON)
    after = {"m": m, "v": v, "t": t}
    return tf.where(active, value - step, value), {k: tf.where(active, after[k], state[k]) for k in after}
