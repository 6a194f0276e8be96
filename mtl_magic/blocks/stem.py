"""Shared and task-specific embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mtl_magic.blocks._base import Built, Inner, Part, Reading, Site, shown
from mtl_magic.blocks._gated import OWN, Gated, expert_parts, experts_said, mixing, own_option, owned
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "stem",
    paper="Su et al. 2024, STEM: Unleashing the Power of Embeddings for Multi-task Recommendation, STEM-Net with the AFTB gate",
    example="share stem(shared=2, own=2, units=[128, 64])",
)
class Stem(Gated):
    """Shared and task-specific embeddings (STEM): each taker has embeddings of its own beside those that all share.

    Shared experts read the shared embeddings x, taker k's own experts its embeddings eₖ. Its gate, which sees eₖ + x, mixes all experts, but no gradient flows back into those of other takers: k reads what they know, and moves its own and the shared ones alone. Takers read (B, units[-1]). Tables of every taker cost memory: as many as takers, and one. It draws from features, not from blocks.

    Deviations from the authors' code: one level; a gate is one layer, where theirs have two hidden ones; experts end with their activation, theirs without.
    """

    own_embeddings: ClassVar[bool] = True

    shared: int = option(Int(minimum=1, maximum=1024), 2, "number of shared experts")
    own: int | dict[str, int] = own_option()
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each expert's layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)

    def check(self) -> None:
        super().check()
        self.check_active(self.shared + (min([*self.own.values(), OWN]) if isinstance(self.own, dict) else self.own))

    def build_at(self, x: Any, site: Site) -> Built:
        import keras
        from keras import ops

        from mtl_magic.layers.experts import Experts

        key, takers = site.key, list(site.takers)

        def experts(source: Any, count: int, name: str) -> Any:
            return Experts(count, self.units, dropout=self.dropout, name=name)(source)

        shared = experts(x, self.shared, f"{key}_shared")
        inputs = {t: site.own(t) for t in takers}
        made = {t: experts(inputs[t], owned(self.own, t), f"{key}_experts_{t}") for t in takers}

        def read(taker: str) -> Reading:
            groups = [made[taker], shared]  # type: ignore[index]
            others = [group for t, group in made.items() if t != taker]
            if others:
                beside = keras.layers.Concatenate(axis=1, name=f"{key}_others_{taker}")
                groups.insert(1, ops.stop_gradient(beside(others) if len(others) > 1 else others[0]))
            both = keras.layers.Add(name=f"{key}_sees_{taker}")([inputs[taker], x])  # type: ignore[index]
            gate = self.gate_of(self.seen(both, site), sum(g.shape[1] for g in groups), f"{key}_gate_{taker}")
            return mixing(groups, gate, f"{key}_mix_{taker}")

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        shared = expert_parts("shared", "shared expert", self.shared, f"{key}_shared")
        several = max((owned(self.own, t) for t in takers), default=0) > 1
        groups: list[Part] = []
        for t in takers:
            groups += expert_parts(
                f"expert_{t}",
                "own expert",
                owned(self.own, t),
                f"{key}_experts_{t}",
                taker=t,
                own=True,
                numbered=several,
            )
        every = [p.key for p in (*groups, *shared)]
        gates = [self.gate_part(f"gate_{t}", "gate", every, t, f"{key}_gate_{t}") for t in takers]
        detail = f"{experts_said(self.shared)} shared {shown(self.units)}, own embeddings"
        return Inner((*shared, *groups, *gates), {t: (f"gate_{t}",) for t in takers}, detail)
