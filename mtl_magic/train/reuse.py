"""A traced step kept for the next training of the same cell: running an unchanged cell again traces nothing.

What is kept is the step's own network, which no Run ever holds: a Run gets a network built anew, with the weights copied.
One training is kept, and only where its tables are small; a cell with `{…}` never, for its values may have changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.train.state import set_state, set_weights, state_of, weights_of

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema
    from mtl_magic.model.net import Net
    from mtl_magic.program import Program
    from mtl_magic.train.evaluate import Evaluator
    from mtl_magic.train.step import Step

LARGEST = 2**26  # bytes of tables and moments that may stay behind


@dataclasses.dataclass(frozen=True)
class Traced:
    """A network with its traced step and evaluator, and the state that the step began with."""

    net: Net
    step: Step
    evaluator: Evaluator
    start: dict[str, np.ndarray]

    @classmethod
    def of(cls, net: Net, step: Step, evaluator: Evaluator) -> Traced | None:
        """To be called before the first step; None where the state is too large to stay behind."""
        slots = sum(v.shape.num_elements() * 4 for table in step.tables for v in table.slots.values())
        tables = sum(layer.rows * layer.dim * 4 for layer in net.embeddings)
        if slots + tables > LARGEST:
            return None
        return cls(net, step, evaluator, state_of(step))

    def begin(self) -> None:
        """As it was before the first step: the initial weights are a function of the cell's seed, so they are the same."""
        set_state(self.step, self.start)

    def copied_to(self, net: Net) -> Net:
        """The other network of the same program, with the weights of this one."""
        set_weights(net.model, weights_of(self.net.model))
        return net


_KEPT: dict[Hashable, Traced] = {}


def key_of(program: Program, schema: Schema) -> Hashable | None:
    """What the graph of a step depends on; None: it cannot be told."""
    if not program.canonical or "{" in program.canonical or tf.distribute.has_strategy():
        return None
    features = tuple((f.key, f.ids, f.floats, f.encoder.rows, f.encoder.dim, f.encoder.pool) for f in schema.features)
    tasks: tuple[Any, ...] = schema.tasks
    return program.canonical, features, repr(tasks)


def take(key: Hashable | None) -> Traced | None:
    """What was kept under the key; it is the taker's alone until it is kept again. Anything else that was kept is let go."""
    found = _KEPT.pop(key, None) if key is not None else None
    _KEPT.clear()
    return found


def keep(key: Hashable | None, traced: Traced | None) -> None:
    if key is not None and traced is not None:
        _KEPT.clear()
        _KEPT[key] = traced
