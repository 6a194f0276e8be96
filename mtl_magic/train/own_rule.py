"""A balancing rule of the person's own is tried once before anything is traced, so that its mistake has a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from mtl_magic.balance._base import BalanceTask, Evidence
from mtl_magic.balance._own import OwnOfGramian, OwnOfLosses
from mtl_magic.problems import MtlError, Problem, first_line

if TYPE_CHECKING:
    from mtl_magic.program import Program


def try_own_rule(program: Program, count: int) -> None:
    """Calls the rule of `balance {rule}` on losses of 1 and orthogonal gradients of `count` tasks; others pass.

    Raises:
        MtlError: MTL309 it raises, or gives something other than a weight a task.
    """
    method = program.balance
    if not isinstance(method, (OwnOfLosses, OwnOfGramian)):
        return
    losses = tf.ones((count,))
    evidence = Evidence(losses, losses, tf.fill((count,), value=True), tf.constant(0, tf.int64), tf.eye(count))
    tasks = tuple(BalanceTask(str(k), classification=True) for k in range(count))
    state = {name: tf.constant(value) for name, value in method.start(tasks).items()}

    @tf.function(autograph=False)
    def tried() -> None:
        method.weights(evidence, state, tasks)

    try:
        tried.get_concrete_function()
    except Exception as error:
        hint = f"it gives the weights of {count} tasks, of TensorFlow operations: its arguments have no numbers yet"
        message = f"the balancing rule fails: {first_line(error)}"
        raise MtlError(Problem("MTL309", message, program.places.get("balance"), hint), program.text) from error
