"""A rule of the person's own, `balance {rule}`: a function of the losses, or of the Gramian."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from mtl_magic.balance._base import Balance, BalanceTask, Evidence, State
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance.solve.scaled import Scaled

TAKES = ("losses", "gramian", "active")  # names of arguments that a rule may have
WORD = "{…}"


@dataclasses.dataclass(frozen=True)
class OwnOfLosses(Balance):
    """A function of the losses (K,), with TensorFlow or Keras operations: weights (K,), as they are."""

    word: ClassVar[str] = WORD
    family: ClassVar[str] = "balance"
    rule: Callable[..., Any] = dataclasses.field(default=lambda losses: losses * 0 + 1)

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        found = _called(self.rule, losses=evidence.losses, active=evidence.active)
        return tf.ensure_shape(tf.cast(found, evidence.losses.dtype), (len(tasks),)), state


@dataclasses.dataclass(frozen=True)
class OwnOfGramian(GramianBalance):
    """A function of the Gramian (K, K), float64, and perhaps the losses (K,): weights (K,), brought to one scale.

    Rows and columns of tasks that are not active are 0. Weights that are not finite count as trouble, as a solver's do.
    """

    word: ClassVar[str] = WORD
    family: ClassVar[str] = "balance"
    rule: Callable[..., Any] = dataclasses.field(default=lambda gramian: gramian[0] * 0 + 1)

    @property
    def reads_losses(self) -> bool:
        return "losses" in inspect.signature(self.rule).parameters

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        both = problem.active[:, None] * problem.active[None, :] > 0
        gramian = tf.where(both, tf.cast(evidence.gramian, tf.float64), 0.0)
        losses = tf.cast(evidence.losses, tf.float64)
        found = _called(self.rule, gramian=gramian, losses=losses, active=problem.active > 0)
        return tf.ensure_shape(tf.cast(found, tf.float64), problem.norms.shape), tf.zeros((), tf.float64)


def own(rule: Any) -> Balance:
    """The method of a rule, by the names of its arguments.

    Raises:
        ValueError: it cannot be called, or its arguments are none that a rule has; in a sentence's words.
    """
    if not callable(rule) or inspect.isclass(rule):
        raise ValueError(f"a {type(rule).__name__} is no function")
    try:
        names = [p.name for p in inspect.signature(rule).parameters.values() if p.default is p.empty]
    except ValueError:
        names = []
    if not names or set(names) - set(TAKES) or names == ["active"]:
        shown = f"takes {', '.join(names)}" if names else "names no arguments"
        raise ValueError(f"this function {shown}")
    return OwnOfGramian(rule=rule) if "gramian" in names else OwnOfLosses(rule=rule)


def _called(rule: Callable[..., Any], **given: Any) -> Any:
    names = inspect.signature(rule).parameters
    return rule(**{name: value for name, value in given.items() if name in names})
