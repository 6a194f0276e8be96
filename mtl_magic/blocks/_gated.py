"""What blocks with experts and gates have in common: the options of gates, how one is made, how experts are mixed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from mtl_magic.blocks._base import Block, Part, Reading, Site
from mtl_magic.parameters import Float, Int, ListOf, Name, maybe
from mtl_magic.registry import option

OWN = 2  # experts of a taker's own, where nothing is said


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gated(Block):
    """Base of blocks whose takers mix experts by gates."""

    gate: tuple[str, ...] | None = option(
        maybe(ListOf(Name("feature"), 1)), None, "the features that gates see; none: what the experts read"
    )
    active: int | None = option(
        maybe(Int(minimum=1)),
        None,
        "experts that a gate uses for a row, those of its greatest logits, two or more; none: all",
    )
    temperature: float = option(
        Float(above=0), 1.0, "gates' logits are divided by it: below 1 they choose sharper", assigned=True
    )
    gate_dropout: float = option(
        Float(minimum=0, below=1),
        0.0,
        "share of experts that a gate leaves out while it trains, the others scaled up",
        assigned=True,
    )
    importance: float = option(
        Float(minimum=0),
        0.0,
        "λ of λ CV² of how much a gate uses each expert over a batch, added to the loss",
        assigned=True,
    )
    entropy: float = option(
        Float(minimum=0), 0.0, "λ of λ H, a gate's mean entropy, added to the loss: it gets decisive", assigned=True
    )

    def sees(self) -> tuple[str, ...]:
        return self.gate or ()

    def plain_softmax(self, experts: int) -> bool:
        """A gate over so many experts is a softmax of its logits and no more."""
        every = self.active is None or self.active >= experts
        return every and self.temperature == 1 and not (self.gate_dropout or self.importance or self.entropy)

    def check_active(self, least: int) -> None:
        """Of `active`, where gates mix at least so many experts.

        Raises:
            ValueError: it is more; or one of several, whose weight is 1 whatever the gate's logits are.
        """
        if self.active is not None and self.active > least:
            raise ValueError(f"active={self.active} is more than the {experts_said(least)} that a gate mixes")
        if self.active == 1 and least > 1:
            raise ValueError(
                "active=1 gives the one expert the weight 1 whatever the gate's logits are, so that the gate learns nothing: "
                "active=2, or dselect_k(active=1), whose gates learn"
            )

    def seen(self, x: Any, site: Site) -> Any:
        """What gates over x see (B, ·)."""
        return x if self.gate is None else site.features(self.gate)

    def gate_of(self, seen: Any, experts: int, name: str) -> Any:
        """A gate's weights (B, experts), of what it sees (B, ·)."""
        import keras

        from mtl_magic.layers.choice import GateWeights

        if self.plain_softmax(experts):
            return keras.layers.Dense(experts, "softmax", name=name)(seen)
        logits = keras.layers.Dense(experts, name=name)(seen)
        return GateWeights(
            self.active, self.temperature, self.gate_dropout, self.importance, self.entropy, name=f"{name}_weights"
        )(logits)

    def gate_part(self, key: str, label: str, reads: Sequence[str], taker: str, layer: str) -> Part:
        """A gate as a picture draws it."""
        return Part(key, label, "gate", reads=tuple(reads), taker=taker, layer=layer, sees=self.gate or ())


def mixing(groups: Sequence[Any], gate: Any, name: str) -> Reading:
    """A reading of groups of experts (B, Eᵢ, d), all side by side mixed by a gate (B, ΣEᵢ): (B, d)."""
    from mtl_magic.layers.experts import MixExperts

    mix, beside = MixExperts(name=name), joiner(len(groups), f"{name}_experts")
    return Reading((*groups, gate), lambda cut: mix([cut[-1], beside(cut[:-1])]), mixture=True)


def joiner(count: int, name: str) -> Callable[[Sequence[Any]], Any]:
    """So many groups of experts (B, Eᵢ, d) -> one (B, ΣEᵢ, d)."""
    import keras

    if count == 1:
        return lambda groups: groups[0]
    join = keras.layers.Concatenate(axis=1, name=name)
    return lambda groups: join(list(groups))


def expert_parts(
    stem: str,
    label: str,
    count: int,
    layer: str,
    *,
    reads: Sequence[str] = (),
    taker: str = "",
    own: bool = False,
    numbered: bool = False,
) -> list[Part]:
    """Experts of one layer as a picture draws them; `numbered`: one that is alone is the first of those that others have."""
    return [
        Part(
            f"{stem}_{e}",
            f"{label} {e}" if count > 1 or numbered else label,
            "expert",
            tuple(reads),
            taker=taker,
            layer=layer,
            of=count,
            own=own,
        )
        for e in range(1, count + 1)
    ]


def experts_said(count: int) -> str:
    """'1 expert', '8 experts'."""
    return f"{count} expert{'s' * (count != 1)}"


def own_option() -> Any:
    """The `own` of a block with experts of each taker's own; see `owned`."""
    from mtl_magic.parameters import OneOf, PerName

    return option(
        OneOf((Int(minimum=1, maximum=1024), PerName(Int(minimum=1, maximum=1024)))),
        OWN,
        f"number of each taker's own experts, or by task, as in [buy=4]; a taker that is not named has {OWN}",
    )


def owned(own: int | dict[str, int], taker: Any) -> int:
    """How many experts of its own a taker has."""
    return own if isinstance(own, int) else own.get(getattr(taker, "name", taker), OWN)
