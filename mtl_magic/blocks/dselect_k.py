"""DSelect-k gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Built, Inner, Part, Site, shown
from mtl_magic.blocks._gated import expert_parts, experts_said, mixing
from mtl_magic.parameters import Float, Int, ListOf, Name, maybe
from mtl_magic.registry import declare, option


@declare(
    "block",
    "dselect_k",
    paper="Hazimeh et al. 2021, DSelect-k: Differentiable Selection in the Mixture of Experts with Applications to Multi-Task Learning, eq. 3-6",
    example="share dselect_k(experts=8, active=2, units=[128, 64])",
)
class DselectK(Block):
    """Mixture of experts whose gates select a few: at most `active` experts a row once training has settled.

    A taker's gate has `active` selectors of one expert each, and mixes them: Σᵢ softmax(αᵢ) r(zᵢ), where each of the log₂E logits zᵢ says through a smooth step how much a bit of the expert's number is 1. The gates see each row (the paper's per-example gating), and have a gradient everywhere between the steps, where `mmoe(active=…)` has one for the chosen experts alone. Takers read (B, units[-1]).

    Deviations from the authors' code: the number of experts is a power of 2, where theirs adds a penalty on numbers that count none; gates always see the row; the mixture's logits start as small as the bits'; `entropy` is of a mean over rows, theirs of their sum.
    """

    experts: int = option(Int(minimum=2, maximum=1024), 8, "number of experts, a power of 2")
    active: int = option(Int(minimum=1), 2, "selectors of each gate: as many experts at most")
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each expert's layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)
    gamma: float = option(Float(above=0), 1.0, "width of the smooth step", assigned=True)
    gate: tuple[str, ...] | None = option(
        maybe(ListOf(Name("feature"), 1)), None, "the features that gates see; none: what the experts read"
    )
    entropy: float = option(
        Float(minimum=0),
        0.0,
        "λ of λ Σᵢ H(r(zᵢ)), the selectors' mean entropy, added to the loss: they settle",
        assigned=True,
    )
    importance: float = option(
        Float(minimum=0),
        0.0,
        "λ of λ CV² of how much a gate uses each expert over a batch, added to the loss",
        assigned=True,
    )

    def sees(self) -> tuple[str, ...]:
        return self.gate or ()

    def check(self) -> None:
        super().check()
        if self.experts & (self.experts - 1):
            raise ValueError(
                f"selectors count experts in binary: experts is a power of 2, as 4, 8 or 16, not {self.experts}"
            )
        if self.active > self.experts:
            raise ValueError(f"active={self.active} is more than the {experts_said(self.experts)} that a gate mixes")

    @property
    def logits(self) -> int:
        """How many logits a gate has: bits and weight of each selector."""
        return self.active * ((self.experts - 1).bit_length() + 1)

    def build(self, x: Any, key: str) -> Built:
        return self.build_at(x, Site(key))

    def build_at(self, x: Any, site: Site) -> Built:
        import keras

        from mtl_magic.layers.choice import SelectWeights
        from mtl_magic.layers.experts import Experts

        key = site.key
        experts = Experts(self.experts, self.units, dropout=self.dropout, name=f"{key}_experts")(x)
        seen = site.features(self.gate) if self.gate else x

        def read(taker: str) -> Any:
            name = f"{key}_gate_{taker}"
            # Small, so that all bits begin between 0 and 1, where the step has a gradient.
            start = keras.initializers.RandomUniform(-self.gamma / 100, self.gamma / 100)
            logits = keras.layers.Dense(self.logits, kernel_initializer=start, name=name)(seen)
            choose = SelectWeights(
                self.experts, self.active, self.gamma, self.importance, self.entropy, name=f"{name}_weights"
            )
            return mixing((experts,), choose(logits), f"{key}_mix_{taker}")

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        experts = expert_parts("expert", "expert", self.experts, f"{key}_experts")
        keys = tuple(e.key for e in experts)
        gates = [
            Part(f"gate_{t}", "gate", "gate", keys, taker=t, layer=f"{key}_gate_{t}", sees=self.sees()) for t in takers
        ]
        detail = f"{self.active} of {experts_said(self.experts)} {shown(self.units)}"
        return Inner((*experts, *gates), {t: (f"gate_{t}",) for t in takers}, detail)
