"""Gates: which experts a taker uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class Gates(keras.layers.Layer):
    """A softmax gate for each of several takers over one input, computed together.

    Equal to `Dense(experts, "softmax")` for each taker, in one matrix product: products of so few columns each are slow,
    and each has a gradient of its input's size. Output t belongs to taker t alone, and so do its weights.

    Args:
        experts: int. Number of experts E.
        names: list of str. What each gate is called, T of them; see `parts`.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, width). Output: a list of T tensors (B, E).

    Example:
        >>> import numpy as np
        >>> one, two = Gates(3, ["gate_a", "gate_b"])(np.ones((1, 5), "float32"))
        >>> one.shape, round(float(one[0].numpy().sum()), 6)
        (TensorShape([1, 3]), 1.0)
    """

    def __init__(self, experts: int, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.experts, self.names = int(experts), [str(name) for name in names]

    def build(self, input_shape: Any) -> None:
        width, columns = input_shape[-1], len(self.names) * self.experts
        limit = (6.0 / (width + self.experts)) ** 0.5  # Glorot of one gate
        initializer = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight((width, columns), initializer, name="kernel")
        self.bias = self.add_weight((columns,), "zeros", name="bias")

    def parts(self) -> dict[str, int]:
        """The gates by name, in the order of the outputs, and how many weights each has."""
        size = sum(w.shape[-1] * (w.shape[0] if len(w.shape) > 1 else 1) for w in self.weights)
        return dict.fromkeys(self.names, size // len(self.names))

    def call(self, x: Any) -> Any:
        logits = ops.matmul(x, self.kernel) + self.bias
        shape = (-1, len(self.names), self.experts)
        return ops.unstack(ops.softmax(ops.reshape(logits, shape), axis=-1), len(self.names), axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return [(input_shape[0], self.experts) for _ in self.names]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "experts": self.experts, "names": self.names}
