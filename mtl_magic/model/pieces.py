"""The weights of a network by the parts that they belong to, whichever layers hold them: a tower is the same part alone
and fused with others.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from mtl_magic.layers.gates import Gates
from mtl_magic.layers.towers import Towers


@dataclasses.dataclass(frozen=True)
class Piece:
    """A weight of a part, or its share of one."""

    part: str  # 'click_tower', 'click_logits', 'mmoe_gate_click', 'mlp'
    name: str  # unique in the part: '0/kernel'
    variable: Any  # Keras variable
    place: Any = ...  # of the share in it, as NumPy indexes

    @property
    def key(self) -> str:
        return f"{self.part}/{self.name}"

    @property
    def first(self) -> bool:
        """Whether it may be a kernel over the inputs of its part: (width, ·)."""
        return self.name in ("0/kernel", "kernel_0") and len(self.value.shape) == 2

    @property
    def value(self) -> np.ndarray:
        return np.array(self.variable)[self.place]

    def assign(self, value: np.ndarray) -> None:
        whole = np.array(self.variable)
        whole[self.place] = value
        self.variable.assign(whole)


def pieces(layers: Iterable[Any]) -> dict[str, Piece]:
    """The pieces of some layers by their keys; random seeds are none."""
    return {p.key: p for layer in layers for p in _of(layer)}


def _of(layer: Any) -> Iterator[Piece]:
    if isinstance(layer, Towers):
        for t, part in enumerate(layer.names):
            for i, (kernel, bias) in enumerate(zip(layer.kernels, layer.biases, strict=True)):
                yield Piece(part, f"{i}/kernel", kernel, t)
                yield Piece(part, f"{i}/bias", bias, t)
    elif isinstance(layer, Gates):
        for t, part in enumerate(layer.names):
            columns = slice(t * layer.experts, (t + 1) * layer.experts)
            yield Piece(part, "0/kernel", layer.kernel, (..., columns))
            yield Piece(part, "0/bias", layer.bias, columns)
    elif type(layer).__name__ == "Dense":
        stacked = re.fullmatch(r"(.+)_dense_(\d+)", layer.name)
        part, number = stacked.groups() if stacked else (layer.name, "0")
        for weight in layer.weights:
            yield Piece(part, f"{number}/{weight.name}", weight)
    else:
        weights = [w for w in getattr(layer, "weights", ()) if "seed_generator" not in w.path]
        for i, weight in enumerate(weights):
            alike = sum(w.name == weight.name for w in weights) > 1
            yield Piece(layer.name, f"{i}/{weight.name}" if alike else weight.name, weight)
