"""Networks of takers whose activations are mixed after each layer: what `cross_stitch` and `sluice` build."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Unit:
    """The matrix α over tensors of one width, as gates."""

    gates: Sequence[Any]  # of each output, (B, tensors)
    stack: Any  # (B, tensors, d)

    @property
    def values(self) -> list[Any]:
        """Each output Σⱼ α_ij x_j, (B, d)."""
        return self.mix(list(range(len(self.gates))))

    def mix(self, places: list[int]) -> list[Any]:
        """Some of the outputs."""
        from mtl_magic.layers.experts import MixExperts

        found = MixExperts()([*(self.gates[i] for i in places), self.stack])
        return list(found) if len(places) > 1 else [found]


def stitched(tensors: Sequence[Any], own: float, name: str) -> Unit:
    """A cross-stitch unit over tensors (B, d): α starts at `own` on its diagonal, and sums to 1 in each row."""
    from keras import ops

    from mtl_magic.layers.static import StaticGates

    count = len(tensors)
    gates = StaticGates(count, count, own, name=name)(tensors[0])
    return Unit(gates if count > 1 else [gates], ops.stack(list(tensors), axis=1))


def dense(width: int, name: str, dropout: float, regularizer: Any = None) -> Callable[[Any], Any]:
    """A dense layer and its dropout."""
    import keras

    layer = keras.layers.Dense(width, "relu", kernel_regularizer=regularizer, name=name)
    if not dropout:
        return layer
    drop = keras.layers.Dropout(dropout, name=f"{name}_dropout")
    return lambda x: drop(layer(x))
