"""One-gate mixture of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Built, Inner, Site, shown
from mtl_magic.blocks._gated import Gated, expert_parts, experts_said
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "omoe",
    paper="Ma et al. 2018, Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts, eq. 5 (Jacobs et al. 1991)",
    example="share omoe(experts=8, units=[128, 64])",
)
class Omoe(Gated):
    """One-gate mixture of experts: every taker reads the same mixture.

    All read y = Σₑ softmax(W x)ₑ · fₑ(x), of shape (B, units[-1]): what `mmoe` is compared with.
    """

    experts: int = option(Int(minimum=1, maximum=1024), 8, "number of experts")
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each expert's layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)

    def check(self) -> None:
        super().check()
        self.check_active(self.experts)

    def build(self, x: Any, key: str) -> Built:
        return self.build_at(x, Site(key))

    def build_at(self, x: Any, site: Site) -> Built:
        from mtl_magic.layers.experts import Experts, MixExperts

        key = site.key
        experts = Experts(self.experts, self.units, dropout=self.dropout, name=f"{key}_experts")(x)
        gate = self.gate_of(self.seen(x, site), self.experts, f"{key}_gate")
        return Built.plain(MixExperts(name=f"{key}_mix")([gate, experts]))

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        experts = expert_parts("expert", "expert", self.experts, f"{key}_experts")
        gate = self.gate_part("gate", "gate", [e.key for e in experts], "", f"{key}_gate")
        detail = f"{experts_said(self.experts)} {shown(self.units)}"
        return Inner((*experts, gate), dict.fromkeys(takers, ("gate",)), detail)
