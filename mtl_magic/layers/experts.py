"""Mixtures of experts, all experts in one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class Experts(keras.layers.Layer):
    """Several multi-layer perceptrons of equal shape over one input, computed together.

    Equal to `experts` stacks of `Dense(u, activation)`, with one kernel a layer instead of one a layer and expert: the
    graph is smaller to trace and launches fewer kernels.

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
        self.drops = [keras.layers.Dropout(dropout) for _ in self.units] if dropout else []

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        self.kernels, self.biases = [], []
        for i, units in enumerate(self.units):
            # Glorot of one expert's kernel, drawn for all: fans are those of one expert, not of the fused kernel.
            limit = (6.0 / (width + units)) ** 0.5
            initializer = keras.initializers.RandomUniform(-limit, limit)
            self.kernels.append(self.add_weight((self.experts, width, units), initializer, name=f"kernel_{i}"))
            self.biases.append(self.add_weight((self.experts, units), "zeros", name=f"bias_{i}"))
            width = units

    def call(self, x: Any, training: bool | None = None) -> Any:
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            x = ops.einsum("bi,eio->beo" if i == 0 else "bei,eio->beo", x, kernel) + bias
            x = self.activation(x)
            if self.drops:
                x = self.drops[i](x, training=training)
        return x

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int]:
        return (input_shape[0], self.experts, self.units[-1])

    def get_config(self) -> dict[str, Any]:
        own = {"experts": self.experts, "units": self.units, "dropout": self.dropout}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable("mtl_magic")
class MixExperts(keras.layers.Layer):
    """The experts' outputs, mixed by a gate: Σₑ gₑ hₑ.

    Input: gate (B, E) and expert outputs (B, E, d). Output: (B, d).

    Example:
        >>> import numpy as np
        >>> gate, experts = np.array([[0.25, 0.75]], "float32"), np.array([[[0.0], [4.0]]], "float32")
        >>> float(MixExperts()([gate, experts])[0, 0])
        3.0
    """

    def call(self, inputs: list[Any]) -> Any:
        gate, experts = inputs
        return ops.einsum("be,bed->bd", gate, experts)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int]:
        return (input_shape[1][0], input_shape[1][2])
