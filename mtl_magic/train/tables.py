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

'deferred_adam' gives dense Adam's result at lazy Adam's cost. What a row misses while it rests is known: its moments decay
to β₁ᵏ m and β₂ᵏ v, and with r = β₁/√β₂ it moves by −rate · m/(√v + ε) · (r + r² + … + rᵏ). So a row that a batch touches
first makes up for the k steps that it missed, and all rows do before the model is evaluated or kept (`settle`). The rate
of the missed steps is taken to be that of the last of them, and ε not to matter; with a steady rate the two agree.

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
SETTLED = 2**18  # rows that `settle` computes at a time


@dataclasses.dataclass(frozen=True)
class Touched:
    """The rows of one table that a batch uses."""

    table: Table
    ids: Any  # (u,) int32, unique
    place: Any  # (B * columns,) int32: which of them each lookup uses
    rows: Any  # (u, dim) float32: differentiate with respect to these
    missed: Missed | None = None  # of 'deferred_adam': what the table has not taken in yet, and `rows` have

    def embedded(self) -> Any:
        """What the layer gives: (B, columns, dim)."""
        return tf.reshape(tf.gather(self.rows, self.place), (-1, len(self.table.layer.columns), self.table.layer.dim))

    def one_in(self, n: int) -> Touched:
        """What every n-th row of the batch, from the first, looks up; to be read alone."""
        place = tf.reshape(self.place, (-1, len(self.table.layer.columns)))
        return dataclasses.replace(self, place=tf.reshape(place[::n], (-1,)))


@dataclasses.dataclass(frozen=True)
class Missed:
    """What rows miss while no batch touches them: by how much they move, (u, dim), and their moments after it."""

    moves: Any
    m: Any
    v: Any


