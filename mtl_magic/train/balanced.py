"""Gradients of a step whose method balances gradients: where they are compared, and what goes down.

`over=features` compares them at the shared representation, `parameters` at the dense weights behind it, `subbatch` there
too, on the first rows of a batch. Whatever the weights come from, one backward pass then takes Σ wₖ Lₖ through what is
shared; what is a task's own (towers, heads, gates, own experts) learns from its own loss, unless `heads=weighted`.

A task without a labelled row or with a gradient of 0 is left out of the solve. So is one whose loss or gradient is not
finite: nothing of it is applied in that step, its loss is not counted, and `Step.left_out` counts the step. Where no task has a
finite loss the losses are counted as they are, and the loop ends.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from mtl_magic.balance._base import Evidence, one_scale
from mtl_magic.model.graph import behind
from mtl_magic.train import replicas
from mtl_magic.train.scaling import LEAST
from mtl_magic.train.taps import General, Tapped

if TYPE_CHECKING:
    from mtl_magic.train.step import Step
    from mtl_magic.train.tables import Touched

HELD = (
    "held"  # entry of the state of a method that solves every n steps: last weights, and 1 where there are some (2, K)
)


@dataclasses.dataclass
class Forward:
    """A forward pass, ready to go back."""

    tape: Any  # of the trunk, persistent
    below: list[Any]  # values of the trunk's variables, then rows of tables
    cut: list[Any]
    added: Any  # (), see `Step._added`
    taps: General | Tapped


class Balanced:
    """What a `Step` does in place of differentiating one sum.

    Args:
        step: whose method uses a Gramian or features.
    """

    def __init__(self, step: Step) -> None:
        method: Any = step.method
        self.step = step
        self.combines = method.uses == "features"
        self.over = "features" if self.combines else getattr(method, "over", "features")
        self.every = getattr(method, "every", 1)
        self.own = getattr(method, "heads", "own") == "own"
        self.part = getattr(method, "part", 1.0)
        shared = {id(w) for w in self._shared_weights()}
        self.shared = [v for v in step.below if id(v) in shared]

    @property
    def method(self) -> Any:
        """The step's, whose numbers may be assigned."""
        return self.step.method

    def _shared_weights(self) -> list[Any]:
        """The dense weights behind what several tasks read."""
        net = self.step.net
        outputs = net.trunk.outputs
        return [
            w for layer in behind([outputs[i] for i in net.shared]) for w in getattr(layer, "trainable_weights", ())
        ]

    def start(self) -> dict[str, Any]:
        """What the step keeps of weights, beside the method's own state."""
        return {HELD: tf.zeros((2, len(self.step.tasks)))} if self.every > 1 else {}

    # -- the step ----------------------------------------------------------------------------------------------------

    def gradients(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[list[Any], Any]:
        """As `Step.gradients`."""
        step = self.step
        counts = step._counts(labels)  # noqa: SLF001
        found = self._on_a_part(ids, floats, labels, touched) if self.over == "subbatch" else None
        forward = self.forward(ids, floats, labels, touched, counts)
        losses = replicas.total(forward.taps.share)
        if found is None:
            gramian = self._gramian(forward)
            # Of a gradient that is finite at the features and not behind them the Gramian alone knows.
            broken = self.broken(losses, counts, forward.taps.sizes() + tf.linalg.diag_part(gramian))
            found = self.solve(losses, counts, gramian, broken)
        else:
            broken = self.broken(losses, counts, forward.taps.sizes())
        weights, own = self.applied(found, counts, broken)
        combined = self._combined(forward, losses, counts, broken) if self.combines else None
        gradients = self.back(forward, weights, own, combined)
        return self._guarded(gradients, broken, losses), self.sums(losses, counts)

    def forward(self, ids: Any, floats: Any, labels: Any, touched: list[Touched], counts: Any) -> Forward:
        step = self.step
        below = [*(v.value for v in step.below), *(t.rows for t in touched)]
        with tf.GradientTape(persistent=self.over != "features", watch_accessed_variables=False) as tape:
            tape.watch(below)
            cut = step._trunk(ids, floats, touched)  # noqa: SLF001
            added = step._added()  # noqa: SLF001
        return Forward(tape, below, cut, added, self.taps(cut, labels, counts))

    def taps(self, cut: list[Any], labels: Any, counts: Any) -> General | Tapped:
        kind = Tapped if self.step.net.tops is not None and not self.combines else General
        return kind(self.step, cut, labels, counts, self.step._scale())  # noqa: SLF001

    def back(
        self, forward: Forward, weights: Any, own: Any, combined: list[Any] | None = None, portion: Any = 1.0
    ) -> list[Any]:
        """Gradients of `Step.variables`, then of the rows.

        Args:
            forward: what is differentiated.
            weights: of the raw losses, where tasks share (K,).
            own: the same elsewhere.
            combined: what shared cut tensors receive in place of weighted gradients.
            portion: of what layers add to the loss.
        """
        step, taps = self.step, forward.taps
        down = taps.down(weights, own)
        for i, cotangent in zip(step.net.shared, combined or (), strict=False):
            down[i] = cotangent
        above = taps.heads_by_own(own) if self.own else taps.heads(weights)
        pairs = [(z, tf.cast(g, z.dtype)) for z, g in zip(forward.cut, down, strict=True) if g is not None]
        found: list[Any] = []
        if forward.below:
            ones = step.scaled(portion * tf.ones_like(forward.added))
            targets, given = [*(z for z, _ in pairs), forward.added], [*(g for _, g in pairs), ones]
            found = forward.tape.gradient(targets, forward.below, output_gradients=given)
        dense = {id(v): g for v, g in zip(step.below, found, strict=False)}
        dense |= {id(v): g for v, g in zip(step.above, above, strict=True)}
        return [*(dense[id(v)] for v in step.variables), *found[len(step.below) :]]

    # -- the Gramian -------------------------------------------------------------------------------------------------

    @property
    def due(self) -> Any:
        """Whether weights are computed at this step: ()."""
        return self.step.rates.step.value() % self.every == 0

    def now_and_then(self, compute: Any, otherwise: Any) -> Any:
        """`compute()` at steps that are due. Replicas compute always: none of their sums may stand in a condition."""
        if self.every == 1 or replicas.count() > 1:
            return compute()
        return tf.cond(self.due, compute, lambda: otherwise)

    def _gramian(self, forward: Forward) -> Any:
        """Of all replicas, in the method's domain: (K, K)."""
        count = len(self.step.tasks)
        nothing = tf.zeros((count, count))
        if self.over == "features":
            return replicas.total(self.now_and_then(forward.taps.gramian, nothing))
        return self.now_and_then(lambda: self._over_parameters(forward), nothing)

    def _over_parameters(self, forward: Forward) -> Any:
        """G (K, K) of the losses' gradients at the shared dense weights, of all replicas' rows: a pass a task."""
        step, count = self.step, len(self.step.tasks)
        targets = [forward.cut[i] for i in step.net.shared]
        sources = [v.value for v in self.shared]
        if not sources or not targets:
            return tf.eye(count)
        scale = step._scale()  # noqa: SLF001
        rows = []
        for k in range(count):
            down = forward.taps.down(scale * tf.one_hot(k, count), scale)
            given = [
                tf.zeros_like(z) if down[i] is None else tf.cast(down[i], z.dtype)
                for i, z in zip(step.net.shared, targets, strict=True)
            ]
            found = forward.tape.gradient(targets, sources, output_gradients=given)
            flat = [
                tf.reshape(tf.zeros(v.shape) if g is None else tf.cast(g, tf.float32), (-1,))
                for g, v in zip(found, self.shared, strict=True)
            ]
            rows.append(tf.concat(flat, axis=0))
        jacobian = tf.stack(rows)
        jacobian = replicas.total(jacobian if step.scaling is None else step.scaling.down(jacobian))
        return tf.matmul(jacobian, jacobian, transpose_b=True)

    def _on_a_part(self, ids: Any, floats: Any, labels: Any, touched: list[Touched]) -> tuple[Any, Any]:
        """What `solve` finds on the first rows of the batch, of each replica. The pass that follows draws the same masks,
        and what layers keep of a batch (moving means) is that of all rows.
        """
        step = self.step
        written = [v.value for v in step.net.model.non_trainable_variables if id(v) not in step.table_ids]
        before = [tf.identity(v.value()) for v in written]

        def compute() -> tuple[Any, Any, Any, Any]:
            rows = tf.cast(tf.math.ceil(tf.cast(tf.shape(labels)[0], tf.float32) * self.part), tf.int32)
            first = labels[:rows]
            counts = step._counts(first)  # noqa: SLF001
            forward = self.forward(ids[:rows], floats[:rows], first, [_first(t, rows) for t in touched], counts)
            losses = replicas.total(forward.taps.share)
            broken = self.broken(losses, counts, forward.taps.sizes())
            return losses, counts, self._over_parameters(forward), broken

        count = len(step.tasks)
        nothing = (tf.zeros((count,)), tf.zeros((count,)), tf.zeros((count, count)), tf.zeros((count,), tf.bool))
        losses, counts, gramian, broken = self.now_and_then(compute, nothing)
        for variable, value in zip(written, before, strict=True):
            variable.assign(value)
        return self.solve(losses, counts, gramian, broken)

    # -- weights -----------------------------------------------------------------------------------------------------

    def broken(self, losses: Any, counts: Any, sizes: Any) -> Any:
        """Tasks with labels whose loss or gradient is not finite, on some replica: (K,) bool."""
        odd = replicas.total(tf.cast(~tf.math.is_finite(sizes), tf.float32)) > 0
        return (counts > 0) & (odd | ~tf.math.is_finite(losses))

    def weights(self, losses: Any, counts: Any, gramian: Any) -> Any:
        """As `Step._weights`, where all that is known of gradients is their Gramian."""
        broken = self.broken(losses, counts, tf.linalg.diag_part(gramian))
        return self.applied(self.solve(losses, counts, gramian, broken), counts, broken)[0]

    def own_weights(self, weights: Any, losses: Any, counts: Any, gramian: Any) -> Any:
        """What goes with them for what is a task's own (K,)."""
        broken = self.broken(losses, counts, tf.linalg.diag_part(gramian))
        scale = self.step._scale()  # noqa: SLF001
        return tf.where((counts > 0) & ~broken, scale, 0.0) if self.own else weights

    def evidence(self, losses: Any, counts: Any, gramian: Any, broken: Any) -> Evidence:
        """What a method sees; what is not active is 0."""
        step = self.step
        size = tf.linalg.diag_part(gramian)
        active = (counts > 0) & ~broken & tf.math.is_finite(size) & (size > 0)
        both = active[:, None] & active[None, :]
        raw = tf.where(active, losses, 0.0)
        scaled = raw * step._scale()  # noqa: SLF001
        gramian = tf.where(both, gramian, 0.0)
        step_, person = step.rates.step.value(), step.rates.person.value()
        return Evidence(scaled, raw, active, step_, gramian, step.epoch_steps, person)

    def watch(self, evidence: Evidence) -> None:
        """Adds the gradients of a step to `Step.watched`."""
        norms = tf.sqrt(tf.linalg.diag_part(evidence.gramian))
        cosines = tf.math.divide_no_nan(evidence.gramian, norms[:, None] * norms[None, :])
        both = evidence.active[:, None] & evidence.active[None, :]
        seen = [tf.where(both, cosines, 0.0), tf.cast(both, tf.float32), tf.cast(both & (cosines < 0), tf.float32)]
        without = tf.reduce_any(evidence.active) & ~evidence.active
        own = [tf.linalg.diag(norms), tf.linalg.diag(tf.cast(without, tf.float32))]
        self.step.watched.assign_add(tf.cast(tf.stack([*seen, *own]), tf.float64))

    def solve(self, losses: Any, counts: Any, gramian: Any, broken: Any) -> tuple[Any, Any]:
        """The method's weights (K,) and for which tasks they are (K,) bool; its state moves on."""
        step, method = self.step, self.method
        evidence = self.evidence(losses, counts, gramian, broken)
        self.watch(evidence)
        held, known = tf.unstack(step.state[HELD].value()) if HELD in step.state else [tf.zeros_like(losses)] * 2
        state = {name: variable.value() for name, variable in step.state.items() if name != HELD}

        def compute() -> tuple[Any, Any]:
            weights, after = method.weights(evidence, state, step.tasks)
            weights = tf.where(evidence.active, tf.stop_gradient(weights), held)
            return weights, {**state, **after}

        if self.combines:
            return tf.ones_like(losses), evidence.active
        if self.every == 1:
            weights, state = compute()
            active = evidence.active
        else:
            weights, state = tf.cond(self.due, compute, lambda: (held, state))
            # In between all with a finite loss take part, with the weights that they had.
            active = tf.where(self.due, evidence.active, known > 0)
            known = tf.maximum(known, tf.cast(active, tf.float32))
            step.state[HELD].assign(tf.stack([weights, known]))
        for name, value in state.items():
            step.state[name].assign(value)
        return weights, active

    def applied(self, found: tuple[Any, Any], counts: Any, broken: Any) -> tuple[Any, Any]:
        """Weights of the raw losses (K,): where tasks share, and of what is a task's own; shown as `Step.applied`.

        A task with labels that no solve has weighed (without a gradient there) has weight 1.
        """
        step = self.step
        weights, active = found
        fine = (counts > 0) & ~broken
        active &= fine
        if self.method.rescaled:
            weights = one_scale(weights, active)
        weights = tf.where(active, weights, tf.cast(fine, tf.float32))
        step.applied.assign(tf.where(fine, weights * step.rates.person.value(), step.applied.value()))
        step.left_out.assign_add(tf.cast(broken, tf.float32))
        scale = step._scale()  # noqa: SLF001
        return weights * scale, tf.where(fine, scale, 0.0) if self.own else weights * scale

    def _combined(self, forward: Forward, losses: Any, counts: Any, broken: Any) -> list[Any]:
        """What each shared tensor receives by `Balance.combine`; its state moves on."""
        step, taps = self.step, forward.taps
        evidence = self.evidence(losses, counts, replicas.total(taps.gramian()), broken)
        state = {name: variable.value() for name, variable in step.state.items()}
        features = [forward.cut[i] for i in step.net.shared]
        assert isinstance(taps, General)  # see `taps`
        cotangents = taps.cotangents(evidence.active)
        made, weights, after = self.method.combine(cotangents, features, evidence, state, step.tasks)
        for name, value in after.items():
            step.state[name].assign(value)
        shown = weights * step.rates.person.value()
        step.applied.assign(tf.where(evidence.active, shown, step.applied.value()))
        return [step.scaled(tf.cast(g, tf.float32)) for g in made]

    def sums(self, losses: Any, counts: Any) -> Any:
        """Summed losses and counts (2, K), without the losses that are not finite where others are."""
        odd = ~tf.math.is_finite(losses)
        some = tf.reduce_any((counts > 0) & ~odd)
        kept = tf.where(odd & some, 0.0, counts)
        return tf.stack([tf.where(odd & some, 0.0, losses * counts), kept])

    def _guarded(self, gradients: list[Any], broken: Any, losses: Any) -> list[Any]:
        """With float16, a gradient that is not finite, of a finite loss, is the loss scale's: the step must not be taken."""
        scaling = self.step.scaling
        if scaling is None:
            return gradients
        refuse = tf.reduce_any(broken & tf.math.is_finite(losses)) & (scaling.scale.value() > LEAST)
        spoilt = tf.where(refuse, float("nan"), 0.0)
        at = next((i for i, g in enumerate(gradients) if g is not None), None)
        if at is not None:
            gradients[at] = tf.convert_to_tensor(gradients[at]) + tf.cast(spoilt, gradients[at].dtype)
        return gradients


def _first(touched: Touched, rows: Any) -> Touched:
    """What the first rows of a batch look up."""
    if touched.place is None:  # looked up already (`xla.LookedUp`)
        return dataclasses.replace(touched, rows=touched.rows[:rows])
    columns = len(touched.table.layer.columns)
    return dataclasses.replace(touched, place=touched.place[: rows * columns])
