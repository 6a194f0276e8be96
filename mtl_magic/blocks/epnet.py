"""Embeddings personalized by domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Built, Inner, Part, Site
from mtl_magic.blocks._personal import Personal, beside_stopped, gate_nu, gate_option, hidden_option
from mtl_magic.registry import declare


@declare(
    "block",
    "epnet",
    paper="Chang et al. 2023, PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information, Gate NU and EPNet",
    example="share ep = epnet(gate=[scenario])",
)
class Epnet(Personal):
    """Embedding personalized network (of PEPNet): what is read is scaled, number by number, by what is known of the domain.

    All takers read δ ⊙ x, of the sources' shape (B, width), with δ = 2 σ(W' relu(W [g; ⊘x] + b) + b') of the features `gate`, called g, and of x, through which no gradient flows back here. Of several domains in one log it makes one embedding serve all; `ppnet` draws from it.
    """

    gate: tuple[str, ...] = gate_option("say the domain")
    hidden: int = hidden_option()

    def build_at(self, x: Any, site: Site) -> Built:
        import keras

        seen = beside_stopped(site.features(self.gate), x, f"{site.key}_gate_sees")
        gate = gate_nu(seen, self.hidden, x.shape[-1], f"{site.key}_gate")
        return Built.plain(keras.layers.Multiply(name=f"{site.key}_scaled")([gate, x]))

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        hidden = Part("gate_hidden", "gate's hidden layer", layer=f"{key}_gate_dense_0", sees=self.gate)
        gate = Part("gate", "gate of each number", reads=("gate_hidden",), layer=f"{key}_gate_dense_1")
        return Inner((hidden, gate), dict.fromkeys(takers, ("gate",)), f"by {', '.join(self.gate)}")
