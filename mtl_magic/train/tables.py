"""Embedding tables that cost what they touch: only the rows of a batch are read, differentiated and updated.

A batch's ids are de-duplicated; the gradient of each touched row is the sum over its uses; the update touches those
rows and their moments alone. That is the usual choice for recommenders, and the only one whose cost does not grow with
the vocabulary.

For SGD and Adagrad it is no approximation: a row of gradient 0 stays, and so does its sum of squares. For Adam it is
another method, *lazy* Adam. With t the number of steps, g = 0 where a row is not touched, and
m = β₁ m + (1 − β₁) g, v = β₂ v + (1 − β₂) g² (Kingma & Ba 2015), dense Adam moves every row at each step by
−lr √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε): a row that was touched k steps ago still moves, by about (β₁/√β₂)ᵏ of its
first move. Lazy Adam does all three for touched rows alone: a row's moments are those of its own touches, however far
apart, and it rests between them. For a row that every n-th step touches with a like g, both give a touch m's worth of
g in sum; but dense Adam's v tends to g²/n (as long as n is well below 1/(1 − β₂)), lazy Adam's to g², so that dense Adam
moves the row √n times as far. Touched at each step, n = 1, both are the same. 'dense_adam' here is the dense method, at
the cost of the whole table.

'rowwise_adagrad' keeps one number a row, Adagrad's sum over steps of the mean of the row's squared gradient (FBGEMM's
row-wise Adagrad, Naumov et al. 2019, DLRM): 1/dim of Adagrad's memory, and a row moves along its gradient.

Decay is decoupled (Loshchilov & Hutter 2019): a step takes lr · decay · row off the rows that it touches.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from mtl_magic.layers.embedding import FusedEmbedding
from mtl_magic.train import replicas

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7  # Keras' Adam
ADAGRAD_START = 0.1  # Keras' Adagrad


@dataclasses.dataclass(frozen=True)
class Touched:
    """The rows of one table that a batch uses."""

    table: Table
    ids: Any  # (u,) int32, unique
    place: Any  # (B * columns,) int32: which of them each lookup uses
    rows: Any  # (u, dim) float32: differentiate with respect to these

    def embedded(self) -> Any:
        """What the layer gives: (B, columns, dim)."""
        return tf.reshape(tf.gather(self.rows, self.place), (-1, len(self.table.layer.columns), self.table.layer.dim))


class Table:
    """An embedding layer with the state of its row-sparse optimizer.

    Args:
        layer: the layer; it must be built.
        optimizer: 'adam' (lazy), 'dense_adam', 'adagrad', 'rowwise_adagrad' or 'sgd'.
        l2: decay of touched rows: their gradient gets l2 · row per use-free step (each touched row once).
        decay: decoupled decay of touched rows.
    """

    def __init__(self, layer: FusedEmbedding, optimizer: str = "adam", l2: float = 0.0, decay: float = 0.0) -> None:
        self.layer, self.optimizer, self.l2, self.decay = layer, optimizer, l2, decay
        shape = layer.table.shape
        self.slots: dict[str, tf.Variable] = {}
        if optimizer in ("adam", "dense_adam"):
            start = {"m": tf.zeros(shape), "v": tf.zeros(shape)}
        elif optimizer == "adagrad":
            start = {"sum": tf.fill(shape, ADAGRAD_START)}
        elif optimizer == "rowwise_adagrad":
            start = {"sum": tf.fill((shape[0], 1), ADAGRAD_START)}
        elif optimizer == "sgd":
            start = {}
        else:
            raise ValueError(f"no row-sparse form of the optimizer {optimizer!r}")
        for name, value in start.items():
            self.slots[name] = tf.Variable(value, trainable=False, name=f"{layer.name}_{name}")

    def touch(self, ids: Any) -> Touched:
        """Packed ids (B, width) -> the rows that they use."""
        flat = tf.reshape(self.layer.rows_of(ids), (-1,))
        unique, place = tf.unique(flat)
        return Touched(self, unique, place, tf.gather(self.layer.table.value, unique))

    def apply(self, touched: Touched, gradient: Any, lr: Any, step: Any) -> None:
        """One step on the touched rows; `gradient` (u, dim) or the IndexedSlices that a tape gives."""
        self.move(*self.summed(touched, gradient), lr, step)

    def summed(self, touched: Touched, gradient: Any) -> tuple[Any, Any]:
        """The gradient of each row that any replica touched: ids (u,) int32, unique, and gradients (u, dim) float32."""
        gradient = tf.convert_to_tensor(gradient)
        ids = replicas.gathered(touched.ids)
        if ids is not touched.ids:  # several replicas touched: sum the gradients of the rows that they have in common
            ids, place = tf.unique(ids)
            gradient = tf.math.unsorted_segment_sum(replicas.gathered(gradient), place, tf.size(ids))
        return ids, gradient

    def move(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        """One step on rows `ids` (u,) by `gradient` (u, dim), both as `summed` gives them; `step` () counts from 0."""
        if self.l2:
            gradient += self.l2 * tf.gather(self.layer.table.value, ids)
        if self.decay:
            rows = tf.gather(self.layer.table.value, ids)
            replicas.update(self.layer.table.value, _subtract, ids, lr * self.decay * rows)
        update = {
            "adam": self._adam,
            "dense_adam": self._dense_adam,
            "adagrad": self._adagrad,
            "rowwise_adagrad": self._rowwise_adagrad,
            "sgd": self._sgd,
        }[self.optimizer]
        update(ids, gradient, lr, step)

    def _adam(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        rate = _adam_rate(lr, step)
        m = BETA1 * tf.gather(self.slots["m"], ids) + (1 - BETA1) * gradient
        v = BETA2 * tf.gather(self.slots["v"], ids) + (1 - BETA2) * gradient**2
        replicas.update(self.slots["m"], _set, ids, m)
        replicas.update(self.slots["v"], _set, ids, v)
        replicas.update(self.layer.table.value, _subtract, ids, rate * m / (tf.sqrt(v) + EPSILON))

    def _dense_adam(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        rate = _adam_rate(lr, step)
        m = _added(BETA1 * self.slots["m"], ids, (1 - BETA1) * gradient)
        v = _added(BETA2 * self.slots["v"], ids, (1 - BETA2) * gradient**2)
        replicas.update(self.slots["m"], _assign, m)
        replicas.update(self.slots["v"], _assign, v)
        replicas.update(self.layer.table.value, _assign_sub, rate * m / (tf.sqrt(v) + EPSILON))

    def _adagrad(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        total = tf.gather(self.slots["sum"], ids) + gradient**2
        replicas.update(self.slots["sum"], _set, ids, total)
        replicas.update(self.layer.table.value, _subtract, ids, lr * gradient / tf.sqrt(total + EPSILON))

    def _rowwise_adagrad(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        total = tf.gather(self.slots["sum"], ids) + tf.reduce_mean(gradient**2, axis=1, keepdims=True)
        replicas.update(self.slots["sum"], _set, ids, total)
        replicas.update(self.layer.table.value, _subtract, ids, lr * gradient / tf.sqrt(total + EPSILON))

    def _sgd(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        replicas.update(self.layer.table.value, _subtract, ids, lr * gradient)


def _adam_rate(lr: Any, step: Any) -> Any:
    """The learning rate with both moments' start at 0 made up for: ()."""
    t = tf.cast(step, tf.float32) + 1.0
    return lr * tf.sqrt(1.0 - BETA2**t) / (1.0 - BETA1**t)


def _added(whole: Any, ids: Any, rows: Any) -> Any:
    """`whole` (rows, dim) with `rows` (u, dim) added at `ids` (u,)."""
    return tf.tensor_scatter_nd_add(whole, ids[:, None], rows)


def _assign(variable: tf.Variable, value: Any) -> None:
    variable.assign(value)


def _assign_sub(variable: tf.Variable, value: Any) -> None:
    variable.assign_sub(value)


def _set(variable: tf.Variable, ids: Any, rows: Any) -> None:
    variable.scatter_update(tf.IndexedSlices(rows, ids))


def _subtract(variable: tf.Variable, ids: Any, rows: Any) -> None:
    variable.scatter_sub(tf.IndexedSlices(rows, ids))
