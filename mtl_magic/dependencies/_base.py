"""What a dependency between heads is, and the seams through which model, data and training use it.

It acts in one of three places, and a task has one method for each: on which labels count, on what the child's head reads
(its representation, above the tower), or on the child's probability (its logits). Its loss can have a term of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema

LABELS, REPRESENTATION, PROBABILITY = "labels", "representation", "probability"
PLACES = {
    LABELS: "which labels of a task count",
    REPRESENTATION: "what a task's head reads",
    PROBABILITY: "a task's probability",
}


@dataclasses.dataclass(frozen=True)
class Heads:
    """Some rows of a child and of its parents by one method, as the method's own term of the loss sees them.

    Attributes:
        label: of the child (B,), without NaN.
        known: whether all parents have a label (B,) bool.
        happened: whether all of them are 1 (B,) bool; False where one is not known.
        logits: final ones of the child (B, 1).
        own: those of its own head (B, 1).
        parents: final ones of the parents, each (B, 1).
        further: what `Dependency.further` made, by its key.
    """

    label: Any
    known: Any
    happened: Any
    logits: Any
    own: Any
    parents: tuple[Any, ...]
    further: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Dependency(Declaration):
    """Base of `given` methods. What takes several parents takes all that a task has by this method."""

    acts: ClassVar[str] = LABELS  # on which of the three
    conditional: ClassVar[bool] = False  # the model also gives `child|parent`
    masks: ClassVar[bool] = False  # the child learns only from rows where the parent is 1
    bounded: ClassVar[bool] = False  # the child's probability is not above its parent's
    adds: ClassVar[bool] = False  # `rows` is a term of the child's loss

    def serves(self, child: Any, parent: Any) -> bool:
        """Whether the method may stand between two task kinds."""
        return True

    def clash(self, other: Any) -> str:
        """What to say where one task has both; '': they can stand side by side."""
        if self == other or self.acts == LABELS or self.acts != getattr(other, "acts", LABELS):
            return ""
        beside = f"'{other.word}'" if other.word != self.word else f"another '{other.word}' of other options"
        return f"'{self.word}' does not fit beside {beside}: both act on {PLACES[self.acts]}"

    def representation(self, own: Any, parents: Mapping[str, Any], key: str, dropout: float = 0.0) -> Any:
        """What the child's head reads (B, d'), of its tower (B, d) and what the parents' heads read (B, ·), by key.

        `key` names the layers; they are the child's.
        """
        return own

    def further(
        self, read: Any, child: TaskSchema, units: Sequence[int], parents: Sequence[TaskSchema]
    ) -> dict[str, Any]:
        """Logits (B, 1) that only `rows` reads, by their key, of what the child's tower reads; `units` are its widths."""
        return {}

    def logits(self, child: Any, *parents: Any) -> Any:
        """Final logits of the child (B, 1) from its own head's and the parents' final ones; Keras tensors."""
        return child

    def rows(self, heads: Heads, child: TaskSchema, parents: Sequence[TaskSchema]) -> Any:
        """What is added to the loss of each row of the child: (B,) float32."""
        raise NotImplementedError(type(self).__name__)  # abstract: a method that `adds` says what

    def bias(self, child: TaskSchema, *parents: TaskSchema) -> list[float] | None:
        """Where the child's own head should start, or None: as without the dependency."""
        return None


def by_method(givens: Iterable[Any]) -> list[tuple[Any, tuple[str, ...]]]:
    """The methods of a task's `given` clauses, each once and in order, with its parents."""
    found: list[tuple[Any, list[str]]] = []
    for given in givens:
        parents = next((names for method, names in found if method == given.method), None)
        if parents is None:
            found.append((given.method, [given.parent]))
        else:
            parents.append(given.parent)
    return [(method, tuple(parents)) for method, parents in found]
