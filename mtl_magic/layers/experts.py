"""Mixtures of experts, all experts in one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from mtl_magic.layers.machine import accelerated

LOOP = 16  # up to so many experts, a product each is faster on a CPU


@keras.saving.register_keras_serializable("mtl_magic")
class Experts(keras.layers.Layer):
    """Several multi-layer perceptrons of equal shape over one input, computed together.

    Equal to `experts` stacks of `Dense(u, activation)`. The first layer, which all read the same input, is one matrix
    product. The others are a product for each expert (fastest on a CPU), or one batched product where there are more
    than `LOOP` experts or an accelerator, which saves graph and kernel launches (docs/performance.md).

    Args:
        experts: int. Number of experts E.
        units: list of int. Widths of each expert's layers.
        activation: str or callable. Activation of each layer.
        dropout: float. Dropout after each layer.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, width). Output: (B, E, units[-1]).

    Example:
        >>> import numpy as np
        >>> Experts(3, [8, 4])(np.zeros((2, 5), "float32")).shape
        TensorShape([2, 3, 4])
    """

    def __init__(
        self, experts: int, units: Sequence[int], activation: Any = "relu", dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.experts, self.units = int(experts), [int(u) for u in units]
        self.activation = keras.activations.get(activation)
        self.dropout = float(dropout)
        self.drops = [keras.layers.Dropout(dropout, dtype=self.dtype_policy) for _ in self.units] if dropout else []

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        self.kernels, self.biases = [], []
        for i, units in enumerate(self.units):
            # Glorot of one expert's kernel, drawn for all: fans are those of one expert, not of the fused kernel.
            limit = (6.0 / (width + units)) ** 0.5
            initializer = keras.initializers.RandomUniform(-limit, limit)
            shape = (self.experts, width, units) if i else (width, self.experts * units)
            self.kernels.append(self.add_weight(shape, initializer, name=f"kernel_{i}"))
            self.biases.append(self.add_weight((self.experts, units), "zeros", name=f"bias_{i}"))
            width = units

    def call(self, x: Any, training: bool | None = None) -> Any:
        first = ops.matmul(x, self.kernels[0]) + ops.reshape(self.biases[0], (-1,))
        batched = self.experts > LOOP or accelerated()
        h = (
            ops.reshape(first, (-1, self.experts, self.units[0]))
            if batched
            else ops.split(first, self.experts, axis=-1)
        )
        h = self._ends(h, 0, training)
        for i in range(1, len(self.units)):
            kernel, bias = self.kernels[i], self.biases[i]
            if batched:
                h = ops.einsum("bei,eio->beo", h, kernel) + bias
            else:
                # Unstacked, not indexed: the gradient of an index is a whole kernel of zeros.
                each = zip(h, ops.unstack(kernel, self.experts), ops.unstack(bias, self.experts), strict=True)
                h = [ops.matmul(one, k) + b for one, k, b in each]
            h = self._ends(h, i, training)
        return h if batched else ops.stack(h, axis=1)

    def _ends(self, h: Any, i: int, training: bool | None) -> Any:
        """Activation and dropout of layer i, of one tensor or of one an expert."""
        if isinstance(h, list):
            return [self._ends(one, i, training) for one in h]
        h = self.activation(h)
        return self.drops[i](h, training=training) if self.drops else h

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int]:
        return (input_shape[0], self.experts, self.units[-1])

    def get_config(self) -> dict[str, Any]:
        own = {"experts": self.experts, "units": self.units, "dropout": self.dropout}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable("mtl_magic")
class MixExperts(keras.layers.Layer):
    """The experts' outputs, mixed by a gate: Σₑ gₑ hₑ; by several gates in one product, a mixture each.

    Input: T gates (B, E) and the expert outputs (B, E, d). Output: (B, d); a list of T of them where T > 1.

    Example:
        >>> import numpy as np
        >>> gate, experts = np.array([[0.25, 0.75]], "float32"), np.array([[[0.0], [4.0]]], "float32")
        >>> float(MixExperts()([gate, experts])[0, 0])
        3.0
        >>> [float(mixed[0, 0]) for mixed in MixExperts()([gate, 1 - gate, experts])]
        [3.0, 1.0]
    """

    def call(self, inputs: list[Any]) -> Any:
        *gates, experts = inputs
        if len(gates) == 1:
            return ops.einsum("be,bed->bd", gates[0], experts)
        return ops.unstack(ops.matmul(ops.stack(gates, axis=1), experts), axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        *gates, experts = input_shape
        shapes = [(experts[0], experts[2]) for _ in gates]
        return shapes if len(shapes) > 1 else shapes[0]
