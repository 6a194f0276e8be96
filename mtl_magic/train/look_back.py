"""The second look at rows of a batch: their losses after the update, for methods that learn from them (`famo`).

A method that looks at all rows (`one_in=1`) compares with the losses of the step itself. One that looks at some compares with
a look at the same rows just before the update: a layer or a loss that mixes rows (batch normalisation) sees the same ones
both times. Either way both draw the same masks of dropout, so that a difference of losses is the update's alone,
and what layers keep of a batch (moving means) stays as the step leaves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.train import replicas

if TYPE_CHECKING:
    from mtl_magic.train.step import Step
    from mtl_magic.train.tables import Touched


class LookBack:
    """The look back of a `Step`."""

    def __init__(self, step: Step) -> None:
        self.step = step
        others = [v for v in step.net.model.non_trainable_variables if id(v) not in step.table_ids]
        self.seeds = [v.value for v in others if v.path.endswith("seed_generator_state")]
        self.kept = [v.value for v in others]
        self.one_in: int = getattr(step.method, "one_in", 1)

    def before(self, touched: list[Touched], ids: Any, floats: Any, labels: Any) -> list[Any]:
        """To be called before the step, of rows whose tables are looked up.

        Returns:
            The seeds of the masks; then, where it looks at some rows alone, their losses and counts (2, K).
        """
        kept, seen = _values(self.kept), _values(self.seeds)
        if self.one_in == 1:
            return seen
        counts = self.step._counts(self._some(labels))  # noqa: SLF001
        losses = self._losses(ids, floats, labels, counts, [t.one_in(self.one_in) for t in touched])
        _put(self.kept, kept)
        return [*seen, tf.stack([losses, counts])]

    def after(self, seen: list[Any], sums: Any, ids: Any, floats: Any, labels: Any) -> None:
        """To be called after it.

        Args:
            seen: what `before` found.
            sums: of `Step.gradients`.
            ids, floats, labels: the step's rows.
        """
        step, kept = self.step, _values(self.kept)
        _put(self.seeds, seen[: len(self.seeds)])
        counts = sums[1]
        losses = sums[0] / tf.maximum(counts, 1.0)
        if self.one_in > 1:
            losses, counts = tf.unstack(seen[-1])
        evidence = step.evidence(losses, counts)
        now = self._losses(ids, floats, labels, counts, [])
        _put(self.kept, kept)
        state = {name: variable.value() for name, variable in step.state.items()}
        found = step.method.after(evidence, now * step._scale(), state, step.tasks)  # noqa: SLF001
        for name, value in found.items():
            step.state[name].assign(value)

    def _losses(self, ids: Any, floats: Any, labels: Any, counts: Any, touched: list[Touched]) -> Any:
        """Mean losses (K,) of the rows that are looked at, of all replicas."""
        some = self._some
        return replicas.total(self.step.losses_of(some(ids), some(floats), some(labels), counts, touched))

    def _some(self, rows: Any) -> Any:
        return rows[:: self.one_in] if self.one_in > 1 else rows


def _values(variables: list[Any]) -> list[Any]:
    return [tf.identity(v.value()) for v in variables]


def _put(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
