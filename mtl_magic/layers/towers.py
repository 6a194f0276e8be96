"""Towers of equal shape, in one layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from mtl_magic.layers.machine import accelerated


@keras.saving.register_keras_serializable("mtl_magic")
class Towers(keras.layers.Layer):
    """A stack of dense layers for each of several tasks, all of one shape.

    Equal to `Dense(u, activation)` for each of `units`, a stack a task: weight `[t]` of each variable is tower t's, and so
    is output t. On a CPU each tower has its own products, but for the first layer of towers that read one tensor, which
    is one product; with an accelerator every layer is one batched product. Either way they are few variables, which
    the optimizer walks over, and few operations to trace (docs/performance.md).

    Args:
        units: list of int. Widths of each tower's layers.
        names: list of str. What each tower is called, T of them; see `parts`.
        activation: str or callable. Activation of each layer.
        dropout: float. Dropout after each layer.
        **kwargs: of `keras.layers.Layer`.

    Input: (B, width), which all towers read, or a list of T such, one a tower. Output: a list of T tensors (B, units[-1]).

    Example:
        >>> import numpy as np
        >>> x = np.ones((1, 5), "float32")
        >>> [y.shape for y in Towers([4, 3], ["tower_a", "tower_b"])([x, 2 * x])]
        [TensorShape([1, 3]), TensorShape([1, 3])]
    """

    def __init__(
        self, units: Sequence[int], names: Sequence[str], activation: Any = "relu", dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.names = [int(u) for u in units], [str(name) for name in names]
        self.activation = keras.activations.get(activation)
        self.dropout = float(dropout)
        self.drops = [keras.layers.Dropout(dropout, dtype=self.dtype_policy) for _ in self.units] if dropout else []

    def build(self, input_shape: Any) -> None:
        width = _width(input_shape)
        self.kernels, self.biases = [], []
        for i, units in enumerate(self.units):
            limit = (6.0 / (width + units)) ** 0.5  # Glorot of one tower
            initializer = keras.initializers.RandomUniform(-limit, limit)
            self.kernels.append(self.add_weight((len(self.names), width, units), initializer, name=f"kernel_{i}"))
            self.biases.append(self.add_weight((len(self.names), units), "zeros", name=f"bias_{i}"))
            width = units

    def parts(self) -> dict[str, int]:
        """The towers by name, in the order of the outputs, and how many weights each has."""
        return dict.fromkeys(self.names, sum(math.prod(w.shape[1:]) for w in (*self.kernels, *self.biases)))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        form = self._batched if accelerated() else self._apart
        return form(inputs, training)

    def _batched(self, inputs: Any, training: bool | None) -> list[Any]:
        """Each layer one product (T, B, ·) @ (T, ·, ·); what all towers read is multiplied with every kernel."""
        h = ops.stack(inputs) if isinstance(inputs, (list, tuple)) else inputs
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            h = self._ends(ops.matmul(h, kernel) + ops.expand_dims(bias, 1), i, training)
        return list(ops.unstack(h, len(self.names)))

    def _apart(self, inputs: Any, training: bool | None) -> list[Any]:
        """Each tower's own products."""
        towers = len(self.names)
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            if isinstance(inputs, (list, tuple)):
                # Unstacked, not indexed: the gradient of an index is a whole kernel of zeros.
                each = zip(inputs, ops.unstack(kernel, towers), ops.unstack(bias, towers), strict=True)
                inputs = [self._ends(ops.matmul(x, k) + b, i, training) for x, k, b in each]
            else:
                side_by_side = ops.reshape(ops.transpose(kernel, (1, 0, 2)), (kernel.shape[1], -1))
                made = self._ends(ops.matmul(inputs, side_by_side) + ops.reshape(bias, (-1,)), i, training)
                inputs = ops.split(made, towers, axis=-1)
        return inputs

    def _ends(self, h: Any, i: int, training: bool | None) -> Any:
        """Activation and dropout of layer i."""
        h = self.activation(h)
        return self.drops[i](h, training=training) if self.drops else h

    def compute_output_shape(self, input_shape: Any) -> Any:
        rows = input_shape[0][0] if isinstance(input_shape[0], (list, tuple)) else input_shape[0]
        return [(rows, self.units[-1]) for _ in self.names]

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "names": self.names, "dropout": self.dropout}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}


def _width(shape: Any) -> int:
    """The width of (B, width), or of each of a list of such; they must agree."""
    widths = {s[-1] for s in (shape if isinstance(shape[0], (list, tuple)) else [shape])}
    if len(widths) > 1:
        raise ValueError(f"towers read tensors of one width, not of {sorted(widths)}")
    return int(widths.pop())
