"""A step in slices: the gradient of many rows in the memory of few.

The losses of a step are sums over rows over numbers of labels, and these numbers are known before any slice is
computed; so the slices' gradients add up to exactly that of all rows at once. The weights of most balancing methods
depend on the losses of all rows: for these a first pass computes the losses, or the Gramian (rows of slices are
different rows, so it adds up as well), slice by slice and without gradients of the trunk; the pass that follows needs
one backward pass through the trunk. Dropout's random state is put back in between, so that both passes draw the same masks.

What a layer knows of other rows, it knows of its slice: batch normalisation takes the means of a slice, and its moving
ones move with each slice of each pass; a loss of the user's own that mixes rows sees those of a slice.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from mtl_magic.balance._base import Balance, BalanceTask, Evidence
from mtl_magic.problems import MtlError, Problem
from mtl_magic.train import replicas
from mtl_magic.train.step import Step
from mtl_magic.train.tables import Touched


class Accumulated(Step):
    """A step whose rows are computed in slices, one after another.

    Args:
        *args: of `Step`.
        slices: how many, at most; a replica's rows fall into slices of one size, the last of which may be smaller.
        **kwargs: of `Step`.
    """

    def __init__(self, *args: Any, slices: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slices = slices
        self.looks_first = self._looks_first()
        self.masks = [v for v in self.net.model.variables if v.path.endswith("seed_generator_state")]

    def _looks_first(self) -> bool:
        return self.balanced is not None or reads_losses(self.method, self.tasks)

    def change_method(self, method: Balance) -> None:
        if refused := unfit(method):
            raise MtlError(Problem("MTL310", refused[0], hint=refused[1]))
        super().change_method(method)
        self.looks_first = self._looks_first()

    # No collective operation stands inside a loop: replicas need not have the same number of slices.

    def gradients(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[list[Any], Any]:
        counts = self._counts(labels)
        batch = Slices(ids, floats, labels, touched, self.slices)
        if self.looks_first:
            before = [tf.identity(v.value) for v in self.masks]
            losses, gramian = self._look(batch, counts)
            weights = own = self._weights(losses, counts, gramian)
            if self.balanced is not None:
                own = self.balanced.own_weights(weights, losses, counts, gramian)
            for variable, value in zip(self.masks, before, strict=True):
                variable.assign(value)
        else:
            weights = own = self._weights(tf.zeros_like(counts), counts)
        gradients, share = self._sum(batch, counts, weights, own)
        losses = replicas.total(share)
        if self.balanced is not None:
            return gradients, self.balanced.sums(losses, counts)
        return gradients, tf.stack([losses * counts, counts])

    def losses_of(self, ids: Any, floats: Any, labels: Any, counts: Any, touched: list[Touched]) -> Any:
        """See `Step.losses_of`; in slices as well."""
        batch = Slices(ids, floats, labels, touched, self.slices)

        def body(i: Any, share: Any) -> tuple[Any, Any]:
            some_ids, some_floats, some_labels, some, _ = batch.at(i)
            return i + 1, share + self._shares(self._trunk(some_ids, some_floats, some), some_labels, counts)

        return batch.loop(body, tf.zeros_like(counts))[1]

    def _look(self, batch: Slices, counts: Any) -> tuple[Any, Any]:
        """Mean losses (K,) and, where the method asks for it, the Gramian (K, K) of all rows."""
        tasks = len(self.tasks)

        def body(i: Any, share: Any, gramian: Any) -> tuple[Any, Any, Any]:
            ids, floats, labels, touched, _ = batch.at(i)
            cut = self._trunk(ids, floats, touched)
            if self.balanced is None:
                return i + 1, share + self._shares(cut, labels, counts), gramian
            taps = self.balanced.taps(cut, labels, counts)
            return i + 1, share + taps.share, gramian + taps.gramian()

        _, share, gramian = batch.loop(body, tf.zeros((tasks,)), tf.zeros((tasks, tasks)))
        return replicas.total(share), None if self.balanced is None else replicas.total(gramian)

    def _sum(self, batch: Slices, counts: Any, weights: Any, own: Any) -> tuple[list[Any], Any]:
        """Gradients of the variables and of the touched rows, None for rows that nothing reads, and the losses (K,):
        all this replica's share.
        """
        variables = [v.value for v in self.variables]
        unread: set[int] = set()

        def body(i: Any, share: Any, *sums: Any) -> tuple[Any, ...]:
            ids, floats, labels, touched, portion = batch.at(i)
            if self.balanced is not None:
                forward = self.balanced.forward(ids, floats, labels, touched, counts)
                found, part = self.balanced.back(forward, weights, own, portion=portion), forward.taps.share
                unread.update(k for k, g in enumerate(found[len(variables) :]) if g is None)
                return i + 1, share + part, *(_plus(s, g) for s, g in zip(sums, found, strict=True))
            rows = [t.rows for t in touched]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([*variables, *rows])
                part = self._shares(self._trunk(ids, floats, touched), labels, counts)
                objective = self.scaled(tf.reduce_sum(weights * part) + portion * self._added())
            found = tape.gradient(objective, [*variables, *rows])
            unread.update(k for k, g in enumerate(found[len(variables) :]) if g is None)
            return i + 1, share + part, *(_plus(s, g) for s, g in zip(sums, found, strict=True))

        start = [*(tf.zeros(v.shape, v.dtype) for v in variables), *(tf.zeros_like(t.rows) for t in batch.touched)]
        _, share, *sums = batch.loop(body, tf.zeros((len(self.tasks),)), *start)
        rows = [None if k in unread else g for k, g in enumerate(sums[len(variables) :])]
        return [*sums[: len(variables)], *rows], share


@dataclasses.dataclass(frozen=True)
class Slices:
    """A replica's rows of a step, cut into at most `most` slices."""

    ids: Any  # (B, id width) int32
    floats: Any  # (B, float width) float32
    labels: Any  # (B, K) float32
    touched: list[Touched]  # of all rows
    most: int

    @property
    def size(self) -> Any:
        """Rows of a slice: () int32."""
        return -(-tf.shape(self.labels)[0] // self.most)

    def at(self, i: Any) -> tuple[Any, Any, Any, list[Touched], Any]:
        """The i-th slice: its ids, floats, labels, what it looks up of the rows touched, and its share of all rows."""
        start, stop = i * self.size, (i + 1) * self.size
        labels = self.labels[start:stop]
        touched = []
        for t in self.touched:
            columns = len(t.table.layer.columns)
            # A copy of the rows, for a tape inside a loop follows what is of the loop's own graph.
            touched.append(
                dataclasses.replace(t, place=t.place[start * columns : stop * columns], rows=tf.identity(t.rows))
            )
        portion = tf.shape(labels)[0] / tf.shape(self.labels)[0]
        return self.ids[start:stop], self.floats[start:stop], labels, touched, tf.cast(portion, tf.float32)

    def loop(self, body: Any, *start: Any) -> Any:
        """`body(i, *state)` -> (i + 1, *state) for each slice, strictly one after another."""
        rows = tf.shape(self.labels)[0]
        return tf.while_loop(lambda i, *_: i * self.size < rows, body, (tf.constant(0), *start), parallel_iterations=1)


def unfit(method: Balance) -> tuple[str, str] | None:
    """Why a method cannot balance steps in slices, and a hint; None: it can."""
    if method.uses == "features":
        return (
            f"'{method.word}' draws one mask for all rows of a step, and accumulate= computes them in slices",
            "leave accumulate out",
        )
    over = getattr(method, "over", "features")
    if over != "features":
        return (
            f"over={over} needs all rows of a step at once, and accumulate= computes them in slices",
            "write over=features, or leave accumulate out",
        )
    return None


def _plus(total: Any, gradient: Any) -> Any:
    if gradient is None:
        return total
    return tf.ensure_shape(total + tf.convert_to_tensor(gradient), total.shape)


def reads_losses(method: Balance, tasks: tuple[BalanceTask, ...]) -> bool:
    """Whether a method's weights or next state depend on the losses of the step, as the graph of its operations says."""
    with tf.Graph().as_default():
        losses, raw = (tf.compat.v1.placeholder(tf.float32, (len(tasks),)) for _ in range(2))
        state = {name: tf.constant(value) for name, value in method.start(tasks).items()}
        evidence = Evidence(losses, raw, tf.constant([True] * len(tasks)), tf.constant(0, tf.int64))
        weights, state = method.weights(evidence, state, tasks)
        waiting, seen = [t.op for t in (weights, *state.values()) if tf.is_tensor(t)], set()
        while waiting:
            operation = waiting.pop()
            if operation.name not in seen:
                seen.add(operation.name)
                waiting += [*(t.op for t in operation.inputs), *operation.control_inputs]
        return losses.op.name in seen or raw.op.name in seen
