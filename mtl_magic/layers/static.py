"""Gates that are the same for every row."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class StaticGates(keras.layers.Layer):
    """Rows of weights that are learnt and see nothing: row g says how gate g mixes E experts.

    The matrix α of a cross-stitch or sluice unit (Misra et al. 2016, eq. 1), the v of AdaTT's native experts. No softmax:
    weights may be negative, and need not sum to 1.

    Args:
        gates: int. Number of gates G.
        experts: int. Number of experts E.
        own: float. Where gate g starts at expert g; the others share 1 − own.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, ·), of which only the number of rows is read. Output: a list of G tensors (B, E); for G = 1 the tensor.

    Example:
        >>> import numpy as np
        >>> [g.numpy().tolist() for g in StaticGates(2, 2, 0.75)(np.zeros((1, 3), "float32"))]
        [[[0.75, 0.25]], [[0.25, 0.75]]]
    """

    def __init__(self, gates: int, experts: int, own: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gates, self.experts, self.own = int(gates), int(experts), float(own)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((self.gates, self.experts), self._start, name="kernel")

    def _start(self, shape: Any, dtype: Any = None) -> Any:
        rest = (1 - self.own) / (self.experts - 1) if self.experts > 1 else 0.0
        own = ops.eye(*shape, dtype=dtype)
        return self.own * own + rest * (1 - own)

    def call(self, x: Any) -> Any:
        rows = ops.ones_like(x[:, :1])
        found = [rows * gate for gate in ops.unstack(self.kernel, self.gates)]
        return found if self.gates > 1 else found[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = (input_shape[0], self.experts)
        return [shape] * self.gates if self.gates > 1 else shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gates": self.gates, "experts": self.experts, "own": self.own}
