"""Star topology for several domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Built, Inner, Part, Site, shown
from mtl_magic.parameters import Float, Int, ListOf, Name
from mtl_magic.registry import declare, option


@declare(
    "block",
    "star",
    paper="Sheng et al. 2021, One Model to Serve All: Star Topology Adaptive Recommender for Multi-Domain CTR Prediction, eq. 6-7",
    example="share star(domain=scenario, units=[128, 64])",
)
class Star(Block):
    """Star topology: one network for several domains or scenarios, whose weights are shared ones times the domain's.

    A layer computes relu((W ⊙ W_d) x + b + b_d) for a row of domain d, the value of the feature `domain`, which has one id a row. Rows of d alone move W_d and b_d. An unknown domain has the shared weights. All takers read (B, units[-1]). It is the paper's fully connected part: without partitioned normalization, and its auxiliary network is a tower that draws from the domain too.
    """

    domain: str = option(Name("feature"), doc="the feature that says a row's domain: a category of few values")
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of its layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer", assigned=True)

    def sees(self) -> tuple[str, ...]:
        return (self.domain,)

    def domains(self) -> tuple[str, ...]:
        return (self.domain,)

    def build_at(self, x: Any, site: Site) -> Built:
        import keras

        from mtl_magic.layers.star import StarDense

        ids, count = site.ids(self.domain)
        for i, width in enumerate(self.units):
            x = StarDense(width, count, name=f"{site.key}_layer_{i}")([x, ids])
            if self.dropout:
                x = keras.layers.Dropout(self.dropout, name=f"{site.key}_dropout_{i}")(x)
        return Built.plain(x)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        detail = f"{shown(self.units)} a domain of {self.domain}"
        return Inner((Part("layers", "layers", sees=(self.domain,)),), dict.fromkeys(takers, ("layers",)), detail)
