"""Sluice networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Built, Inner, Part, Reading, Site
from mtl_magic.parameters import Float, Int
from mtl_magic.registry import declare, option


@declare(
    "block",
    "sluice",
    paper="Ruder et al. 2019, Latent Multi-task Architecture Learning, eq. 1-4",
    example="share sluice(units=64, layers=2)",
)
class Sluice(Block):
    """Sluice network: cross-stitch units between subspaces of the takers' layers, and a mixture of all depths.

    Each taker's layer is cut into subspaces; after it a matrix α mixes the subspaces of all takers, so that a taker can share one of them and keep another. A taker reads Σₗ βₗ h̃ₗ over its layers, of shape (B, units). λ Σ ‖G₁ᵀG₂‖² keeps a layer's subspaces apart.
    """

    units: int = option(Int(minimum=1), 64, "width of each taker's layers, which subspaces share equally")
    layers: int = option(Int(minimum=1, maximum=64), 2, "number of layers")
    subspaces: int = option(Int(minimum=1), 2, "subspaces of each layer")
    own: float = option(
        Float(minimum=0, maximum=1), 0.9, "where α starts on its diagonal; the others of a row share the rest"
    )
    orthogonal: float = option(Float(minimum=0), 0.0, "λ of the penalty on what a layer's subspaces have in common")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer", assigned=True)

    def check(self) -> None:
        super().check()
        if self.units % self.subspaces:
            raise ValueError(f"units={self.units} cannot be shared equally by {self.subspaces} subspaces")

    def build_at(self, x: Any, site: Site) -> Built:
        import keras
        from keras import ops

        from mtl_magic.blocks._stitched import dense, stitched
        from mtl_magic.layers.experts import MixExperts
        from mtl_magic.layers.static import StaticGates
        from mtl_magic.layers.subspaces import Orthogonal

        each, apart = self.subspaces, Orthogonal(self.orthogonal, self.subspaces) if self.orthogonal else None
        inputs, depths = [x] * len(site.takers), [list[Any]() for _ in site.takers]
        for i in range(self.layers):
            made: list[Any] = []
            for t, h in zip(site.takers, inputs, strict=True):
                layer = dense(self.units, f"{site.key}_{t}_dense_{i}", self.dropout, apart)
                made += ops.split(layer(h), each, axis=1) if each > 1 else [layer(h)]
            unit = stitched(made, self.own, f"{site.key}_stitch_{i}")
            if i + 1 < self.layers:
                values = unit.values
                inputs = [
                    ops.concatenate(values[k * each : (k + 1) * each], axis=1) if each > 1 else values[k]
                    for k in range(len(site.takers))
                ]
                for depth, h in zip(depths, inputs, strict=True):
                    depth.append(h)

        def read(taker: str) -> Reading:
            place = list(site.takers).index(taker)  # type: ignore[arg-type]
            gates = [unit.gates[k] for k in range(place * each, (place + 1) * each)]
            beta = StaticGates(1, self.layers, 1 / self.layers, name=f"{site.key}_depth_{taker}")(x)
            mixes = [MixExperts(name=f"{site.key}_mix_{taker}_{n}") for n in range(each)]
            join = keras.layers.Concatenate(name=f"{site.key}_join_{taker}")
            over = MixExperts(name=f"{site.key}_depths_{taker}")

            def combine(cut: tuple[Any, ...]) -> Any:
                stack, weights, *rest = cut
                own, below = rest[:each], rest[each:]
                values = [mix([gate, stack]) for mix, gate in zip(mixes, own, strict=True)]
                top = join(values) if each > 1 else values[0]
                return over([weights, ops.stack([*below, top], axis=1)])

            return Reading((unit.stack, beta, *gates, *depths[place]), combine)

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts: list[Part] = []
        for i in range(self.layers):
            below = (f"stitch_{i - 1}",) if i else ()
            layers = [
                Part(
                    f"dense_{i}_{t}",
                    f"layer {i + 1} [{self.units}]",
                    reads=below,
                    taker=t,
                    layer=f"{key}_{t}_dense_{i}",
                )
                for t in takers
            ]
            stitch = Part(
                f"stitch_{i}", "subspaces mixed", reads=tuple(p.key for p in layers), layer=f"{key}_stitch_{i}"
            )
            parts += [*layers, stitch]
        stitches = tuple(f"stitch_{i}" for i in range(self.layers))
        depths = [
            Part(f"depth_{t}", "mixture of depths", "gate", stitches, taker=t, layer=f"{key}_depth_{t}") for t in takers
        ]
        read: dict[str, tuple[str, ...]] = {t: (f"depth_{t}",) for t in takers}
        return Inner((*parts, *depths), read, f"{self.layers} × [{self.units}], {self.subspaces} subspaces")
