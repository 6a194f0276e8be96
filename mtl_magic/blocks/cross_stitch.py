"""Cross-stitch networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Built, Inner, Part, Reading, Site, shown
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "cross_stitch",
    paper="Misra et al. 2016, Cross-stitch Networks for Multi-task Learning, eq. 1",
    example="share cross_stitch(units=[128, 64])",
)
class CrossStitch(Block):
    """Cross-stitch network: each taker has layers of its own, and after each layer reads a mixture of all takers' activations.

    x̃ₖ = Σⱼ αₖⱼ xⱼ after each layer, with one matrix α a layer that sees no row: it starts near the identity, which is no sharing, and training finds how much the takers share at each depth. Takers read (B, units[-1]).
    """

    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each taker's layers")
    own: float = option(
        Float(minimum=0, maximum=1), 0.9, "where α starts on its diagonal; the others of a row share the rest"
    )
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer", assigned=True)

    def build_at(self, x: Any, site: Site) -> Built:
        from mtl_magic.blocks._stitched import dense, stitched
        from mtl_magic.layers.experts import MixExperts

        inputs = [x] * len(site.takers)
        for i, width in enumerate(self.units):
            made = [
                dense(width, f"{site.key}_{t}_dense_{i}", self.dropout)(h)
                for t, h in zip(site.takers, inputs, strict=True)
            ]
            unit = stitched(made, self.own, f"{site.key}_stitch_{i}")
            inputs = unit.values if i + 1 < len(self.units) else []

        def read(taker: str) -> Reading:
            mix = MixExperts(name=f"{site.key}_mix_{taker}")
            gate = unit.gates[site.takers.index(taker)]
            return Reading((unit.stack, gate), lambda cut: mix([cut[1], cut[0]]), mixture=True)

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts: list[Part] = []
        for i, width in enumerate(self.units):
            below = (f"stitch_{i - 1}",) if i else ()
            layers = [
                Part(f"dense_{i}_{t}", f"layer {i + 1} [{width}]", reads=below, taker=t, layer=f"{key}_{t}_dense_{i}")
                for t in takers
            ]
            stitch = Part(f"stitch_{i}", "cross-stitch", reads=tuple(p.key for p in layers), layer=f"{key}_stitch_{i}")
            parts += [*layers, stitch]
        return Inner(tuple(parts), dict.fromkeys(takers, (parts[-1].key,)), shown(self.units))
