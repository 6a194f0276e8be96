"""The compiled step: rows in, all weights moved once.

Looked-up embedding rows are inputs of the trunk, so that their gradients are small dense tensors; the K losses become
one direction by the balancing method's weights, from the losses alone or from their gradients (`train/balanced.py`). All sums over rows are global sums, so that the step is the same under `strategy.run`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.balance._base import BalanceTask, Evidence, one_scale
from mtl_magic.train import replicas
from mtl_magic.train.average import Average
from mtl_magic.train.balanced import Balanced
from mtl_magic.train.conflicts import PLANES
from mtl_magic.train.look_back import LookBack
from mtl_magic.train.losses import row_losses, row_weights
from mtl_magic.train.optimizers import Optimizers, tables_of
from mtl_magic.train.scaling import Guarded, LossScale
from mtl_magic.train.tables import Table, Touched
from mtl_magic.train.whole import shares
from mtl_magic.train.xla import Dense

if TYPE_CHECKING:
    from mtl_magic.balance._base import Balance
    from mtl_magic.data.schema import Schema
    from mtl_magic.model.net import Net
    from mtl_magic.train.gauge import Gauge


START = (tf.TensorSpec((), tf.int32),)


def _compiled(whole: Callable[..., None], signature: tuple[Any, ...]) -> Callable[..., None]:
    made: Callable[..., None] = tf.function(whole, input_signature=signature, autograph=False)
    return made


def _by_all(share: Callable[..., None]) -> Callable[..., None]:
    """A replica's share of something as a function that all replicas run."""
    strategy = tf.distribute.get_strategy()
    return share if strategy.num_replicas_in_sync == 1 else lambda *args: strategy.run(share, args=args)


@dataclasses.dataclass
class Rates:
    """What may change between steps without a new graph; replicas hold them alike."""

    lr: tf.Variable  # ()
    person: tf.Variable  # (K,) the weights that the person set
    step: tf.Variable  # () int64


