"""Learning only where the parent happened."""

from __future__ import annotations

from typing import Any, ClassVar

from mtl_magic.dependencies._base import Dependency
from mtl_magic.registry import declare


@declare("given", "observed", example="task rating: regression given watch via observed")
class Observed(Dependency):
    """The child learns only from rows where the parent's label is 1; its prediction is conditional on the parent.

    A regression predicts E[child | parent = 1], a binary child P(child | parent). Rows without a label of the parent
    teach the child nothing. Metrics are of those rows too, whatever table is evaluated.
    """

    masks: ClassVar[bool] = True

    def serves(self, child: Any, parent: Any) -> bool:
        return bool(parent.word == "binary")
