"""Text to Spec: grammar, checks against the registry, canonical text, and resolution to a Program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.language.bind import placed_statement
from mtl_magic.language.check import check
from mtl_magic.language.resolve import resolve
from mtl_magic.language.scan import normalised, split
from mtl_magic.language.spec import Spec, Statement
from mtl_magic.problems import MtlError, Problem, Span

if TYPE_CHECKING:
    from mtl_magic.registry import Registry

__all__ = ["Spec", "examine", "parse", "resolve"]


def parse(text: str, registry: Registry, first_line: int = 1, header: str = "") -> Spec:
    """The spec of a cell's text; nothing in it is evaluated.

    Args:
        text: the statements.
        registry: the words.
        first_line: the number of the text's first line.
        header: what stands above the text, such as a cell's `%%mtl` line; then `first_line` follows from it.

    Raises:
        MtlError: every mistake in the text at once.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> print(parse("task click: binary(y)  # the label's column is y", vocabulary()))
        task click: binary(label=y)
    """
    spec, problems = examine(text, registry, first_line, header)
    if problems:
        raise MtlError(problems, spec.text)
    return spec


def examine(text: str, registry: Registry, first_line: int = 1, header: str = "") -> tuple[Spec, list[Problem]]:
    """As `parse`, for a text that is still being written: the statements that could be read, and all problems."""
    above = normalised(header) if header else "\n" * (first_line - 2)
    body = normalised(text)
    first = above.count("\n") + 2 if header or first_line > 1 else 1
    whole = f"{above}\n{body}" if first > 1 else body
    bound = []
    problems: list[Problem] = []
    for piece in split(body):
        down = piece.line + first - 1
        found = placed_statement(piece, down, registry, registry.version)
        bound.append(found)
        problems += found.problems
    lines = whole.split("\n")
    top, bottom = (1, len(lines)) if first == 1 else (first - 1, first - 1)
    place = Span(top, 1, bottom, len(lines[bottom - 1]) + 1)  # of what is missing: the line above, or all of the text
    problems += check(bound, registry, place)
    statements = tuple(b.statement for b in bound if isinstance(b.statement, Statement))
    problems.sort(key=lambda p: p.span or place)
    return Spec(statements, whole), problems
