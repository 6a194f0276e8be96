"""Multi-gate mixture of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Built, Inner, Part, Reading, Site, shown
from mtl_magic.blocks._gated import Gated, experts_said
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "mmoe",
    paper="Ma et al. 2018, Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts, eq. 6-7",
    example="share mmoe(experts=8, units=[128, 64])",
)
class Mmoe(Gated):
    """Multi-gate mixture of experts: shared experts, and for each taker a gate of its own that mixes them.

    A taker is a task or a block that draws from it: two tasks in one line are two takers. Taker k reads Σₑ softmax(W_k x)ₑ · fₑ(x): tasks that agree can use the same experts, tasks that conflict different ones.
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
        from mtl_magic.layers.gates import Gates

        key, seen = site.key, self.seen(x, site)
        experts = Experts(self.experts, self.units, dropout=self.dropout, name=f"{key}_experts")(x)

        def reading(taker: str, gate: Any) -> Reading:
            mix = MixExperts(name=f"{key}_mix_{taker}")
            return Reading((experts, gate), lambda cut: mix([cut[1], cut[0]]), together, mixture=True)

        def together(cuts: list[tuple[Any, ...]]) -> list[Any]:
            """One product a row for all takers (docs/performance.md)."""
            return list(MixExperts(name=f"{key}_mix")([*(gate for _, gate in cuts), cuts[0][0]]))

        def read(taker: str) -> Reading:
            return reading(taker, self.gate_of(seen, self.experts, _gate(key, taker)))

        def read_all(takers: Sequence[str]) -> list[Reading]:
            gates = Gates(self.experts, [_gate(key, taker) for taker in takers], name=f"{key}_gates")(seen)
            return [reading(taker, gate) for taker, gate in zip(takers, gates, strict=True)]

        return Built(read, read_all if self.plain_softmax(self.experts) else None)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        layer = f"{key}_experts"
        experts = [
            Part(f"expert_{e}", f"expert {e}", "expert", layer=layer, of=self.experts)
            for e in range(1, self.experts + 1)
        ]
        keys = tuple(e.key for e in experts)
        gates = [self.gate_part(f"gate_{t}", "gate", keys, t, _gate(key, t)) for t in takers]
        return Inner(
            (*experts, *gates),
            {t: (f"gate_{t}",) for t in takers},
            f"{experts_said(self.experts)} {shown(self.units)}",
        )


def _gate(key: str, taker: str) -> str:
    """What a taker's gate is called among the layers, and the parts of layers."""
    return f"{key}_gate_{taker}"
