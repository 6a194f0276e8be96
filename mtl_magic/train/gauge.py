"""The tasks' gradients compared now and then, where the method does not compare them itself (`train gradients=n`).

A look is a forward pass of its own, and one backward through the heads: what it sees are the gradients of the step that
follows, at the shared representation. It draws the masks of dropout that the step will draw and leaves all as it was, so
that a training is the same, to the bit, with looks and without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.train import replicas
from mtl_magic.train.balanced import Balanced

if TYPE_CHECKING:
    from mtl_magic.balance._base import Balance
    from mtl_magic.train.step import Step

EVERY = 50  # steps between two looks, where a cell says `true`


def every_of(asked: Any) -> int | None:
    """Steps between two looks, of what a cell asks for; None: no looks."""
    return EVERY if asked is True else asked or None


class Gauge:
    """Adds to `Step.watched` what a look sees.

    Args:
        step: whose gradients.
        every: steps between two looks.
        slices: in how many a step computes its rows: a look takes as many rows as fit one of them, the first ones.
    """

    def __init__(self, step: Step, every: int, slices: int = 1) -> None:
        self.step, self.every, self.slices = step, every, slices
        self._method: Balance | None = None  # for which the look is traced: losses are on its scale
        self._look: Callable[..., None] | None = None

    @property
    def blind(self) -> bool:
        """Whether there is nothing to compare: no two tasks read one tensor."""
        return all(len(self.step.net.takers[i]) < 2 for i in self.step.net.shared)

    def look(self, steps: int, batch: Sequence[Any]) -> None:
        """To be called before each step.

        Args:
            steps: how many there were so far.
            batch: arguments of `Step.run`.
        """
        step = self.step
        if step.balanced is not None or steps % self.every or self.blind:
            return
        if self._look is None or self._method is not step.method:
            self._method = step.method
            with step.strategy.scope():
                self._look = step.by_all(self._seen)
        self._look(*batch)

    def _seen(self, ids: Any, floats: Any, labels: Any) -> None:
        """A replica's share; traced."""
        step = self.step
        balanced = Balanced(step)
        if self.slices > 1:
            rows = -(-tf.shape(labels)[0] // self.slices)
            ids, floats, labels = ids[:rows], floats[:rows], labels[:rows]
        written = [v.value for v in step.net.model.non_trainable_variables if id(v) not in step.table_ids]
        before = [tf.identity(v.value()) for v in written]
        touched = [table.touch(ids, step.rates.lr.value(), step.rates.step.value()) for table in step.tables]
        counts = step._counts(labels)  # noqa: SLF001
        taps = balanced.forward(ids, floats, labels, touched, counts).taps
        losses, gramian = replicas.total(taps.share), replicas.total(taps.gramian())
        broken = balanced.broken(losses, counts, taps.sizes() + tf.linalg.diag_part(gramian))
        balanced.watch(balanced.evidence(losses, counts, gramian, broken))
        for variable, value in zip(written, before, strict=True):
            variable.assign(value)
