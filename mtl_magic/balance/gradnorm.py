"""Gradient normalisation."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._adam import moments, moved
from mtl_magic.balance._base import Any, BalanceTask, Evidence, State
from mtl_magic.balance._gramian import GramianBalance, settled
from mtl_magic.balance._losses import mean, positive, softmax
from mtl_magic.balance.solve.scaled import scaled
from mtl_magic.parameters import Float, Int
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "gradnorm",
    paper="Chen, Badrinarayanan, Lee & Rabinovich 2018, GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks, eq. 1-2",
    example="balance gradnorm(alpha=1.5)",
)
class GradNorm(GramianBalance):
    """Learned weights that bring weighted gradient norms to a common size, larger for tasks that lag behind.

    With nₖ = ‖gₖ‖ and the rates rₖ = (Lₖ / Lₖ(0)) / meanⱼ (Lⱼ / Lⱼ(0)), w descends Σ |wₖ nₖ − n̄ rₖ^α|, n̄ = mean wⱼ nⱼ, with the
    target held fixed; Σ wₖ = K. Its derivative, sign(wₖ nₖ − n̄ rₖ^α) nₖ, needs no second-order pass.

    When: tasks whose gradients differ in size and that should learn at one pace; α = 1.5 for tasks that are unlike, 0.12
    for tasks that are alike. Cost: the K gradients' norms.

    Differs from the paper in that w = K softmax(logits), learnt with an Adam of its own: no weight comes below 0. L(0)
    is the mean of a task's first batches, as one batch's loss is noisy.
    """

    alpha: float = option(Float(minimum=0), 1.5, "how strongly tasks that lag behind are pulled", assigned=True)
    lr: float = option(Float(above=0), 0.025, "learning rate of the weights", assigned=True)
    first: int = option(Int(1), 20, "batches whose mean is a task's initial loss", by_name=True, assigned=True)

    @property
    def reads_losses(self) -> bool:
        return True

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        zeros = np.zeros(len(tasks), "float32")
        start = {"logits": zeros, "initial": zeros, "seen": zeros}
        return {**super().start(tasks), **start, **moments(len(tasks))}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        problem = scaled(evidence.gramian, evidence.active)
        active = problem.active > 0
        kind = state["logits"].dtype
        losses = tf.cast(evidence.raw_losses, kind)
        early = tf.logical_and(active, state["seen"] < number(self.first, kind))
        seen = state["seen"] + tf.cast(early, kind)
        initial = state["initial"] + tf.where(early, (losses - state["initial"]) / tf.maximum(seen, 1.0), 0.0)

        count = tf.cast(problem.count, kind)
        w = count * softmax(state["logits"], active)
        # Of norms only the ratios matter to Adam: over their mean they are in range.
        norms = tf.cast(problem.norms / mean(problem.norms, active), kind)
        size = w * norms
        ratio = positive(losses, active) / positive(initial, active)
        rate = tf.where(active, ratio / tf.maximum(mean(ratio, active), 1e-8), 1.0)
        target = mean(size, active) * rate ** number(self.alpha, kind)
        slope = tf.where(active, tf.sign(size - target) * norms, 0.0)
        gradient = w * (slope - tf.reduce_sum(slope * w) / count)
        logits, rest = moved(state["logits"], gradient, state, self.lr, active)
        learnt = {"logits": logits, "initial": initial, "seen": seen, **rest}
        w, kept = settled(tf.cast(w, tf.float64), tf.zeros((), tf.float64), problem, evidence, state)
        return w, {**kept, **learnt}
