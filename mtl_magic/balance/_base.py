"""What a balancing method is: K losses, or their K×K Gramian, to K weights.

A method is a pure function inside the compiled step: it reads the tasks' normalised losses (each the mean over its
labelled rows, over the best constant's loss, times the person's weight) or the Gramian G = J Jᵀ of their gradients at
the shared representation, and its own state, and gives weights w; the step then descends Σ wₖ Lₖ. State is a dict of
float32 tensors, so that a checkpoint holds it and replicas agree on it. Mathematics only: no data, no model.

Tasks without a labelled row in the batch, without a gradient or with one that is not finite are not `active`: their
evidence means nothing, their weight is ignored, and their state must stay as it was. A method solves the problem of the
active tasks alone, with shapes that never change (`solve/scaled.py`). With one active task any positive weight will do.

Methods answer on their paper's own scale. In training the step brings the weights of those that are `rescaled` to one:
Σ|wₖ| = the number of active tasks (`one_scale`), so that a change of method does not multiply the learning rate.

Numerical trouble never hides: a method that may meet it keeps `trouble` () in its state, the number of solves so far that
did not converge, and answers such a solve with equal weights of the active tasks.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from mtl_magic.registry import Declaration

State = dict[str, Any]
TROUBLE = "trouble"  # the entry of a state that counts solves without an answer: () float32


@dataclasses.dataclass(frozen=True)
class BalanceTask:
    """What a method may know of a task."""

    name: str
    classification: bool


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a method sees at a step; all tensors float32 but where they say otherwise."""

    losses: Any  # (K,) normalised, times the person's weights; 0 where inactive
    raw_losses: Any  # (K,) as they are
    active: Any  # (K,) bool
    step: Any  # () int64, 0 at the first step
    gramian: Any = None  # (K, K), for methods with `uses = 'gramian'` or 'features'; of the gradients of `losses`
    epoch_steps: int | None = None  # steps of an epoch, where that is known
    person: Any = None  # (K,) the person's weights, which `losses` hold already; None: all 1


@dataclasses.dataclass(frozen=True)
class Balance(Declaration):
    """Base of balancing methods."""

    uses: ClassVar[str] = "losses"  # 'losses' | 'gramian' | 'features'
    normalised: ClassVar[bool] = True  # False: weights apply to raw losses
    rescaled: ClassVar[bool] = False  # whether the step brings the weights to Σ|wₖ| = number of active tasks
    counts_epochs: ClassVar[bool] = False  # whether it reads `Evidence.epoch_steps`, which is part of the graph then
    looks_back: ClassVar[bool] = False  # whether the step calls `after` with the same rows' losses after the update

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        """The state before the first step: name -> float32 array."""
        return {}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        """Weights (K,) on the losses of `evidence.losses`, and the next state."""
        raise NotImplementedError(type(self).__name__)  # abstract: each method says its own

    def after(self, before: Evidence, losses_after: Any, state: State, tasks: tuple[BalanceTask, ...]) -> State:
        """The next state, of methods that look back.

        Args:
            before: what `weights` sees of these rows before the update.
            losses_after: the losses of the same rows after the update (K,), on the scale of `before.losses`.
            state: what `weights` returned.
            tasks: the tasks.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: methods with `looks_back` say their own

    def combine(
        self,
        cotangents: list[Any],
        features: list[Any],
        evidence: Evidence,
        state: State,
        tasks: tuple[BalanceTask, ...],
    ) -> tuple[list[Any], Any, State]:
        """What goes down into the trunk, of methods that `use` features.

        Args:
            cotangents: of each shared tensor, the tasks' gradients of `evidence.losses` (K, …); zero where inactive.
            features: the shared tensors themselves, each of the shape of its cotangent behind K.
            evidence: losses and Gramian of the same gradients.
            state: this method's.
            tasks: the tasks.

        Returns:
            The combined cotangent of each shared tensor, on the scale of a sum over the active tasks; the weights (K,)
            that come nearest, for display and for heads that are weighted; the next state.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: methods that use features say their own


def one_scale(weights: Any, active: Any) -> Any:
    """Weights (K,) of the active tasks brought to Σ|wₖ| = their number, 0 elsewhere; all zero stays so (stationary)."""
    import tensorflow as tf

    kept = tf.where(active, weights, 0.0)
    total = tf.reduce_sum(tf.abs(kept))
    count = tf.reduce_sum(tf.cast(active, kept.dtype))
    return tf.math.divide_no_nan(kept, total) * count
