"""What a sharing block is: built once over its sources, read by each taker.

The model is cut where tasks read: the tensors of a `Reading` belong to the trunk, its `combine` to the taker. Those
that several tasks read are what is shared (gradients are balanced at them); a gate is a tensor of one taker alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

from mtl_magic.registry import Declaration


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one taker reads: tensors of the trunk, and how they become one value on the taker's side of the cut."""

    cut: tuple[Any, ...]  # Keras tensors
    combine: Callable[[tuple[Any, ...]], Any] = lambda tensors: tensors[0]  # such tensors -> (B, width)

    @property
    def value(self) -> Any:
        """The value where taker and block are on one side: (B, width)."""
        return self.combine(self.cut)


@dataclasses.dataclass(frozen=True)
class Built:
    """A block over its sources. `read` takes the Keras-safe key of the taker, and is called once for each."""

    read: Callable[[str], Reading]

    @classmethod
    def plain(cls, tensor: Any) -> Built:
        """A block of which every taker reads the same tensor."""
        return cls(lambda taker: Reading((tensor,)))


@dataclasses.dataclass(frozen=True)
class Block(Declaration):
    """Base of blocks."""

    shares: ClassVar[bool] = True  # False: `none`

    def build(self, x: Any, key: str) -> Built:
        """Keras tensor (B, width) of the concatenated sources -> the block; `key` names its layers."""
        raise NotImplementedError(type(self).__name__)  # abstract: each block says its own
