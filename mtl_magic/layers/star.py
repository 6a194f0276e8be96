"""Layers with weights of each domain."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("mtl_magic")
class StarDense(keras.layers.Layer):
    """A dense layer whose kernel is a shared one times the domain's, and whose bias is a shared one plus the domain's.

    relu((W ⊙ W_d) x + b + b_d) for a row of domain d (Sheng et al. 2021, STAR, eq. 6-7). W_d starts at 1 and b_d at 0, so a
    domain that training never saw computes with the shared weights. All domains are computed and the row's is chosen: a
    layer costs as many products as there are domains.

    Args:
        units: int. Width of the layer.
        domains: int. Number of domains D.
        activation: str or callable. Activation.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, width), and the number of each row's domain (B,) int. Output: (B, units).

    Example:
        >>> import numpy as np
        >>> StarDense(4, 3)([np.zeros((2, 5), "float32"), np.array([0, 2])]).shape
        TensorShape([2, 4])
    """

    def __init__(self, units: int, domains: int, activation: Any = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.domains = int(units), int(domains)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        width = input_shape[0][-1]
        self.kernel = self.add_weight((width, self.units), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        self.domain_kernel = self.add_weight((self.domains, width, self.units), "ones", name="domain_kernel")
        self.domain_bias = self.add_weight((self.domains, self.units), "zeros", name="domain_bias")

    def call(self, inputs: list[Any]) -> Any:
        x, domain = inputs
        kernels = ops.transpose(self.kernel * self.domain_kernel, (1, 0, 2))
        every = ops.reshape(ops.matmul(x, ops.reshape(kernels, (kernels.shape[0], -1))), (-1, self.domains, self.units))
        # A product with 0 and 1, and no gather: its gradient is dense, and small.
        chosen = ops.one_hot(domain, self.domains, dtype=every.dtype)
        return self.activation(ops.einsum("bd,bdu->bu", chosen, every + self.bias + self.domain_bias))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0][0], self.units)

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "domains": self.domains}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}
