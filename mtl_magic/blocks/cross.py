"""Cross network."""

from __future__ import annotations

from typing import Any

from mtl_magic.blocks._base import Block, Built
from mtl_magic.parameters import Int, maybe
from mtl_magic.registry import declare, option


@declare(
    "block",
    "cross",
    paper="Wang et al. 2021, DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank Systems, eq. 1-2",
    example="share cross(layers=3)",
)
class Cross(Block):
    """Cross network (DCN-V2): explicit products of the inputs, of one degree more with each layer.

    x_{l+1} = x₀ ⊙ (W x_l + b) + x_l, or with a `rank` W = U Vᵀ. All takers read the last layer, as wide as the sources: (B, width). A deep part beside it is another block that the tasks draw from too, one above it draws from this block.
    """

    layers: int = option(Int(minimum=1, maximum=64), 3, "number of layers")
    rank: int | None = option(maybe(Int(minimum=1)), None, "rank of each W; none: full")

    def build(self, x: Any, key: str) -> Built:
        import keras

        start, width = x, x.shape[-1]
        for i in range(self.layers):
            h = x
            if self.rank is not None:
                h = keras.layers.Dense(self.rank, use_bias=False, name=f"{key}_v_dense_{i}")(h)
            h = keras.layers.Dense(width, name=f"{key}_dense_{i}")(h)
            product = keras.layers.Multiply(name=f"{key}_product_{i}")([start, h])
            x = keras.layers.Add(name=f"{key}_sum_{i}")([product, x])
        return Built.plain(x)
