"""How the tasks' gradients stand to each other, as steps see them: read from a step, and kept in bounded memory.

What is kept of some steps are sums, (5, K, K) float64, which add up whatever the steps: of each pair of tasks its cosines, in
how many steps it had one, and in how many that was below 0; on diagonals the norms, and in how many steps a task was left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.train.events import Gradients

if TYPE_CHECKING:
    from mtl_magic.train.step import Step

PLANES = 5
NUMBERS, MOST, LEAST = 10_000, 64, 12  # of windows: pairs of tasks in all, and how many there are


def most_of(tasks: int) -> int:
    """Windows that are kept of so many tasks.

    Example:
        >>> most_of(2), most_of(20), most_of(64)
        (64, 25, 12)
    """
    return int(np.clip(NUMBERS // tasks**2, LEAST, MOST))


def told(
    step: int, seconds: float, tasks: Sequence[str], sums: np.ndarray, weights: Iterable[float], *, before: Any = 0.0
) -> Gradients:
    """Sums as an event; `before`: those of all earlier steps."""
    cosines, steps, negative, norms, left = sums
    whole = sums + before
    with np.errstate(invalid="ignore", divide="ignore"):
        means, share, overall = cosines / steps, negative / steps, whole[2] / whole[1]
        sizes = norms.diagonal() / steps.diagonal()
    return Gradients(
        int(step),
        float(seconds),
        tuple(tasks),
        _rows(means),
        tuple(map(float, sizes)),
        _rows(share),
        tuple(map(float, weights)),
        tuple(tuple(map(int, row)) for row in steps),
        tuple(map(int, left.diagonal())),
        _rows(overall),
    )


def sums_of(event: Gradients) -> np.ndarray:
    """The opposite of `told`."""
    steps = np.asarray(event.steps, "float64")
    counted = steps > 0
    found = np.zeros((PLANES, *steps.shape))
    found[0] = np.where(counted, np.asarray(event.cosines) * steps, 0.0)
    found[1] = steps
    found[2] = np.where(counted, np.asarray(event.conflict) * steps, 0.0)
    found[3] = np.diag(np.where(counted.diagonal(), np.asarray(event.norms) * steps.diagonal(), 0.0))
    found[4] = np.diag(event.left_out)
    return found


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in matrix)


class Windows:
    """Events joined to a bounded number of windows, each the mean of its steps: when they are too many, neighbours join.

    Example:
        >>> windows = Windows()
        >>> windows.most
        0
    """

    def __init__(self) -> None:
        self.most = 0  # nobody has said yet how many tasks there are
        self._each = 1  # events of a window
        self._in_last = 0  # events of the last one so far
        self._heads: list[Gradients] = []  # the last event of each: step, seconds, weights
        self._sums: list[np.ndarray] = []

    def add(self, event: Gradients) -> None:
        """One more event, of later steps than the last."""
        self.most = self.most or most_of(len(event.tasks))
        if self._heads and self._in_last < self._each:
            self._heads[-1], self._sums[-1] = event, self._sums[-1] + sums_of(event)
            self._in_last += 1
            return
        if len(self._heads) == self.most:
            # Pairs are made from the front; of an odd number the last stays as it is, and is not full yet.
            self._sums = [np.sum(self._sums[i : i + 2], axis=0) for i in range(0, self.most, 2)]
            self._heads = [self._heads[min(i + 1, self.most - 1)] for i in range(0, self.most, 2)]
            self._in_last = self._each if self.most % 2 else 2 * self._each
            self._each *= 2
            self.add(event)
            return
        self._heads.append(event)
        self._sums.append(sums_of(event))
        self._in_last = 1

    def total(self) -> Any:
        """The sums of all steps; 0 of none."""
        return np.sum(self._sums, axis=0) if self._sums else 0.0

    def events(self) -> list[Gradients]:
        """A window each."""
        before: Any = 0.0
        found = []
        for head, sums in zip(self._heads, self._sums, strict=True):
            found.append(told(head.step, head.seconds, head.tasks, sums, head.weights, before=before))
            before = before + sums
        return found

    def memory(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"each": self._each, "in_last": self._in_last, "events": [dataclasses.asdict(e) for e in self.events()]}

    @classmethod
    def of(cls, memory: dict[str, Any]) -> Windows:
        """The opposite; of {}, none."""
        found = cls()
        for plain in memory.get("events", ()):
            found.add(Gradients(**plain))
        found._each, found._in_last = memory.get("each", 1), memory.get("in_last", 0)
        return found


class Conflicts:
    """Reads `Step.watched`.

    Args:
        step: whose.
        names: of its tasks.
    """

    def __init__(self, step: Step, names: Sequence[str]) -> None:
        self.step, self.names = step, tuple(names)
        self.windows = Windows()  # of the whole training, those before a checkpoint too
        self._before = step.watched.numpy()

    def read(self, seconds: float, weights: Iterable[float], steps: int) -> Gradients | None:
        """Of the steps since the last look; None: nothing was compared.

        Args:
            seconds: since training began.
            weights: that the last step applied.
            steps: how many there were.
        """
        now = self.step.watched.numpy()
        sums, self._before = now - self._before, now
        if not sums[1].any():
            return None
        found = told(steps, seconds, self.names, sums, weights, before=self.windows.total())
        self.windows.add(found)
        return found