class Table:
    """An embedding layer with the state of its row-sparse optimizer.

    Args:
        layer: the layer; it must be built.
        optimizer: 'adam' (lazy), 'deferred_adam', 'dense_adam', 'adagrad', 'rowwise_adagrad' or 'sgd'.
        l2: the gradient of a touched row gets l2 · row, once a step however often the batch uses it. A row that rests
            is not drawn to 0, and the pull is scaled by the optimizer like any gradient; `decay` is not.
        decay: decoupled decay of touched rows.
        factor: of this table's learning rate over the training's.
    """

    def __init__(
        self,
        layer: FusedEmbedding,
        optimizer: str = "adam",
        l2: float = 0.0,
        decay: float = 0.0,
        factor: float = 1.0,
    ) -> None:
        self.layer, self.optimizer, self.l2, self.decay, self.factor = layer, optimizer, l2, decay, factor
        shape = layer.table.shape
        self.slots: dict[str, tf.Variable] = {}
        if optimizer in ("adam", "dense_adam", "deferred_adam"):
            start = {"m": tf.zeros(shape), "v": tf.zeros(shape)}
            if optimizer == "deferred_adam":  # steps whose moves a row has; a float holds 16 million of them exactly
                start["steps"] = tf.zeros((shape[0], 1))
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

    def touch(self, ids: Any, lr: Any = None, step: Any = None) -> Touched:
        """Packed ids (B, width) -> the rows that they use, before step `step` (); 'deferred_adam' needs it and the rate."""
        flat = tf.reshape(self.layer.rows_of(ids), (-1,))
        unique, place = tf.unique(flat)
        rows = tf.gather(self.layer.table.value, unique)
        if self.optimizer != "deferred_adam":
            return Touched(self, unique, place, rows)
        missed = self._missed(unique, self._rate(lr), step)
        return Touched(self, unique, place, rows - missed.moves, missed)

    def apply(self, touched: Touched, gradient: Any, lr: Any, step: Any) -> None:
        """One step on the touched rows; `gradient` (u, dim) or the IndexedSlices that a tape gives."""
        self.move(*self.summed(touched, gradient), lr, step, touched)

    def summed(self, touched: Touched, gradient: Any) -> tuple[Any, Any]:
        """The gradient of each row that any replica touched: ids (u,) int32, unique, and gradients (u, dim) float32."""
        gradient, rows = tf.convert_to_tensor(gradient), touched.rows
        ids = replicas.gathered(touched.ids)
        if ids is not touched.ids:  # several replicas touched: sum the gradients of the rows that they have in common
            ids, place = tf.unique(ids)
            gradient = tf.math.unsorted_segment_sum(replicas.gathered(gradient), place, tf.size(ids))
            if self.l2:  # all have the same row
                rows = tf.math.unsorted_segment_max(replicas.gathered(rows), place, tf.size(ids))
        return ids, gradient + self.l2 * rows if self.l2 else gradient

    def move(self, ids: Any, gradient: Any, lr: Any, step: Any, touched: Touched | None = None) -> None:
        """One step on rows `ids` (u,) by `gradient` (u, dim), both as `summed` gives them; `step` () counts from 0.

        Args:
            touched: where `ids` may be those of it, so that what they missed is not computed again.
        """
        missed, lr = None, self._rate(lr)
        if self.optimizer == "deferred_adam":
            known = touched is not None and ids is touched.ids
            missed = touched.missed if touched is not None and known else self._missed(ids, lr, step)
        if self.decay:
            rows = tf.gather(self.layer.table.value, ids)
            rows = rows if missed is None else rows - missed.moves
            replicas.update(self.layer.table.value, _subtract, ids, lr * self.decay * rows)
        if missed is not None:
            self._deferred_adam(ids, gradient, lr, step, missed)
            return
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

    def _deferred_adam(self, ids: Any, gradient: Any, lr: Any, step: Any, missed: Missed) -> None:
        m = BETA1 * missed.m + (1 - BETA1) * gradient
        v = BETA2 * missed.v + (1 - BETA2) * gradient**2
        own = _adam_rate(lr, step) * m / (tf.sqrt(v) + EPSILON)
        self._write(ids, Missed(missed.moves + own, m, v), step + 1)

    def _write(self, ids: Any, moved: Missed, steps: Any) -> None:
        """Rows `ids` (u,) as they are after so many steps."""
        replicas.update(self.slots["m"], _set, ids, moved.m)
        replicas.update(self.slots["v"], _set, ids, moved.v)
        replicas.update(self.slots["steps"], _set, ids, tf.fill((tf.size(ids), 1), tf.cast(steps, tf.float32)))
        replicas.update(self.layer.table.value, _subtract, ids, moved.moves)

    def _missed(self, ids: Any, lr: Any, step: Any) -> Missed:
        """What rows `ids` (u,) have missed of the steps before `step`."""
        rested = tf.cast(step, tf.float32) - tf.gather(self.slots["steps"], ids)  # (u, 1), k above
        m, v = tf.gather(self.slots["m"], ids), tf.gather(self.slots["v"], ids)
        ratio = BETA1 / BETA2**0.5
        moves = ratio * (1.0 - ratio**rested) / (1.0 - ratio)
        moves *= _adam_rate(lr, tf.maximum(step - 1, 0)) * m / (tf.sqrt(v) + EPSILON)
        return Missed(moves, BETA1**rested * m, BETA2**rested * v)

    def settle(self, lr: Any, step: Any, start: Any = 0) -> None:
        """`SETTLED` rows from `start` on make up for what they have missed before step `step` (); some, to spare memory."""
        if self.optimizer == "deferred_adam":
            ids = tf.range(start, tf.minimum(start + SETTLED, self.layer.table.shape[0]))
            self._write(ids, self._missed(ids, self._rate(lr), step), step)

    def _rate(self, lr: Any) -> Any:
        return lr if self.factor == 1.0 else lr * self.factor

    @property
    def unsettled(self) -> range:
        """Where `settle` starts, one after another, for all rows; empty where nothing is put off."""
        return range(0, self.layer.table.shape[0] if self.optimizer == "deferred_adam" else 0, SETTLED)

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
