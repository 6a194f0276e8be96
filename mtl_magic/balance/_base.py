"""What a balancing method is: K losses, or their K×K Gramian, to K weights.

A method is a pure function inside the compiled step: it reads the tasks' normalised losses (each the mean over its
labelled rows, over the best constant's loss, times the person's weight) or the Gramian G = J Jᵀ of their gradients at
the shared representation, and its own state, and gives weights w; the step then descends Σ wₖ Lₖ. State is a dict of
float32 tensors, so that a checkpoint holds it and replicas agree on it. Mathematics only: no data, no model.

Tasks without a labelled row in the batch are not `active`: their loss is 0, their weight is ignored, and their state
must stay as it was.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from mtl_magic.registry import Declaration

State = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class BalanceTask:
    """What a method may know of a task."""

    name: str
    classification: bool


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a method sees at a step; all tensors float32."""

    losses: Any  # (K,) normalised, times the person's weights; 0 where inactive
    raw_losses: Any  # (K,) as they are
    active: Any  # (K,) bool
    step: Any  # () int64, 0 at the first step
    gramian: Any = None  # (K, K), for methods with `uses = 'gramian'`


@dataclasses.dataclass(frozen=True)
class Balance(Declaration):
    """Base of balancing methods."""

    uses: ClassVar[str] = "losses"  # 'losses' | 'gramian'
    normalised: ClassVar[bool] = True  # False: weights apply to raw losses

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        """The state before the first step: name -> float32 array."""
        return {}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        """Weights (K,) on the losses of `evidence.losses`, and the next state."""
        raise NotImplementedError(type(self).__name__)  # abstract: each method says its own
