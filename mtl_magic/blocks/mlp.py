"""Hard parameter sharing."""

from __future__ import annotations

from typing import Any

from mtl_magic.blocks._base import Block, Built
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "mlp",
    paper="Caruana 1997, Multitask Learning",
    example="share mlp(units=[128, 64])",
)
class Mlp(Block):
    """Hard parameter sharing (shared bottom): one multi-layer perceptron that every task or block that draws from it reads."""

    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of its layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer", assigned=True)

    def build(self, x: Any, key: str) -> Built:
        from mtl_magic.layers.stack import dense_stack

        return Built.plain(dense_stack(x, self.units, key, self.dropout))
