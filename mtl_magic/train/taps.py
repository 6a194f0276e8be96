"""Each task's gradient at the shared representation: taken, turned into a Gramian, and pushed down weighted.

`General` takes a backward pass through the heads for each task, whatever they are. `Tapped` takes one for all, where the
network has `Tops`: at what each task reads. Of a mixture Σₑ gₖₑ hₑ with δₖ the gradient at it, task k's at expert e is
gₖₑ δₖ, so that the Gramian over all experts is Gₖₗ = Σ over rows of ⟨gₖ, gₗ⟩ ⟨δₖ, δₗ⟩ and the experts receive Σₖ wₖ gₖₑ δₖ:
nothing of tasks × experts × rows × width is ever made.

All of it is of these rows; Gramians of different rows add up, for each row's representation is its own.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from mtl_magic.train.step import Step


def times(value: Any, weight: Any) -> Any:
    """A product in float32 that is 0 where the weight is, of a gradient that is not finite too."""
    return tf.math.multiply_no_nan(tf.cast(tf.convert_to_tensor(value), tf.float32), weight)


def finite(gradient: Any) -> Any:
    """A gradient, 0 where it is not finite."""
    gradient = tf.convert_to_tensor(gradient)
    return tf.where(tf.math.is_finite(gradient), gradient, tf.zeros_like(gradient))


def _size(gradients: list[Any]) -> Any:
    """Σ |entry| (), NaN or infinite where one is; 0 of no rows."""
    found = [tf.reduce_sum(tf.abs(tf.cast(tf.convert_to_tensor(g), tf.float32))) for g in gradients]
    return tf.add_n(found) if found else tf.zeros(())


@dataclasses.dataclass
class General:
    """The gradients of K losses by K backward passes.

    Args:
        step: whose heads.
        cut: the trunk's tensors.
        labels: (B, K).
        counts: labelled rows of each task, of all replicas: (K,).
        scale: what a method sees of a raw loss: times this (K,).
    """

    step: Step
    cut: list[Any]
    labels: Any
    counts: Any
    scale: Any

    def __post_init__(self) -> None:
        above = [v.value for v in self.step.above]
        sources = [*self.cut, *above]
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(sources)
            self.share = self.step._shares(self.cut, self.labels, self.counts)  # noqa: SLF001
            each = tf.unstack(self.step.scaled(self.share))
        self.per_task = [tape.gradient(loss, sources) for loss in each]

    def gramian(self) -> Any:
        """G (K, K) of the gradients of the losses times `scale`, at the shared tensors."""
        scale = self.scale if self.step.scaling is None else self.step.scaling.down(self.scale)
        total = tf.zeros((len(self.per_task),) * 2)
        for i in self.step.net.shared:
            jacobian = self._rows(i)
            if jacobian is not None:
                flat = tf.reshape(jacobian, (len(self.per_task), tf.size(jacobian[0]))) * scale[:, None]
                total += tf.matmul(flat, flat, transpose_b=True)
        return total

    def cotangents(self, active: Any) -> list[Any]:
        """Of each shared tensor the gradients of the losses times `scale` (K, …) float32, 0 where inactive."""
        scale = self.scale if self.step.scaling is None else self.step.scaling.down(self.scale)
        weights = tf.where(active, scale, 0.0)
        found = []
        for i in self.step.net.shared:
            jacobian = self._rows(i)
            if jacobian is None:
                jacobian = tf.zeros((len(self.per_task), *([1] * len(self.cut[i].shape)))) * tf.cast(
                    self.cut[i], tf.float32
                )
            shape = (-1, *([1] * (len(jacobian.shape) - 1)))
            found.append(times(jacobian, tf.broadcast_to(tf.reshape(weights, shape), tf.shape(jacobian))))
        return found

    def _rows(self, i: int) -> Any:
        """Each task's gradient at a cut tensor, float32 (K, …); None: no task reaches it."""
        found = [gradients[i] for gradients in self.per_task]
        like = next((g for g in found if g is not None), None)
        if like is None:
            return None
        return tf.stack([tf.cast(g if g is not None else tf.zeros_like(like), tf.float32) for g in found])

    def down(self, weights: Any, own: Any) -> list[Any]:
        """What each cut tensor receives; None: nothing. Weights (K,) of raw losses: where tasks share, and elsewhere."""
        return [self._sum(i, weights if i in self.step.net.shared else own) for i in range(len(self.cut))]

    def heads(self, weights: Any) -> list[Any]:
        """Gradients of the heads' variables, of raw losses weighted so (K,). 0 where not finite."""
        found = [self._sum(i, weights) for i in range(len(self.cut), len(self.cut) + len(self.step.above))]
        return [None if g is None else finite(g) for g in found]

    def heads_by_own(self, own: Any) -> list[Any]:
        """The same of weights (K,) that are `scale`, or 0 for a task of which nothing is applied."""
        return self.heads(own)

    def sizes(self) -> Any:
        """Something of each task's gradient that is finite where it is: (K,) float32."""
        each = [[g for g in gradients[: len(self.cut)] if g is not None] for gradients in self.per_task]
        return tf.stack([_size(some) for some in each])

    def _sum(self, i: int, weights: Any) -> Any:
        pairs = zip(tf.unstack(weights), (gradients[i] for gradients in self.per_task), strict=True)
        terms = [times(g, w) for w, g in pairs if g is not None]
        return tf.add_n(terms) if terms else None


