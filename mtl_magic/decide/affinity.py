"""Which tasks teach each other: measured in short trainings of a network in which all share everything.

The look-ahead affinity (Fifty et al. 2021, Efficiently Identifying Task Groupings for Multi-Task Learning, eq. 1) asks what a step
on the shared weights by the gradient of task i does to the loss of task j:

    Zᵢⱼ = 1 − Lⱼ(θ − η gᵢ) / Lⱼ(θ)        here: Zᵢⱼ = (Lⱼ(θ + η gᵢ) − Lⱼ(θ − η gᵢ)) / 2 Lⱼ(θ)

The central difference is the same to first order; what any step does to any loss, in whichever direction, cancels. ‖η gᵢ‖ is
the same for all tasks. Unlike there, the rows of gᵢ, the rows of Lⱼ and the rows that were trained on are three sets: what the tasks
have in common by chance in one of them is not in the others. Each repeat has rows of its own too, and other initial weights, so
that repeats are independent and their agreement can be tested (`advice.py`). Shared weights are those of layers, without embeddings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.model.net import build
from mtl_magic.model.settle import settle
from mtl_magic.train.conflicts import Conflicts
from mtl_magic.train.constants import with_constants
from mtl_magic.train.gauge import Gauge
from mtl_magic.train.optimizers import dense_optimizer
from mtl_magic.train.reuse import Traced
from mtl_magic.train.state import state_of
from mtl_magic.train.step import Step

if TYPE_CHECKING:
    from mtl_magic.data.schema import Part, Prepared, Schema
    from mtl_magic.program import Program

LENGTH = 0.02  # of a look-ahead step, over the norm of the shared weights
RATE = 3e-3
SHARES = (0.4, 0.7)  # of a repeat's rows: up to the first train, up to the second give gradients, the others judge


@dataclasses.dataclass(frozen=True)
class Affinities:
    """What the repeats saw.

    Attributes:
        look_ahead: (R, K, K), row i the step of task i, column j the loss of task j.
        cosines: (R, K, K) of the tasks' gradients at the shared representation, mean over steps; NaN where never both had one.
        norms: (R, K) of these gradients.
        conflict: (K, K) share of steps in which the cosine was below 0.
    """

    look_ahead: np.ndarray
    cosines: np.ndarray
    norms: np.ndarray
    conflict: np.ndarray


class Probe:
    """A network in which all tasks share, trained a little, again and again.

    Args:
        program: its cell.
        schema: the tasks.
        steps: of each repeat.
        every: steps between two looks.
    """

    def __init__(self, program: Program, schema: Schema, *, steps: int, every: int) -> None:
        self.program, self.schema, self.steps, self.every = program, schema, steps, every
        net = build(program, schema)
        settings = program.train
        ones = [1.0] * len(schema.tasks)
        self.step = Step(net, schema, program.balance, dense_optimizer("adam", RATE, 0.0), person=ones, average=None)
        self.step.gauge = Gauge(self.step, every)
        self.step.epoch(steps)
        self.traced = Traced(net, self.step, None, state_of(self.step), settings.seed)  # type: ignore[arg-type]
        self._look = tf.function(self._looked, autograph=False, input_signature=self.step.signature * 2)

    def run(self, part: Part, rows: np.ndarray, seed: int) -> tuple[np.ndarray, Any]:
        """A repeat on some rows: Z (K, K), and how gradients stood to each other (`events.Gradients`)."""
        program = dataclasses.replace(self.program, train=dataclasses.replace(self.program.train, seed=seed))
        fresh = build(program, self.schema) if seed != self.traced.seed else None
        self.traced.begin([1.0] * len(self.schema.tasks), fresh)
        conflicts = Conflicts(self.step, [t.name for t in self.schema.tasks])
        self.step.rates.lr.assign(RATE)
        cuts = (np.array(SHARES) * len(rows)).astype(int)
        train, gives, judges = np.split(np.random.default_rng(seed).permutation(rows), cuts)
        rng, seen = np.random.default_rng([seed, 1]), []
        batch = max(16, min(256, len(train) // 4))
        for step in range(self.steps):
            some = rng.choice(train, batch, replace=len(train) < batch)
            arrays = _rows(part, some)
            assert self.step.gauge is not None
            self.step.gauge.look(step, arrays)
            self.step.run(*arrays)
            if step % self.every == self.every - 1:
                a, b = _rows(part, gives), _rows(part, judges)
                seen.append((self._look(*a, *b).numpy() + self._look(*b, *a).numpy()) / 2)
        return np.mean(seen, axis=0), conflicts.read(0.0, [1.0] * len(self.schema.tasks), self.steps)

    # -- traced ------------------------------------------------------------------------------------------------------

    def _looked(self, *arrays: Any) -> Any:
        """Z (K, K): gradients of the first three arrays, losses of the others."""
        trunk, count = self.step.net.trunk, len(self.schema.tasks)
        weights = [v.value for v in trunk.trainable_variables]
        kept = [v.value for v in trunk.non_trainable_variables]
        given, judged = self._inputs(arrays[:3]), self._inputs(arrays[3:])
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(weights)
            each = tf.unstack(self._losses(trunk(given, training=False), arrays[2]))
        now = self._losses(trunk(judged, training=False), arrays[5])
        size, found = LENGTH * tf.linalg.global_norm([tf.convert_to_tensor(w) for w in weights]), []
        for k in range(count):
            moves = tape.gradient(each[k], weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            factor = tf.math.divide_no_nan(size, tf.linalg.global_norm(moves))
            there, back = (
                self._losses(
                    trunk.stateless_call(
                        [w + s * factor * m for w, m in zip(weights, moves, strict=True)], kept, judged
                    )[0],
                    arrays[5],
                )
                for s in (1.0, -1.0)
            )
            found.append(tf.math.divide_no_nan(there - back, 2 * now))
        return tf.stack(found)

    def _inputs(self, arrays: Sequence[Any]) -> list[Any]:
        """What the trunk takes: packed rows, and embeddings looked up."""
        ids, floats, _ = arrays
        packed = [t for t, width in ((ids, self.schema.id_width), (floats, self.schema.float_width)) if width]
        return [*packed, *(embedding(ids) for embedding in self.step.net.embeddings)]

    def _losses(self, cut: Any, labels: Any) -> Any:
        """Mean loss of each task over the best constant's (K,)."""
        logits = self.step.net.heads(cut, training=False)
        return self.step.shares_of(logits, labels, self.step._counts(labels)) / self.step.constants  # noqa: SLF001


