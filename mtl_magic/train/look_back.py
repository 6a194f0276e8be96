"""The second look at a batch: the losses of the same rows after the update, for methods that learn from them (`famo`).

It draws the masks of dropout that the step drew, so that a difference of losses is the update's alone, and leaves what
layers keep of a batch (moving means) as the step left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.train import replicas

if TYPE_CHECKING:
    from mtl_magic.train.step import Step


class LookBack:
    """The look back of a `Step`."""

    def __init__(self, step: Step) -> None:
        self.step = step
        others = [v for v in step.net.model.non_trainable_variables if id(v) not in step.table_ids]
        self.seeds = [v.value for v in others if v.path.endswith("seed_generator_state")]
        self.kept = [v.value for v in others]

    def masks(self) -> list[Any]:
        """To be called before the step."""
        return [tf.identity(v.value()) for v in self.seeds]

    def take(self, masks: list[Any], sums: Any, ids: Any, floats: Any, labels: Any) -> None:
        """To be called after it.

        Args:
            masks: of `masks`.
            sums: of `Step.gradients`.
            ids, floats, labels: the step's rows.
        """
        step = self.step
        after = [tf.identity(v.value()) for v in self.kept]
        _put(self.seeds, masks)
        counts = sums[1]
        losses = replicas.total(step.losses_again(ids, floats, labels, counts))
        _put(self.kept, after)
        evidence = step.evidence(sums[0] / tf.maximum(counts, 1.0), counts)
        state = {name: variable.value() for name, variable in step.state.items()}
        found = step.method.after(evidence, losses * step._scale(), state, step.tasks)  # noqa: SLF001
        for name, value in found.items():
            step.state[name].assign(value)


def _put(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
