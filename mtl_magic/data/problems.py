"""The problems and notes of one preparation: gathered, then raised together."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, Span, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mtl_magic.data.sources import Table
    from mtl_magic.program import Program

T = TypeVar("T")


class Found:
    """What is wrong, and what is worth a sentence."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def add(self, code: str, message: str, span: Span | None = None, hint: str = "") -> None:
        self.problems.append(Problem(code, message, span, hint))

    def guard(self, work: Callable[[], T]) -> T | None:
        """What `work` gives, or None and its problems kept."""
        try:
            return work()
        except MtlError as error:
            self.problems += error.problems
            return None

    def stop(self) -> None:
        """Raise what has been found.

        Raises:
            MtlError: if anything is wrong.
        """
        if self.problems:
            raise MtlError(self.problems, self.program.text)

    def unknown(self, what: str, column: str, columns: Sequence[str], span: Span | None) -> None:
        """A column that is named and not there."""
        hint = did_you_mean(column, columns) or f"the columns are {listed(list(columns))}"
        itself = what.endswith(f" '{column}'") and "task" not in what
        said = (
            f"{what}: the data has no such column"
            if itself
            else f"{what} is the column '{column}', which the data does not have"
        )
        self.add("MTL201", said, span, hint)

    def lacking(self, table: Table, what: str, name: str, column: str, span: Span | None) -> None:
        """A column that the training data has and another table lacks."""
        named = f"'{name}'" if name == column else f"'{name}', which is the column '{column}'"
        self.add("MTL206", f"{table.title} lacks {what} {named}", span, did_you_mean(column, table.names))

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


def several(names: Iterable[str]) -> str:
    """Quoted names for a sentence."""
    return listed([f"'{name}'" for name in names])
