"""Factorization machine."""

from __future__ import annotations

from typing import Any

from mtl_magic.blocks._base import Block, Built, Site
from mtl_magic.parameters import Int
from mtl_magic.registry import declare, option


@declare(
    "block",
    "fm",
    paper="Rendle 2010, Factorization Machines, eq. 1 and lemma 3.1; as a layer He and Chua 2017, Neural Factorization Machines, eq. 3-4",
    example="share fm(dim=16)",
)
class Fm(Block):
    """Factorization machine: the products of all pairs of fields, summed.

    All takers read Σ_{i<j} vᵢ ⊙ vⱼ, of shape (B, dim), whose sum is the machine's second-order term; a taker that draws from `inputs` too has the first-order one. A field is a feature's embedding or its numbers, or a block. Of width `dim` it is its own v, else a matrix makes it so.
    """

    dim: int = option(Int(minimum=1), 16, "width of each field's v; an embedding of this width is taken as it is")

    def build(self, x: Any, key: str) -> Built:
        return self.build_at(x, Site(key, fields=(("", x.shape[-1]),)))

    def build_at(self, x: Any, site: Site) -> Built:
        from mtl_magic.layers.fields import FieldPairs

        return Built.plain(FieldPairs([width for _, width in site.fields], self.dim, name=f"{site.key}_pairs")(x))
