"""Loss scaling: float16 gradients that neither vanish nor overflow (Micikevicius et al. 2018, Mixed Precision Training, §3.2).

float16 knows nothing between 0 and 6e-8 and nothing above 65504. So the loss is multiplied by a scale before it is
differentiated, and the float32 gradients of variables, touched rows and tasks are divided by it. Where one is not finite
the step is not taken: weights, rows, moments, averages, counters and the balancing method's state stay, the seeds of
dropout move on, and the scale halves; it doubles after `EVERY` steps that were taken.

A loss that is not finite itself has nothing to do with the scale, and is counted as it is: the loop ends with MTL301.
Nor is a gradient that overflows at the least scale: such a step is taken, and the next loss shows it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.train import replicas
from mtl_magic.train.tables import Missed, Touched

if TYPE_CHECKING:
    from mtl_magic.train.step import Step

START, LEAST, EVERY = 2.0**15, 1.0, 2000


class LossScale:
    """The scale, and how many steps were taken since it last moved."""

    def __init__(self) -> None:
        self.scale = replicas.shared_variable(START, "loss_scale", tf.float32)
        self.good = replicas.shared_variable(0, "good_steps", tf.int32)

    @property
    def variables(self) -> dict[str, tf.Variable]:
        return {"scale": self.scale, "good": self.good}

    def up(self, value: Any) -> Any:
        """A loss, or what stands for one, before it is differentiated."""
        return value * self.scale.value()

    def down(self, value: Any) -> Any:
        """A gradient of it, or a factor of one, as it would be without the scale; float32."""
        return tf.cast(tf.convert_to_tensor(value), tf.float32) / self.scale.value()

    def taken(self) -> None:
        """After a step that was taken."""
        full = self.good.value() + 1 >= EVERY
        # Never so far that the scale itself overflows.
        self.scale.assign(tf.where(full, tf.minimum(self.scale.value() * 2.0, 2.0**100), self.scale.value()))
        self.good.assign(tf.where(full, 0, self.good.value() + 1))

    def refused(self) -> None:
        """After one that was not."""
        self.scale.assign(tf.maximum(self.scale.value() / 2.0, LEAST))
        self.good.assign(0)


@dataclasses.dataclass
class Guarded:
    """A step in two halves, of which the second is taken where all gradients are finite, on all replicas.

    The halves are calls of the strategy of their own, for replicas cannot write within a condition.

    Args:
        step: whose.
        scaling: of it.
        compute: rows to what `Step.apply` takes.
    """

    step: Step
    scaling: LossScale
    compute: Callable[..., Any]

    def __post_init__(self) -> None:
        step, self.strategy = self.step, tf.distribute.get_strategy()
        tables = {id(e.table) for e in step.net.embeddings}
        others = [v for v in step.net.model.non_trainable_variables if id(v) not in tables]
        # What a forward pass writes, but for the seeds of dropout: the method's state, batch normalisation's means.
        self.written: list[tf.Variable] = [*step.state.values(), step.applied, step.left_out, step.watched]
        self.written += [v.value for v in others if not v.path.endswith("seed_generator_state")]
        self._read: list[Touched] = []  # as the first half traced them: which tables, and what they keep

    def run(self, *batch: Any) -> None:
        """Rows of all replicas, as `Step.run` takes them; traced."""
        strategy = self.strategy
        made = strategy.run(self._compute, args=batch)
        fine = strategy.experimental_local_results(made[0])[0]
        tf.cond(
            fine,
            lambda: strategy.run(self._take, args=(made, *batch)),
            lambda: strategy.run(self._refuse, args=(made,)),
        )

    def _compute(self, *batch: Any) -> list[Any]:
        before = [tf.identity(v.value()) for v in self.written]
        touched, dense, rows, sums, seen = self.compute(*batch)
        dense = [self.scaling.down(g) for g in dense]
        rows = [self.scaling.down(g) for g in rows]
        broken = tf.add_n([tf.reduce_sum(tf.cast(~tf.math.is_finite(t), tf.float32)) for t in (*dense, *rows, sums)])
        lost = tf.reduce_any(~tf.math.is_finite(sums))
        fine = (replicas.total(broken) == 0) | ((self.scaling.scale.value() <= LEAST) & ~lost)
        self._read = touched
        return [fine, sums, before, dense, rows, [_tensors(t) for t in touched], seen]

    def _take(self, made: Sequence[Any], *batch: Any) -> None:
        _, sums, _, dense, rows, tensors, seen = made
        touched = [_with(t, found) for t, found in zip(self._read, tensors, strict=True)]
        self.step.apply(touched, dense, rows, sums)
        if self.step.look_back:
            self.step.look_back.after(seen, sums, *batch)
        self.scaling.taken()

    def _refuse(self, made: Sequence[Any]) -> None:
        _, sums, before, *_ = made
        for variable, value in zip(self.written, before, strict=True):
            variable.assign(value)
        self.step.sums.assign_add(tf.cast(tf.where(tf.math.is_finite(sums), 0.0, sums), tf.float64))
        self.scaling.refused()


def _tensors(touched: Touched) -> list[Any]:
    """What the second half needs of the rows that a table touched."""
    missed = touched.missed
    return [touched.ids, touched.place, touched.rows, *((missed.moves, missed.m, missed.v) if missed else ())]


def _with(touched: Touched, tensors: Sequence[Any]) -> Touched:
    ids, place, rows, *missed = tensors
    return dataclasses.replace(touched, ids=ids, place=place, rows=rows, missed=Missed(*missed) if missed else None)