def _rows(part: Part, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return part.ids[rows], part.floats[rows], part.labels[rows]


def measured(
    program: Program,
    prepared: Prepared,
    part: Part,
    *,
    repeats: int,
    steps: int,
    every: int,
    tell: Callable[[str], None],
) -> Affinities:
    """Repeats on rows of their own.

    Args:
        program: a cell in which all tasks share one block.
        prepared: its schema.
        part: training rows, in memory.
        repeats: how many; the rows are divided by chance.
        steps: of a repeat.
        every: steps between two looks.
        tell: hears a sentence of each repeat.
    """
    program = settle(program, prepared.schema)
    probe = Probe(program, with_constants(program, prepared), steps=steps, every=every)
    folds = np.array_split(np.random.default_rng(program.train.seed).permutation(len(part)), repeats)
    looks, events = [], []
    for k, rows in enumerate(folds):
        found, event = probe.run(part, rows, program.train.seed + k)
        looks.append(found)
        events.append(event)
        tell(f"affinities, {k + 1} of {repeats}: {len(rows):,} rows, {steps} steps")
    count = len(prepared.schema.tasks)
    nothing = np.full((count, count), np.nan)
    cosines = [np.array(e.cosines) if e is not None else nothing for e in events]
    norms = [np.array(e.norms) if e is not None else nothing[0] for e in events]
    conflict = [np.array(e.conflict) if e is not None else nothing for e in events]
    return Affinities(np.stack(looks), np.stack(cosines), np.stack(norms), np.nan_to_num(np.mean(conflict, axis=0)))