@dataclasses.dataclass
class Tapped:
    """The same by one backward pass, of a network with tops."""

    step: Step
    cut: list[Any]
    labels: Any
    counts: Any
    scale: Any

    def __post_init__(self) -> None:
        tops: Any = self.step.net.tops
        self.tops = tops
        values = tops.values(self.cut if len(self.cut) > 1 else self.cut[0], training=True)
        # A copy for each task, for a tensor that several read is one tensor to a tape.
        self.read = [tf.identity(v) for v in (values if isinstance(values, (list, tuple)) else [values])]
        above = [v.value for v in self.step.above]
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([*self.read, *above])
            logits = tops.logits(self.read if len(self.read) > 1 else self.read[0], training=True)
            logits = logits if isinstance(logits, (list, tuple)) else [logits]
            named = {task.key: found for task, found in zip(self.step.schema.tasks, logits, strict=True)}
            self.share = self.step.shares_of(named, self.labels, self.counts)
            objective = self.step.scaled(tf.reduce_sum(self.scale * self.share))
        found = tape.gradient(objective, [*self.read, *above])
        self.tape, self.above = tape, above
        self.ours = found[len(self.read) :]  # of the heads' variables, of the losses times `scale`
        pairs = zip(found[: len(self.read)], self.read, strict=True)
        self.delta = [tf.zeros_like(v) if g is None else g for g, v in pairs]  # of each task, at what it reads

    def _gate(self, k: int, i: int) -> Any:
        """How task k mixes the experts of cut tensor i: (B, Eᵢ)."""
        start = 0
        for place in self.tops.reads[k][:-1]:
            stop = start + self.cut[place].shape[1]
            if place == i:
                return self.cut[self.tops.reads[k][-1]][:, start:stop]
            start = stop
        raise LookupError(i)

    def _readers(self) -> dict[tuple[tuple[int, ...], bool], list[int]]:
        """The shared tensors, together where the same tasks read them in the same way."""
        found: dict[tuple[tuple[int, ...], bool], list[int]] = {}
        for i in self.step.net.shared:
            tasks = self.step.net.takers[i]
            found.setdefault((tasks, self.tops.mixture[tasks[0]]), []).append(i)
        return found

    def gramian(self) -> Any:
        """As of `General`."""
        count = len(self.read)
        total = tf.zeros((count, count))
        for (tasks, mixture), places in self._readers().items():
            delta = tf.cast(tf.stack([self.delta[k] for k in tasks], axis=1), tf.float32)  # (B, T, d)
            delta = delta if self.step.scaling is None else self.step.scaling.down(delta)
            if mixture:
                gates = [tf.stack([self._gate(k, i) for k in tasks], axis=1) for i in places]
                gate = tf.cast(tf.concat(gates, axis=2), tf.float32)  # (B, T, E)
                products = tf.matmul(delta, delta, transpose_b=True) * tf.matmul(gate, gate, transpose_b=True)
                part = tf.reduce_sum(products, axis=0)
            else:
                flat = tf.reshape(tf.transpose(delta, (1, 0, 2)), (len(tasks), tf.size(delta[:, 0])))
                part = tf.matmul(flat, flat, transpose_b=True) * len(places)
            # Put there, not multiplied there: what is not finite stays with its task.
            total = tf.tensor_scatter_nd_add(total, np.stack(np.meshgrid(tasks, tasks, indexing="ij"), axis=-1), part)
        return total

    def down(self, weights: Any, own: Any) -> list[Any]:
        """As of `General`."""
        balanced = self._weighted(weights)
        alone = self._weighted(own)
        found: list[Any] = [None] * len(self.cut)
        shared = set(self.step.net.shared)
        for i, tasks in enumerate(self.step.net.takers):
            delta = balanced if i in shared else alone
            if not self.tops.mixture[tasks[0]]:
                found[i] = tf.add_n([delta[k] for k in tasks])
            elif any(self.tops.reads[k][-1] == i for k in tasks):
                found[i] = tf.add_n([self._of_gate(k, delta[k]) for k in tasks])
            else:
                gates = tf.stack([self._gate(k, i) for k in tasks], axis=1)  # (B, T, E)
                each = tf.stack([delta[k] for k in tasks], axis=1)  # (B, T, d)
                found[i] = tf.matmul(gates, tf.cast(each, gates.dtype), transpose_a=True)
        return found

    def _weighted(self, weights: Any) -> list[Any]:
        """Each task's gradient at what it reads, of losses weighted so (K,) in place of by `scale`."""
        factors = tf.unstack(tf.math.divide_no_nan(weights, self.scale))
        return [tf.cast(times(d, w), d.dtype) for d, w in zip(self.delta, factors, strict=True)]

    def _of_gate(self, k: int, delta: Any) -> Any:
        """What the gate of a task receives: ⟨hₑ, δ⟩ of each expert, (B, E)."""
        groups = [self.cut[i] for i in self.tops.reads[k][:-1]]
        return tf.concat([tf.linalg.matvec(group, tf.cast(delta, group.dtype)) for group in groups], axis=1)

    def sizes(self) -> Any:
        """As of `General`."""
        return tf.stack([_size([d]) for d in self.delta])

    def heads(self, weights: Any) -> list[Any]:
        """As of `General`; it costs another pass through the heads."""
        given = self.step.scaled(tf.cast(weights, self.share.dtype))
        found = self.tape.gradient(self.share, self.above, output_gradients=given)
        return [None if g is None else finite(g) for g in found]

    def heads_by_own(self, own: Any) -> list[Any]:
        """As of `General`; it costs another pass where something is left out."""
        there = [g is not None for g in self.ours]
        ours = [finite(g) for g in self.ours if g is not None]
        left_out = tf.reduce_any((own == 0) & (self.scale != 0) & (self.counts > 0))
        found = iter(tf.cond(left_out, lambda: [g for g in self.heads(own) if g is not None], lambda: ours))
        return [next(found) if some else None for some in there]
