"""What a dependency between heads is: a rule that makes the child's final logits of its own and its parent's."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@dataclasses.dataclass(frozen=True)
class Dependency(Declaration):
    """Base of `given` methods."""

    conditional: ClassVar[bool] = False  # the model also gives `child|parent`
    masks: ClassVar[bool] = False  # the child learns only from rows where the parent is 1

    def serves(self, child: Any, parent: Any) -> bool:
        """Whether the method may stand between two task kinds."""
        return True

    def logits(self, child: Any, parent: Any) -> Any:
        """Final logits of the child (B, 1) from its own head's and the parent's final ones; Keras tensors."""
        return child

    def bias(self, child: TaskSchema, parent: TaskSchema) -> list[float] | None:
        """Where the child's own head should start, or None: as without the dependency."""
        return None
