"""Products of the fields of a row."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class FieldPairs(keras.layers.Layer):
    """The sum of the products of all pairs of fields: Σ_{i<j} vᵢ ⊙ vⱼ = ½ ((Σ vᵢ)² − Σ vᵢ²).

    A field of width `dim` is its own v, as an embedding is; one of another width is multiplied with a matrix that is learnt.

    Args:
        widths: list of int. Widths of the fields, which stand side by side.
        dim: int. Width of a v.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, Σ widths). Output: (B, dim).

    Example:
        >>> import numpy as np
        >>> FieldPairs([2, 2], 2)(np.array([[1.0, 2.0, 3.0, 4.0]], "float32")).numpy().tolist()
        [[3.0, 8.0]]
    """

    def __init__(self, widths: Sequence[int], dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths, self.dim = [int(w) for w in widths], int(dim)

    def build(self, input_shape: Any) -> None:
        if sum(self.widths) != input_shape[-1]:
            raise ValueError(f"fields of {sum(self.widths)} numbers in all, over {input_shape[-1]}")
        self.kernels = {
            i: self.add_weight((width, self.dim), "glorot_uniform", name=f"kernel_{i}")
            for i, width in enumerate(self.widths)
            if width != self.dim
        }

    def call(self, x: Any) -> Any:
        ends = list(itertools.accumulate(self.widths))[:-1]
        fields = ops.split(x, ends, axis=1) if ends else [x]
        made = [ops.matmul(v, self.kernels[i]) if i in self.kernels else v for i, v in enumerate(fields)]
        stack = ops.cast(ops.stack(made, axis=1), "float32")  # squares of float16 overflow at 256
        pairs = 0.5 * (ops.square(ops.sum(stack, axis=1)) - ops.sum(ops.square(stack), axis=1))
        return ops.cast(pairs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "widths": self.widths, "dim": self.dim}
