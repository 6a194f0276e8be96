"""Layers personalized by user, item and author."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtl_magic.blocks._base import Built, Inner, Part, Reading, Site, shown
from mtl_magic.blocks._personal import Personal, beside_stopped, gate_nu, gate_option, hidden_option
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "ppnet",
    paper="Chang et al. 2023, PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information, Gate NU and PPNet",
    example="share ppnet(gate=[user_id, item_id], units=[128, 64])",
)
class Ppnet(Personal):
    """Parameter personalized network (of PEPNet): layers of each taker's own, scaled by what is known of user and item.

    Taker k's layers are h ← δ ⊙ relu(W h + b), where δ = 2 σ(W' relu(W″ [g; ⊘x] + b″) + b') sees the features `gate`, called g, and the sources x, through which no gradient flows back here. Each layer of each taker has a gate of its own. Takers read (B, units[-1]) and share no layer; features and what lies below they do.
    """

    gate: tuple[str, ...] = gate_option("say who acts on what")
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each taker's layers")
    hidden: int = hidden_option()
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer", assigned=True)

    def build_at(self, x: Any, site: Site) -> Built:
        import keras

        from mtl_magic.layers.stack import dense_stack

        key = site.key
        seen = beside_stopped(site.features(self.gate), x, f"{key}_gate_sees")

        def read(taker: str) -> Reading:
            h = x
            for i, width in enumerate(self.units):
                h = dense_stack(h, [width], f"{key}_{taker}_level_{i}", self.dropout)
                gate = gate_nu(seen, self.hidden, width, f"{key}_{taker}_gate_{i}")
                h = keras.layers.Multiply(name=f"{key}_{taker}_scaled_{i}")([gate, h])
            return Reading((h,))

        return Built(read)

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        parts, read = list[Part](), dict[str, tuple[str, ...]]()
        for t in takers:
            read[t] = ()
            for i, width in enumerate(self.units):
                stem = f"{key}_{t}"
                parts += [
                    Part(
                        f"dense_{i}_{t}",
                        f"layer {i + 1} [{width}]",
                        reads=read[t],
                        taker=t,
                        layer=f"{stem}_level_{i}_dense_0",
                    ),
                    Part(
                        f"hidden_{i}_{t}",
                        "gate's hidden layer",
                        taker=t,
                        layer=f"{stem}_gate_{i}_dense_0",
                        sees=self.gate,
                    ),
                    Part(
                        f"gate_{i}_{t}",
                        "gate of each number",
                        reads=(f"dense_{i}_{t}", f"hidden_{i}_{t}"),
                        taker=t,
                        layer=f"{stem}_gate_{i}_dense_1",
                    ),
                ]
                read[t] = (f"gate_{i}_{t}",)
        return Inner(tuple(parts), read, f"{shown(self.units)} by {', '.join(self.gate)}")
