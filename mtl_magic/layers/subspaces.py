"""Subspaces of a layer that are kept apart."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class Orthogonal(keras.regularizers.Regularizer):
    """λ Σ ‖GₐᵀG_b‖² over the pairs of subspaces, G the columns of a kernel that make one (Ruder et al. 2019, eq. 4).

    Args:
        weight: float. λ.
        subspaces: int. Equal shares of the columns.

    Example:
        >>> import numpy as np
        >>> float(Orthogonal(0.5, 2)(np.array([[1.0, 2.0]], "float32")))  # ½ (1 · 2)²
        2.0
    """

    def __init__(self, weight: float, subspaces: int = 2) -> None:
        self.weight, self.subspaces = float(weight), int(subspaces)

    def __call__(self, kernel: Any) -> Any:
        shares = ops.split(kernel, self.subspaces, axis=1)
        pairs = [(a, b) for i, a in enumerate(shares) for b in shares[i + 1 :]]
        return self.weight * sum(ops.sum(ops.square(ops.matmul(ops.transpose(a), b))) for a, b in pairs)

    def get_config(self) -> dict[str, Any]:
        return {"weight": self.weight, "subspaces": self.subspaces}
