"""Levels of shared experts and experts of each taker's own: what `cgc` and `ple` build."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.blocks._base import Built, Inner, Part, Site, shown
from mtl_magic.blocks._gated import OWN, Gated, expert_parts, experts_said, mixing, owned

if TYPE_CHECKING:
    from mtl_magic.blocks._base import Reading


@dataclasses.dataclass(frozen=True, kw_only=True)
class Extraction(Gated):
    """Base of `cgc` and `ple`: extraction networks, one above the other.

    A level has shared experts and own ones of each taker. A taker's gate mixes its own and the shared experts; below the
    last level a gate of the shared part mixes all. The next level's experts read what the gates of theirs give.
    """

    if TYPE_CHECKING:  # each says its own, with a default: positional arguments fill them in their order
        shared: int
        own: int | dict[str, int]
        units: tuple[int, ...]
        dropout: float

    def check(self) -> None:
        super().check()
        least = min([*self.own.values(), OWN]) if isinstance(self.own, dict) else self.own
        self.check_active(self.shared + least)

    @property
    def depth(self) -> int:
        return int(getattr(self, "levels", 1))

    def build(self, x: Any, key: str) -> Built:
        return self.build_at(x, Site(key))

    def build_at(self, x: Any, site: Site) -> Built:
        if self.depth == 1:  # then no taker needs to know of another
            shared = self._experts(x, self.shared, f"{site.key}_shared")
            return Built(lambda taker: self._read(x, shared, site, site.key, taker))
        inputs = dict.fromkeys(site.takers, x)
        common = x
        for level in range(1, self.depth):
            stem = f"{site.key}_level_{level}"
            shared = self._experts(common, self.shared, f"{stem}_shared")
            made = {t: self._read(inputs[t], shared, site, stem, t) for t in site.takers}
            groups = [shared, *(made[t].cut[0] for t in site.takers)]
            gate = self.gate_of(self.seen(common, site), sum(g.shape[1] for g in groups), f"{stem}_shared_gate")
            inputs, common = (
                {t: made[t].value for t in site.takers},
                mixing(groups, gate, f"{stem}_shared_mix").value,
            )
        last = f"{site.key}_level_{self.depth}"
        shared = self._experts(common, self.shared, f"{last}_shared")
        return Built(lambda taker: self._read(inputs[taker], shared, site, last, taker))

    def _experts(self, x: Any, count: int, name: str) -> Any:
        from mtl_magic.layers.experts import Experts

        return Experts(count, self.units, dropout=self.dropout, name=name)(x)

    def _read(self, source: Any, shared: Any, site: Site, stem: str, taker: str) -> Reading:
        """A taker's own experts over `source`, mixed with the shared ones by its gate."""
        count = owned(self.own, _named(taker, site))
        own = self._experts(source, count, f"{stem}_experts_{taker}")
        gate = self.gate_of(self.seen(source, site), count + shared.shape[1], f"{stem}_gate_{taker}")
        return mixing((own, shared), gate, f"{stem}_mix_{taker}")

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts: list[Part] = []
        several = max((owned(self.own, t) for t in takers), default=0) > 1
        before: dict[str, tuple[str, ...]] = {}  # of each taker, and '' for the shared part, the gate that it reads
        for level in range(1, self.depth + 1):
            stem, mark = (f"{key}_level_{level}", f"level_{level}_") if self.depth > 1 else (key, "")
            said = f"{level} " if self.depth > 1 else ""
            groups = {
                t: expert_parts(
                    f"{mark}expert_{t}",
                    f"{said}own expert",
                    owned(self.own, t),
                    f"{stem}_experts_{t}",
                    reads=before.get(t, ()),
                    taker=t,
                    numbered=several,
                )
                for t in takers
            }
            shared = expert_parts(
                f"{mark}shared",
                f"{said}shared expert",
                self.shared,
                f"{stem}_shared",
                reads=before.get("", ()),
            )
            gates = [
                self.gate_part(
                    f"{mark}gate_{t}", f"{said}gate", [p.key for p in (*groups[t], *shared)], t, f"{stem}_gate_{t}"
                )
                for t in takers
            ]
            before = {t: (f"{mark}gate_{t}",) for t in takers}
            made = [*shared, *(p for group in groups.values() for p in group), *gates]
            if level < self.depth:
                every = [p.key for p in (*shared, *(p for group in groups.values() for p in group))]
                made.append(self.gate_part(f"{mark}gate", f"{said}shared gate", every, "", f"{stem}_shared_gate"))
                before[""] = (f"{mark}gate",)
            parts += [dataclasses.replace(p, level=level if self.depth > 1 else 0) for p in made]
        levels = f"{self.depth} levels, " if self.depth > 1 else ""
        detail = f"{levels}{experts_said(self.shared)} shared {shown(self.units)}"
        return Inner(tuple(parts), {t: before[t] for t in takers}, detail)


def _named(taker: str, site: Site) -> Any:
    """The taker with its name, where the site knows it."""
    return next((t for t in site.takers if t == taker), taker)
