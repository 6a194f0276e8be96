"""Averaged weights: what is evaluated and kept is a running mean of the dense weights, which overfits later.

Polyak & Juditsky 1992; the decay of the running mean grows as in Tensor2Tensor and Keras' EMA with a warm-up:
min(decay, (1 + t) / (10 + t)). Embedding tables are left as they are: averaging them would sweep every row at every
step, and measured no better (docs/quality.md).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from mtl_magic.train import replicas


class Average:
    """The running mean of variables.

    Args:
        variables: Keras variables.
        decay: in [0, 1); None: no averaging, and everything here does nothing.
    """

    def __init__(self, variables: list[Any], decay: float | None) -> None:
        self.variables, self.decay = variables, decay
        self.means = (
            [replicas.shared_variable(tf.convert_to_tensor(v.value), f"mean_{i}") for i, v in enumerate(variables)]
            if decay is not None
            else []
        )

    def update(self, step: Any) -> None:
        """After a step, traced; `step` () int64 counts from 0."""
        if self.decay is None:
            return
        t = tf.cast(step, tf.float32)
        keep = tf.minimum(self.decay, (1.0 + t) / (10.0 + t))
        for mean, variable in zip(self.means, self.variables, strict=True):
            mean.assign(keep * mean + (1.0 - keep) * variable)

    def restart(self) -> None:
        """The means are the variables as they are now."""
        for mean, variable in zip(self.means, self.variables, strict=False):
            mean.assign(np.array(variable))

    @contextlib.contextmanager
    def applied(self, *, lasting: bool = False) -> Iterator[None]:
        """Inside, the variables hold their means; `lasting`: what sets one of them there sets it, and its mean, for good."""
        current = [np.array(v) for v in self.variables] if self.means else []
        self.apply()
        try:
            yield
        finally:
            for variable, mean, value in zip(self.variables, self.means, current, strict=False):
                if lasting and (np.array(variable) != np.array(mean)).any():
                    mean.assign(np.array(variable))
                else:
                    variable.assign(value)

    def apply(self) -> None:
        """The variables take their means, for good."""
        for variable, mean in zip(self.variables, self.means, strict=False):
            variable.assign(mean)
