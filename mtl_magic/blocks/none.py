"""Nothing shared."""

from __future__ import annotations

from typing import ClassVar

from mtl_magic.blocks._base import Block
from mtl_magic.registry import Param, declare


@declare("block", "none", example="share none")
class NoSharing(Block):
    """Nothing shared: each task has embeddings and layers of its own, in one model.

    The single-task baseline: what a task can do alone.
    """

    shares: ClassVar[bool] = False

    @classmethod
    def options(cls) -> tuple[Param, ...]:
        """None: it has no layers to train."""
        return ()
