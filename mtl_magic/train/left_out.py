"""What a balancing method could not use, said in sentences: tasks that were left out of steps, solves without an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.balance._base import TROUBLE

if TYPE_CHECKING:
    from mtl_magic.train.step import Step


class LeftOut:
    """Reads a step's counters, and says what is new at 1, 10, 100 … steps.

    Args:
        step: whose.
        names: of its tasks.
    """

    def __init__(self, step: Step, names: Sequence[str]) -> None:
        self.step, self.names = step, names
        self._due: dict[str, float] = {}  # what is counted -> how often it has been when it is said again
        self._epoch = np.zeros(len(names))  # `Step.left_out` when the epoch began

    def news(self) -> list[str]:
        """Sentences that are due."""
        said = []
        for what, count, text in self._counted(" so far"):
            if count >= self._due.get(what, 1):
                said.append(text)
                self._due[what] = 10 ** (np.floor(np.log10(count)) + 1)
        return said

    def whole(self) -> tuple[str, ...]:
        """Sentences of the training that is over, which stay with its run."""
        return tuple(text for _, count, text in self._counted("") if count)

    def _counted(self, when: str) -> list[tuple[str, float, str]]:
        """Of each task and of the method: what is counted, how often it was, and a sentence."""
        if self.step.balanced is None:
            return []
        found = [
            (name, count, f"'{name}' was left out of {_steps(count)}{when}: its loss or gradient was not finite")
            for name, count in zip(self.names, self.step.left_out.numpy(), strict=True)
        ]
        if TROUBLE in self.step.state:
            count, word = float(self.step.state[TROUBLE].numpy()), self.step.method.word
            found.append(("", count, f"'{word}' found no weights in {_steps(count)}{when}: they had equal ones"))
        return found

    def epoch(self, counted: np.ndarray) -> list[str]:
        """Of an epoch that ends, the tasks that were left out whenever they had a label.

        Args:
            counted: labelled rows of each task that were counted in the epoch (K,).
        """
        if self.step.balanced is None:
            return []
        now = self.step.left_out.numpy()
        lost = (now > self._epoch) & (counted == 0)
        self._epoch = now
        return [name for name, gone in zip(self.names, lost, strict=True) if gone]


def _steps(count: float) -> str:
    return f"{count:.0f} step{'' if count == 1 else 's'}"
