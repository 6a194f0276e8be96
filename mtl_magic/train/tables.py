"""Embedding tables that cost what they touch: only the rows of a batch are read, differentiated and updated.

A batch's ids are de-duplicated; the gradient of each touched row is the sum over its uses; the update touches those
rows and their moments alone. With Adam this is *lazy* Adam: the moments of a row that a batch does not touch do not
decay (Keras' Adam decays them and moves the row all the same), which is the usual choice for recommenders and the only
one whose cost does not grow with the vocabulary.
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
        optimizer: 'adam' (lazy), 'adagrad' or 'sgd'.
        l2: decay of touched rows: their gradient gets l2 · row per use-free step (each touched row once).
    """

    def __init__(self, layer: FusedEmbedding, optimizer: str = "adam", l2: float = 0.0) -> None:
        self.layer, self.optimizer, self.l2 = layer, optimizer, l2
        shape = layer.table.shape
        self.slots: dict[str, tf.Variable] = {}
        if optimizer == "adam":
            start = {"m": tf.zeros(shape), "v": tf.zeros(shape)}
        elif optimizer == "adagrad":
            start = {"sum": tf.fill(shape, ADAGRAD_START)}
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
        gradient = tf.convert_to_tensor(gradient)
        ids = replicas.gathered(touched.ids)
        if ids is not touched.ids:  # several replicas touched: sum the gradients of the rows that they have in common
            ids, place = tf.unique(ids)
            gradient = tf.math.unsorted_segment_sum(replicas.gathered(gradient), place, tf.size(ids))
        if self.l2:
            gradient += self.l2 * tf.gather(self.layer.table.value, ids)
        update = {"adam": self._adam, "adagrad": self._adagrad, "sgd": self._sgd}[self.optimizer]
        update(ids, gradient, lr, step)

    def _adam(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        t = tf.cast(step, tf.float32) + 1.0
        rate = lr * tf.sqrt(1.0 - BETA2**t) / (1.0 - BETA1**t)
        m = BETA1 * tf.gather(self.slots["m"], ids) + (1 - BETA1) * gradient
        v = BETA2 * tf.gather(self.slots["v"], ids) + (1 - BETA2) * gradient**2
        replicas.update(self.slots["m"], _set, ids, m)
        replicas.update(self.slots["v"], _set, ids, v)
        replicas.update(self.layer.table.value, _subtract, ids, rate * m / (tf.sqrt(v) + EPSILON))

    def _adagrad(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        total = tf.gather(self.slots["sum"], ids) + gradient**2
        replicas.update(self.slots["sum"], _set, ids, total)
        replicas.update(self.layer.table.value, _subtract, ids, lr * gradient / tf.sqrt(total + EPSILON))

    def _sgd(self, ids: Any, gradient: Any, lr: Any, step: Any) -> None:
        replicas.update(self.layer.table.value, _subtract, ids, lr * gradient)


def _set(variable: tf.Variable, ids: Any, rows: Any) -> None:
    variable.scatter_update(tf.IndexedSlices(rows, ids))


def _subtract(variable: tf.Variable, ids: Any, rows: Any) -> None:
    variable.scatter_sub(tf.IndexedSlices(rows, ids))
