"""Gates of PEPNet: what `epnet` and `ppnet` have in common."""

from __future__ import annotations

import dataclasses
from typing import Any

from mtl_magic.blocks._base import Block
from mtl_magic.parameters import Int, ListOf, Name
from mtl_magic.registry import option

SCALE = 2.0  # γ of Gate NU: a gate of 1, in the middle, changes nothing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Personal(Block):
    """Base of blocks whose gates scale activations by what they know of a domain or a person."""

    def sees(self) -> tuple[str, ...]:
        gate: tuple[str, ...] = self.gate  # type: ignore[attr-defined]
        return gate


def gate_option(what: str) -> Any:
    """The features that gates see."""
    return option(ListOf(Name("feature"), 1), doc=f"the features that {what} and that its gates see")


def hidden_option() -> Any:
    """The width of a gate's hidden layer."""
    return option(Int(minimum=1), 64, "width of each gate's hidden layer")


def gate_nu(seen: Any, hidden: int, width: int, name: str) -> Any:
    """γ σ(W' relu(W seen + b) + b'), γ = 2: (B, width) between 0 and 2 (PEPNet, Gate NU)."""
    import keras

    h = keras.layers.Dense(hidden, "relu", name=f"{name}_dense_0")(seen)
    h = keras.layers.Dense(width, "sigmoid", name=f"{name}_dense_1")(h)
    return keras.layers.Rescaling(SCALE, name=f"{name}_scale")(h)


def beside_stopped(prior: Any, x: Any, name: str) -> Any:
    """prior ⊕ ⊘(x): side by side, and no gradient flows back through x."""
    import keras
    from keras import ops

    return keras.layers.Concatenate(name=name)([prior, ops.stop_gradient(x)])
