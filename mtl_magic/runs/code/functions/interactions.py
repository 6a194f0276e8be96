"""Blocks of products: of inputs with one another, and with gates that see who acts on what."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from mtl_magic.runs.code.functions.network import dense_stack


def cross(
    x: keras.KerasTensor, depth: int, name: str, rank: int | None = None
) -> keras.KerasTensor:
    """Products of the inputs, of one degree more with each layer."""
    start, width = x, x.shape[-1]
    for i in range(depth):
        h = x
        if rank is not None:
            h = layers.Dense(rank, use_bias=False, name=f"{name}_v_dense_{i}")(h)
        x = start * layers.Dense(width, name=f"{name}_dense_{i}")(h) + x
    return x


def field_pairs(
    x: keras.KerasTensor, widths: list[int], dim: int, name: str
) -> keras.KerasTensor:
    """The products of all pairs of fields, summed; fields of other widths become so."""
    ends = np.cumsum(widths)[:-1].tolist()
    fields = ops.split(x, ends, axis=1) if ends else [x]
    for i, width in enumerate(widths):
        if width != dim:
            matrix = layers.Dense(dim, use_bias=False, name=f"{name}_field_{i}")
            fields[i] = matrix(fields[i])
    stack = ops.stack(fields, axis=1)
    squares = ops.sum(ops.square(stack), axis=1)
    return (ops.square(ops.sum(stack, axis=1)) - squares) / 2


def gate_nu(
    seen: keras.KerasTensor, hidden: int, width: int, name: str
) -> keras.KerasTensor:
    """Numbers between 0 and 2 by which others are scaled."""
    h = layers.Dense(hidden, "relu", name=f"{name}_dense_0")(seen)
    return 2 * layers.Dense(width, "sigmoid", name=f"{name}_dense_1")(h)


def scaled(
    x: keras.KerasTensor, seen: keras.KerasTensor, hidden: int, name: str
) -> keras.KerasTensor:
    """Each number scaled by a gate that sees some features, and x without its gradient."""
    both = ops.concatenate([seen, ops.stop_gradient(x)], axis=1)
    return x * gate_nu(both, hidden, x.shape[-1], f"{name}_gate")


def personal_layers(
    x: keras.KerasTensor,
    seen: keras.KerasTensor,
    takers: list[str],
    *,
    units: list[int],
    hidden: int,
    name: str,
    dropout: float = 0.0,
) -> dict:
    """Layers of each taker's own, each scaled by a gate that sees some features."""
    both, found = ops.concatenate([seen, ops.stop_gradient(x)], axis=1), {}
    for t in takers:
        h = x
        for i, width in enumerate(units):
            h = dense_stack(h, [width], f"{name}_{t}_level_{i}", dropout)
            h = h * gate_nu(both, hidden, width, f"{name}_{t}_gate_{i}")
        found[t] = h
    return found


class StarDense(layers.Layer):
    """A dense layer whose weights are shared ones and those of a row's domain."""

    def __init__(self, units: int, domains: int, **options: object) -> None:
        super().__init__(**options)
        self.units, self.domains = units, domains

    def build(self, input_shape: list) -> None:
        wide, domains = (input_shape[0][-1], self.units), self.domains
        self.kernel = self.add_weight(wide, "glorot_uniform", name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        self.domain_kernel = self.add_weight(
            (domains, *wide), "ones", name="domain_kernel"
        )
        self.domain_bias = self.add_weight(
            (domains, self.units), "zeros", name="domain_bias"
        )

    def call(self, inputs: list) -> keras.KerasTensor:
        x, domain = inputs
        every = ops.einsum("bi,diu->bdu", x, self.kernel * self.domain_kernel)
        chosen = ops.one_hot(domain, self.domains, dtype=every.dtype)
        made = ops.einsum("bd,bdu->bu", chosen, every + self.bias + self.domain_bias)
        return ops.relu(made)


def star(
    x: keras.KerasTensor,
    domain: keras.KerasTensor,
    domains: int,
    *,
    units: list[int],
    name: str,
    dropout: float = 0.0,
) -> keras.KerasTensor:
    """Layers with weights of each domain."""
    for i, width in enumerate(units):
        x = StarDense(width, domains, name=f"{name}_layer_{i}")([x, domain])
        if dropout:
            x = layers.Dropout(dropout)(x)
    return x
