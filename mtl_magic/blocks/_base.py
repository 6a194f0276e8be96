"""What a sharing block is: built once over its sources, read by each taker.

The model is cut where tasks read: the tensors of a `Reading` belong to the trunk, its `combine` to the taker. Those
that several tasks read are what is shared (gradients are balanced at them); a gate is a tensor of one taker alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self

from mtl_magic.parts import frozen_option, l2_option, lr_option, optimizer_option, refuse_schedule
from mtl_magic.registry import Declaration


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one taker reads: tensors of the trunk, and how they become one value on the taker's side of the cut."""

    cut: tuple[Any, ...]  # Keras tensors
    combine: Callable[[tuple[Any, ...]], Any] = lambda tensors: tensors[0]  # such tensors -> (B, width)
    # The same for several takers in one go, where that is cheaper: of each such tensors -> of each (B, width). The
    # readings of a block that can be combined so hold the same function.
    together: Callable[[list[tuple[Any, ...]]], list[Any]] | None = None
    # Whether `cut` is groups of experts (B, Eᵢ, d), then a gate (B, ΣEᵢ), and the value Σₑ gₑ hₑ: then balancing needs no
    # gradient of each task at each expert (`train/taps.py`). False is always right.
    mixture: bool = False

    @property
    def value(self) -> Any:
        """The value where taker and block are on one side: (B, width)."""
        return self.combine(self.cut)


def combined(readings: Sequence[Reading], cuts: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Each reading's value (B, width) of tensors that stand for its cut, those that can be in one go."""
    values: dict[int, Any] = {}
    groups: dict[int, list[int]] = {}
    for i, reading in enumerate(readings):
        if reading.together is None:
            values[i] = reading.combine(cuts[i])
        else:
            groups.setdefault(id(reading.together), []).append(i)
    for members in groups.values():
        first = readings[members[0]]
        if len(members) == 1 or first.together is None:
            made = [first.combine(cuts[members[0]])]
        else:
            made = first.together([cuts[i] for i in members])
        values |= zip(members, made, strict=True)
    return [values[i] for i in range(len(readings))]


@dataclasses.dataclass(frozen=True)
class Built:
    """A block over its sources. `read` takes the Keras-safe key of the taker, and is called once for each.

    `read_all` reads for several tasks at once, where that is cheaper; it is called once, in place of `read` for them.
    """

    read: Callable[[str], Reading]
    read_all: Callable[[Sequence[str]], list[Reading]] | None = None

    @classmethod
    def plain(cls, tensor: Any) -> Built:
        """A block of which every taker reads the same tensor."""
        return cls(lambda taker: Reading((tensor,)))


class Taker(str):
    """The Keras-safe key of what draws from a block, and its name as the cell says it."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, key: str, name: str = "") -> Self:
        made = super().__new__(cls, key)
        made.name = name or key
        return made


@dataclasses.dataclass(frozen=True)
class Site:
    """What a block can know of the place where it is built, beside its sources.

    Attributes:
        key: names its layers.
        takers: all that draw from it: blocks, then tasks.
        fields: of its sources side by side, features and blocks, what each is called and how wide it is.
        features: names of features -> their encoded values side by side (B, width).
        ids: name of a feature with one id a row -> that id (B,) int32, and how many ids there are.
        own: taker -> the block's features, of embeddings that are the taker's own (B, width).
    """

    key: str
    takers: tuple[Taker, ...] = ()
    fields: tuple[tuple[str, int], ...] = ()
    features: Callable[[tuple[str, ...]], Any] = lambda names: None
    ids: Callable[[str], tuple[Any, int]] = lambda name: (None, 0)
    own: Callable[[str], Any] = lambda taker: None


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a block, as a picture of the topology draws it."""

    key: str  # unique in the block: 'expert_1', 'gate_click'
    label: str  # 'expert 1', 'gate'
    kind: str = "layers"  # layers | expert | gate
    reads: tuple[str, ...] = ()  # keys of the parts that it reads; none: the block's sources
    taker: str = ""  # key of the only taker that it serves; '': all
    layer: str = ""  # name of the layer with its weights; '': the block's layers that no other part names
    of: int = 1  # so many parts are equal shares of that layer
    sees: tuple[str, ...] = ()  # features that steer it in place of the block's sources
    own: bool = False  # it reads embeddings of the taker's own
    level: int = 0  # of a block with levels, which one, from 1

    def told(self, taker: str = "", names: Mapping[str, str] = MappingProxyType({})) -> str:
        """What events call it beside a taker: 'own expert 1', of another taker 'own expert 1 of like'; without its level."""
        return told(self.label, self.level, self.taker, taker, names)


def told(label: str, level: int, owner: str, taker: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """What events call a part; see `Part.told`.

    Example:
        >>> told("2 own expert", 2, "task_like", "task_buy", {"task_like": "like"})
        'own expert of like'
    """
    short = label.removeprefix(f"{level} ")
    return f"{short} of {names.get(owner, owner)}" if owner not in ("", taker) else short


def told_block(title: str, level: int) -> str:
    """What events call a block, or a level of it: 'ple, level 2'."""
    return f"{title}, level {level}" if level else title


@dataclasses.dataclass(frozen=True)
class Inner:
    """What is inside a block: its parts, and for each taker the keys of those that it reads."""

    parts: tuple[Part, ...]
    read_by: dict[str, tuple[str, ...]]
    detail: str = ""  # of the block, short: '8 experts [128, 64]'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block(Declaration):
    """Base of blocks. One with hidden layers has a `dropout` of its own."""

    shares: ClassVar[bool] = True  # False: `none`
    own_embeddings: ClassVar[bool] = False  # True: each taker has some, and the block draws from features alone

    lr: float = lr_option("its layers")
    optimizer: Any = optimizer_option("its layers")
    l2: float = l2_option("the kernels of its layers")
    frozen: bool = frozen_option("its layers")

    def check(self) -> None:
        refuse_schedule(self.optimizer)

    def build(self, x: Any, key: str) -> Built:
        """Keras tensor (B, width) of the concatenated sources -> the block; `key` names its layers."""
        raise NotImplementedError(type(self).__name__)  # abstract: each block says its own, or `build_at`

    def build_at(self, x: Any, site: Site) -> Built:
        """The same for a block that depends on who draws from it, or on features other than its sources."""
        return self.build(x, site.key)

    def sees(self) -> tuple[str, ...]:
        """Features that it reads beside its sources: of its gates, by name."""
        return ()

    def domains(self) -> tuple[str, ...]:
        """Those of which it reads the one id that each row has."""
        return ()

    def inner(self, key: str, takers: Sequence[str]) -> Inner:
        """The block as it is drawn, for the key of `build` and those of `Built.read`; here: one part that all read."""
        units = getattr(self, "units", ())
        return Inner((Part("layers", "layers"),), dict.fromkeys(takers, ("layers",)), shown(units) if units else "")


def shown(units: Sequence[int]) -> str:
    """Widths as the language writes them: '[128, 64]'."""
    return f"[{', '.join(map(str, units))}]"