class Step:
    """One compiled step of training.

    Args:
        net: the network.
        schema: its tasks.
        method: the balancing method.
        optimizer: a Keras optimizer for the dense variables; its learning rate follows `rates.lr`.
        table_optimizer: row-sparse optimizer of the tables.
        person: the initial weights, one a task.
        average: decay of the averaged dense weights; None: no averaging.
        clip: greatest global norm of all gradients, dense and of table rows; None: they stay as they are.
        weight_decay: decoupled decay of touched table rows; that of kernels is the optimizer's own `weight_decay`, from
            which biases and other vectors are left out where this is above 0.
        jit: whether XLA compiles the dense part of steps of `full` rows.
        scaled: whether losses are scaled before they are differentiated, for layers that compute in float16.
        base: the learning rate to which that of a part's own Keras optimizer is in proportion; None: the optimizer's.
    """

    def __init__(
        self,
        net: Net,
        schema: Schema,
        method: Balance,
        optimizer: Any,
        *,
        table_optimizer: str = "adam",
        person: list[float] | None = None,
        average: float | None = None,
        clip: float | None = None,
        weight_decay: float = 0.0,
        base: float | None = None,
        scaled: bool = False,
        jit: bool = False,
    ) -> None:
        self.net, self.schema, self.method, self.optimizer = net, schema, method, optimizer
        tasks = schema.tasks
        self.clip = clip
        self.tasks = tuple(BalanceTask(t.name, t.kind.likelihood) for t in tasks)
        self.tables = tables_of(net.embeddings, net.tables, table_optimizer, weight_decay)
        self.variables = net.dense_variables()
        self.rates = Rates(
            replicas.shared_variable(0.0, "lr"),
            replicas.shared_variable(person or [1.0] * len(tasks), "person", tf.float32),
            replicas.shared_variable(0, "step", tf.int64),
        )
        trunk = {id(v) for v in net.trunk.trainable_variables}
        self.below = [v for v in self.variables if id(v) in trunk]
        self.above = [v for v in self.variables if id(v) not in trunk]
        self.table_ids = {id(e.table) for e in net.embeddings}
        self.epoch_steps: int | None = None  # see `Evidence`; `Step.epoch` sets it
        # Steps so far in which a task was left out, for its loss or gradient was not finite (`train/balanced.py`).
        self.left_out = replicas.shared_variable([0.0] * len(tasks), "left_out")
        # What steps saw of gradients so far, see `train/conflicts.py`. float64: the host looks at differences.
        self.watched = replicas.shared_variable(tf.zeros((PLANES, len(tasks), len(tasks)), tf.float64), "watched")
        self.gauge: Gauge | None = None  # looks at gradients now and then, for a method that does not
        self._start()
        self.applied = replicas.shared_variable([1.0] * len(tasks), "applied")
        # Of this epoch: summed loss and weight of the labelled rows of each task, which is their number where all weigh 1. float64, and cleared by the host once an
        # epoch, so that what a history holds does not depend on when the host looked.
        self.sums = replicas.shared_variable(tf.zeros((2, len(tasks)), tf.float64), "sums")
        constants = [t.constant_loss if t.sampled_loss is None else t.sampled_loss for t in tasks]
        self.constants = tf.constant(constants, tf.float32)
        base = float(np.array(optimizer.learning_rate)) if base is None else base
        self.dense = Optimizers(optimizer, self.variables, net.apart, weight_decay, base)
        self.average = Average(self.variables, average)
        self.scaling = LossScale() if scaled else None
        width = [schema.id_width, schema.float_width]
        self.signature = (
            tf.TensorSpec((None, width[0]), tf.int32),
            tf.TensorSpec((None, width[1]), tf.float32),
            tf.TensorSpec((None, schema.beside.width), tf.float32),
        )
        self.strategy = tf.distribute.get_strategy()
        alone = self.strategy.num_replicas_in_sync == 1
        self._taken = self.signature if alone else replicas.signature(self.signature)
        self.xla: Dense | None = None  # None too where XLA has failed
        self.full = 0  # rows of most steps
        self._compile(jit)
        self._settlers = [_compiled(_by_all(partial(self._settle, table)), START) for table in self.tables]

    def _start(self) -> None:
        """The method, and its state before its first step."""
        self.balanced = Balanced(self) if self.method.uses != "losses" else None
        self.look_back = LookBack(self) if self.method.looks_back else None
        found = {**self.method.start(self.tasks), **(self.balanced.start() if self.balanced else {})}
        self.state = {name: replicas.shared_variable(value, f"balance_{name}") for name, value in found.items()}

    def epoch(self, steps: int) -> None:
        """How many steps an epoch has; a step of a method that counts them, traced with another number, is traced anew."""
        if self.method.counts_epochs and self.epoch_steps not in (None, steps):
            self._compile(jit=self.xla is not None)
        self.epoch_steps = steps

    def _compile(self, jit: bool) -> None:
        """Functions that nothing has traced yet, with XLA's among them where it is asked for."""
        self.xla = Dense(self) if jit else None
        self._as_it_is = _compiled(self._whole(self.gradients), self._taken)
        self._by_xla = _compiled(self._whole(self.xla.gradients), self._taken) if self.xla is not None else None
        # Of one replica, the batch; of several, what `cut` makes of it.
        self.run: Callable[..., None] = self._either if self.xla is not None else self._as_it_is

    def change_method(self, method: Balance) -> None:
        """Balance by another method from the next step on, which begins with its first state; the step is traced anew.

        All else stays: weights, moments, averages, the person's weights.
        """
        self.method = method
        with self.strategy.scope():
            self._start()
            self._compile(jit=self.xla is not None)

    def _either(self, ids: Any, floats: Any, labels: Any) -> None:
        by_xla = self._by_xla if self.xla is not None and len(labels) == self.full else None
        (by_xla or self._as_it_is)(ids, floats, labels)

    def _whole(self, gradients: Callable[..., Any]) -> Callable[..., None]:
        """A step of all replicas, with such a function in place of `gradients`."""
        compute = partial(self._computed, gradients)
        if self.scaling is not None:
            return Guarded(self, self.scaling, compute).run
        return _by_all(partial(self.replica_step, compute))

    def cut(self, batch: Sequence[Any]) -> Sequence[Any]:
        """Arguments of `run` for a batch of arrays: each replica's share of the rows."""
        if self.strategy.num_replicas_in_sync == 1:
            return batch
        at, count = self.schema.beside.lists, self.strategy.num_replicas_in_sync
        stops = None if at is None else shares(batch[2], at, count)
        with self.strategy.scope():
            return replicas.cut(batch, stops)

    def by_all(self, share: Callable[..., None]) -> Callable[..., None]:
        """A replica's share of something done with a batch, compiled; it takes what `run` does."""
        return _compiled(_by_all(share), self._taken)

    def settle(self) -> None:
        """What tables have put off is done: to be called before the weights are read (`Table.settle`)."""
        for table, some in zip(self.tables, self._settlers, strict=True):
            for start in table.unsettled:
                some(tf.constant(start))

    # -- one replica's share of a step; everything below is traced ---------------------------------------------------

    def replica_step(self, compute: Callable[..., Any], ids: Any, floats: Any, labels: Any) -> None:
        touched, dense, rows, sums, seen = compute(ids, floats, labels)
        self.apply(touched, dense, rows, sums)
        if self.look_back:
            self.look_back.after(seen, sums, ids, floats, labels)

    def _computed(
        self, gradients_of: Callable[..., Any], ids: Any, floats: Any, labels: Any
    ) -> tuple[list[Touched], list[Any], list[Any], Any, list[Any]]:
        """What a step needs of its rows: the rows of tables that they touch and whose gradients there are, this
        replica's share of the gradients of the variables and of those rows, the sums of `gradients`, and what
        `LookBack.before` sees.
        """
        touched = [table.touch(ids, self.rates.lr.value(), self.rates.step.value()) for table in self.tables]
        seen = self.look_back.before(touched, ids, floats, labels) if self.look_back else []
        gradients, sums = gradients_of(ids, floats, labels, touched)
        dense = [
            tf.convert_to_tensor(g) if g is not None else tf.zeros(v.shape, v.dtype)
            for g, v in zip(gradients, self.variables, strict=False)
        ]
        read = [(t, g) for t, g in zip(touched, gradients[len(self.variables) :], strict=True) if g is not None]
        return [t for t, _ in read], dense, [g for _, g in read], sums, seen

    def apply(self, touched: list[Touched], dense: list[Any], rows: list[Any], sums: Any) -> None:
        """Moves all weights, by what `_computed` gives."""
        lr = self.rates.lr
        dense = self.dense.regularised(dense)
        summed = [t.table.summed(t, g) for t, g in zip(touched, rows, strict=True)]
        if self.clip is not None:
            dense, summed = self._clipped(dense, summed)
        self.dense.apply(dense, lr)
        for t, moved in zip(touched, summed, strict=True):
            t.table.move(*moved, lr, self.rates.step.value(), t)
        self.average.update(self.rates.step)
        self.sums.assign_add(tf.cast(sums, tf.float64))
        self.rates.step.assign_add(1)

    def _settle(self, table: Table, start: Any) -> None:
        table.settle(self.rates.lr.value(), self.rates.step.value(), start)

    def gradients(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[list[Any], Any]:
        """This replica's share of the gradients of the variables, then of the touched rows (None: nothing reads them),
        and over all replicas the summed losses and the counts, (2, K).
        """
        if self.balanced is not None:
            return self.balanced.gradients(ids, floats, labels, touched)
        return self._balanced_by_losses(ids, floats, labels, touched)

    def _clipped(self, dense: list[Any], tables: list[tuple[Any, Any]]) -> tuple[list[Any], list[tuple[Any, Any]]]:
        """All gradients scaled by one factor, so that their global norm is `clip` at most.

        The dense ones are a replica's share, which the optimizer sums: the norm is that of the sums, the factor goes to
        the shares. The rows' ones are summed already.
        """
        norm = tf.linalg.global_norm([*(replicas.total(g) for g in dense), *(g for _, g in tables)])
        scaled, _ = tf.clip_by_global_norm([*dense, *(g for _, g in tables)], self.clip, use_norm=norm)
        return scaled[: len(dense)], [(i, g) for (i, _), g in zip(tables, scaled[len(dense) :], strict=True)]

    def _trunk(self, ids: Any, floats: Any, touched: list[Touched]) -> list[Any]:
        inputs = [t for t, width in ((ids, self.schema.id_width), (floats, self.schema.float_width)) if width]
        found = {id(t.table.layer): t.embedded() for t in touched}
        # The tables of frozen features are looked up, and that is all.
        rows = [found[id(e)] if id(e) in found else e(ids) for e in self.net.embeddings]
        cut = self.net.trunk([*inputs, *rows], training=True)
        return list(cut) if isinstance(cut, (list, tuple)) else [cut]

    def _added(self) -> Any:
        """What layers of the user's own add to the loss (regularisers, `add_loss`), a replica's share of it: ()."""
        found = [tf.cast(loss, tf.float32) for loss in self.net.trunk.losses]
        replicas_ = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n(found) / replicas_ if found else tf.zeros(())

    def _losses(self, cut: list[Any], labels: Any) -> tuple[Any, Any, Any]:
        """This replica's share of each task's mean loss (K,), the global mean (K,), and the global counts (K,)."""
        counts = self._counts(labels)
        share = self._shares(cut, labels, counts)
        return share, replicas.total(tf.stop_gradient(share)), counts

    def _counts(self, labels: Any) -> Any:
        """Labelled rows of each task over all replicas, by their weights: (K,) float32."""
        return replicas.total(tf.reduce_sum(row_weights(self.schema, labels), axis=0))

    def _shares(self, cut: list[Any], labels: Any, counts: Any) -> Any:
        """What these rows add to the mean losses over `counts` labelled rows: (K,)."""
        return self.shares_of(self.net.heads(cut if len(cut) > 1 else cut[0], training=True), labels, counts)

    def losses_of(self, ids: Any, floats: Any, labels: Any, counts: Any, touched: list[Touched]) -> Any:
        """`_shares` in no tape: (K,). With nothing touched, tables are looked up anew."""
        return self._shares(self._trunk(ids, floats, touched), labels, counts)

    def shares_of(self, logits: dict[str, Any], labels: Any, counts: Any) -> Any:
        """The same of the tasks' logits (B, units), by key."""
        losses, _ = row_losses(self.schema, logits, labels, self.net.terms, training=True)
        return tf.reduce_sum(losses, axis=0) / tf.where(counts > 0, counts, 1.0)

    def _scale(self) -> Any:
        """What a method sees of a raw loss: times the person's weight, over the constant's loss where normalised: (K,)."""
        person = self.rates.person.value()
        return person / self.constants if self.method.normalised else person

    def evidence(self, losses: Any, counts: Any) -> Evidence:
        """What a method of losses sees."""
        step, person = self.rates.step.value(), self.rates.person.value()
        return Evidence(losses * self._scale(), losses, counts > 0, step, epoch_steps=self.epoch_steps, person=person)

    def _weights(self, losses: Any, counts: Any, gramian: Any = None) -> Any:
        """What each raw loss is multiplied by (K,): method, constants, person; state moves on."""
        if self.balanced is not None:
            return self.balanced.weights(losses, counts, gramian)
        evidence = self.evidence(losses, counts)
        active = evidence.active
        state = {name: variable.value() for name, variable in self.state.items()}
        weights, state = self.method.weights(evidence, state, self.tasks)
        weights = tf.stop_gradient(weights)
        if self.method.rescaled:
            weights = one_scale(weights, active)
        for name, value in state.items():
            self.state[name].assign(value)
        self.applied.assign(tf.where(active, weights * self.rates.person, self.applied.value()))
        return tf.where(active, weights * self._scale(), 0.0)

    def scaled(self, loss: Any) -> Any:
        """A loss, or what stands for one, as it is differentiated."""
        return loss if self.scaling is None else self.scaling.up(loss)

    def _balanced_by_losses(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[list[Any], Any]:
        rows = [t.rows for t in touched]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*(v.value for v in self.variables), *rows])
            share, losses, counts = self._losses(self._trunk(ids, floats, touched), labels)
            objective = self.scaled(tf.reduce_sum(self._weights(losses, counts) * share) + self._added())
        gradients = tape.gradient(objective, [*(v.value for v in self.variables), *rows])
        return gradients, tf.stack([losses * counts, counts])
