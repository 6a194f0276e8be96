"""Adaptive task-to-task fusion."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Built, Inner, Part, Reading, Site, shown
from mtl_magic.blocks._gated import OWN, Gated, expert_parts, experts_said, mixing, own_option, owned
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "adatt",
    paper="Li et al. 2023, AdaTT: Adaptive Task-to-Task Fusion Network for Multitask Learning in Recommendations, AdaTT-sp",
    example="share adatt(levels=2, own=2, units=[64])",
)
class Adatt(Gated):
    """Adaptive task-to-task fusion: every taker has experts, and mixes those of all with a residual of its own.

    At each level taker k reads softmax(W_k h_k) · [experts of all] + v_k · [experts of k], where h_k is what k read below, at first the sources, and v_k are weights that see no row and start equal (AdaTT-sp). All experts learn from all tasks; `cgc` and `ple` keep some apart. Takers read (B, units[-1]).

    Deviations from the authors' code, which draws v_k at random and adds an only expert as it is: v_k starts at 1 over the number of own experts and is always learnt. There are no shared experts.
    """

    levels: int = option(Int(minimum=1, maximum=64), 2, "number of levels")
    own: int | dict[str, int] = own_option()
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (64,), "widths of each expert's layers, at each level")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)

    def check(self) -> None:
        super().check()
        self.check_active(min([*self.own.values(), OWN]) if isinstance(self.own, dict) else self.own)

    def build_at(self, x: Any, site: Site) -> Built:
        from mtl_magic.layers.experts import Experts

        takers, inputs = site.takers, dict.fromkeys(site.takers, x)

        def stem(level: int) -> str:
            return f"{site.key}_level_{level}"

        def groups(level: int) -> dict[str, Any]:
            return {
                t: Experts(owned(self.own, t), self.units, dropout=self.dropout, name=f"{stem(level)}_experts_{t}")(
                    inputs[t]
                )
                for t in takers
            }

        def read(level: int, made: dict[str, Any], taker: str) -> Reading:
            return self._fused(
                list(made.values()), list(made).index(taker), inputs[taker], site=site, stem=stem(level), taker=taker
            )

        for level in range(1, self.levels):
            made = groups(level)
            inputs = {t: read(level, made, t).value for t in takers}
        last = groups(self.levels)
        return Built(lambda taker: read(self.levels, last, taker))

    def _fused(self, groups: list[Any], place: int, source: Any, *, site: Site, stem: str, taker: str) -> Reading:
        """All experts by the taker's gate, and those at `place`, its own, by weights that see no row."""
        import keras

        from mtl_magic.layers.experts import MixExperts
        from mtl_magic.layers.static import StaticGates

        own = groups[place].shape[1]
        gate = self.gate_of(self.seen(source, site), sum(g.shape[1] for g in groups), f"{stem}_gate_{taker}")
        native = StaticGates(1, own, 1 / own, name=f"{stem}_native_{taker}")(source)
        every, beside = mixing(groups, gate, f"{stem}_mix_{taker}"), MixExperts(name=f"{stem}_mix_native_{taker}")
        add = keras.layers.Add(name=f"{stem}_fused_{taker}")
        return Reading(
            (*groups, gate, native), lambda cut: add([every.combine(cut[:-1]), beside([cut[-1], cut[place]])])
        )

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts: list[Part] = []
        several = max((owned(self.own, t) for t in takers), default=0) > 1
        before: dict[str, tuple[str, ...]] = {}
        for level in range(1, self.levels + 1):
            stem, mark = f"{key}_level_{level}", f"level_{level}_"
            groups = {
                t: expert_parts(
                    f"{mark}expert_{t}",
                    f"{level} expert",
                    owned(self.own, t),
                    f"{stem}_experts_{t}",
                    reads=before.get(t, ()),
                    taker=t,
                    numbered=several,
                )
                for t in takers
            }
            every = [p.key for group in groups.values() for p in group]
            natives = [
                Part(
                    f"{mark}native_{t}",
                    f"{level} native",
                    "gate",
                    tuple(p.key for p in groups[t]),
                    taker=t,
                    layer=f"{stem}_native_{t}",
                )
                for t in takers
            ]
            gates = [self.gate_part(f"{mark}gate_{t}", f"{level} gate", every, t, f"{stem}_gate_{t}") for t in takers]
            made = [*(p for group in groups.values() for p in group), *natives, *gates]
            parts += [dataclasses.replace(p, level=level) for p in made]
            before = {t: (f"{mark}gate_{t}", f"{mark}native_{t}") for t in takers}
        said = experts_said(self.own) if isinstance(self.own, int) else "own experts"
        return Inner(tuple(parts), before, f"{self.levels} levels, {said} a taker {shown(self.units)}")
