"""How the tasks' gradients stand to each other, as a method that balances gradients sees them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mtl_magic.train.step import Step


@dataclasses.dataclass(frozen=True)
class Seen:
    """Of the steps since the last look; NaN where two tasks had no gradient at the same step."""

    cosines: tuple[tuple[float, ...], ...]  # tasks × tasks, means
    norms: tuple[float, ...]  # means, of the normalised losses' gradients
    conflict: tuple[tuple[float, ...], ...]  # tasks × tasks: share of steps in which the cosine was below 0


class Conflicts:
    """Reads `Step.watched`.

    Args:
        step: whose.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self._before = step.watched.numpy()

    def read(self) -> Seen | None:
        """What is new; None: nothing."""
        if self.step.balanced is None:
            return None
        now = self.step.watched.numpy()
        (cosines, steps, negative, norms), self._before = now - self._before, now
        if not steps.any():
            return None
        with np.errstate(invalid="ignore"):
            means, share = cosines / steps, negative / steps
            sizes = norms.diagonal() / steps.diagonal()
        return Seen(_rows(means), tuple(map(float, sizes)), _rows(share))


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in matrix)
