"""Task attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Built, Inner, Part, Reading, Site, shown
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "mtan",
    paper="Liu et al. 2019, End-to-End Multi-Task Learning with Attention, eq. 1-2",
    example="share mtan(units=[128, 64])",
)
class Mtan(Block):
    """Task attention (MTAN, for vectors): one shared network, of which each taker selects features at every depth.

    Level l of the shared network is u = relu(U p), p = relu(P u), where the paper has two convolutions. Taker k's mask aₖ = σ(H relu(G [u; f(âₖ)])), with âₖ of the level below, has a number between 0 and 1 for each feature of p, and k selects âₖ = aₖ ⊙ p; f is a dense layer. Takers read (B, units[-1]).
    """

    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of the shared network's levels")
    dropout: float = option(
        Float(minimum=0, below=1), 0.1, "dropout after each level of the shared network", assigned=True
    )

    def build(self, x: Any, key: str) -> Built:
        return self.build_at(x, Site(key))

    def build_at(self, x: Any, site: Site) -> Built:
        import keras

        from mtl_magic.layers.stack import dense_stack

        key, levels = site.key, list[tuple[Any, Any]]()
        p = x
        for i, width in enumerate(self.units):
            u = dense_stack(p, [width], f"{key}_level_{i}_u")
            p = dense_stack(u, [width], f"{key}_level_{i}_p", self.dropout)
            levels.append((u, p))

        def read(taker: str) -> Reading:
            last = len(levels) - 1
            chosen = None
            for i, (u, p) in enumerate(levels):
                stem, width = f"{key}_level_{i}_{taker}", self.units[i]
                seen = u
                if chosen is not None:
                    below = dense_stack(chosen, [width], f"{stem}_f")
                    seen = keras.layers.Concatenate(name=f"{stem}_seen")([u, below])
                hidden = dense_stack(seen, [width], f"{stem}_g")
                mask = keras.layers.Dense(width, "sigmoid", name=f"{stem}_mask")(hidden)
                select = keras.layers.Multiply(name=f"{stem}_selected")
                if i < last:
                    chosen = select([mask, p])
            return Reading((p, mask), lambda cut: select([cut[1], cut[0]]))

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts: list[Part] = []
        for i, width in enumerate(self.units):
            p = (f"p_{i - 1}",) if i else ()
            parts.append(Part(f"u_{i}", f"level {i + 1} u [{width}]", reads=p, layer=f"{key}_level_{i}_u_dense_0"))
            parts.append(
                Part(f"p_{i}", f"level {i + 1} p [{width}]", reads=(f"u_{i}",), layer=f"{key}_level_{i}_p_dense_0")
            )
            for t in takers:
                stem = f"{key}_level_{i}_{t}"
                reads: tuple[str, ...] = (f"u_{i}",)
                if i:
                    parts.append(
                        Part(
                            f"f_{i}_{t}",
                            "selected below",
                            reads=(f"mask_{i - 1}_{t}", f"p_{i - 1}"),
                            taker=t,
                            layer=f"{stem}_f_dense_0",
                        )
                    )
                    reads = (*reads, f"f_{i}_{t}")
                parts.append(Part(f"g_{i}_{t}", "attention", reads=reads, taker=t, layer=f"{stem}_g_dense_0"))
                parts.append(Part(f"mask_{i}_{t}", "mask", reads=(f"g_{i}_{t}",), taker=t, layer=f"{stem}_mask"))
        top = len(self.units) - 1
        return Inner(tuple(parts), {t: (f"p_{top}", f"mask_{top}_{t}") for t in takers}, shown(self.units))
