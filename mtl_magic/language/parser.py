"""Text to the raw statements of a `Spec`: syntax only, before any word is looked up.

Each statement is parsed on its own and remembered by its text, so that an edit of one line parses one line.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, TypeVar

import lark
import regex

from mtl_magic.language.grammar import grammar
from mtl_magic.language.mistakes import meant, no_statement, unexpected
from mtl_magic.language.names import NAME, STATEMENTS
from mtl_magic.language.scan import Piece
from mtl_magic.language.tree import Builder
from mtl_magic.problems import Problem, Span

if TYPE_CHECKING:
    from mtl_magic.language import spec

N = TypeVar("N")


@dataclasses.dataclass(frozen=True)
class Broken:
    """A statement that could not be read: the names that it would have declared are not reported as missing."""

    keyword: str
    names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Parsed:
    """One statement's parse; places are those of its text standing alone."""

    statement: spec.Statement | Broken
    problems: tuple[Problem, ...] = ()


@functools.lru_cache(maxsize=2048)
def parse_statement(text: str, masked: str, known: tuple[str, ...] = STATEMENTS) -> Parsed:
    """The parse of a statement's text; `masked` is what the scanner left of it. Evaluates nothing, never raises.

    `known` are the statements of this version, which are offered where a line begins with none.

    Example:
        >>> parse_statement("task a", "task a").statement
        Task(allow=(), names=(Word(text='a', literal=False),), kind=None, sources=(), givens=(), weight=None)
    """
    piece = Piece(text, masked, 1, 1)
    if piece.word not in STATEMENTS:
        return Parsed(salvage(piece), (no_statement(piece, known),))
    builder = Builder(text, masked)
    try:
        made = builder.build(grammar().parse(masked))
    except lark.exceptions.UnexpectedInput as error:
        return Parsed(salvage(piece), (unexpected(piece, error),))
    return Parsed(made or salvage(piece), tuple(builder.problems))


def salvage(piece: Piece) -> Broken:
    """What can be told of a statement that cannot be parsed."""
    keyword = meant(piece)
    head = piece.text[len(piece.word) :]
    if keyword == "share":
        named = regex.match(r"\s*(?:(\w+)|\"([^\"\n]+)\"|'([^'\n]+)')\s*=", head)
        return Broken(keyword, (next(g for g in named.groups() if g),) if named else ("",))
    if keyword in ("task", "feature"):
        head = regex.split(r"[:：\n]", head, maxsplit=1)[0]
        quoted = regex.findall(r"\"([^\"\n]+)\"|'([^'\n]+)'", head)
        return Broken(keyword, (*NAME.findall(head), *(a or b for a, b in quoted)))
    return Broken(keyword)


def moved(node: N, line: int, column: int) -> N:
    """A statement or problem as if its text, which stood alone, began at (line, column)."""
    if line == 1 and column == 1:
        return node
    made: N = _move(node, line - 1, column - 1)
    return made


_PLAIN = frozenset({str, int, float, bool, type(None), dict})
_FLAT = ("str", "bool", "int", "int | float", "bool | None", "tuple[str, ...]", "dict[str, Any]")  # annotations


@functools.cache
def _deep(kind: Any) -> tuple[str, ...]:
    """The fields of a class of nodes that may hold places."""
    return tuple(f.name for f in dataclasses.fields(kind) if f.type not in _FLAT)


def _move(node: Any, down: int, right: int) -> Any:
    # dataclasses.replace and Span(…) are several times slower, and this runs at every keystroke
    kind = node.__class__
    if kind in _PLAIN:
        return node
    if kind is tuple:
        return tuple([_move(item, down, right) for item in node])
    if kind is Span:
        return _moved_span(node, down, right)
    made = object.__new__(kind)
    fields = made.__dict__
    fields.update(node.__dict__)
    for name in _deep(kind):
        value = fields[name]
        if value.__class__ is Span:
            fields[name] = _moved_span(value, down, right)
        elif value is not None and value != ():
            fields[name] = _move(value, down, right)
    return made


def _moved_span(span: Span, down: int, right: int) -> Span:
    line, end_line = span.line, span.end_line
    made = object.__new__(Span)
    fields = made.__dict__
    fields["line"], fields["end_line"] = line + down, end_line + down
    fields["column"] = span.column + right if line == 1 else span.column
    fields["end_column"] = span.end_column + right if end_line == 1 else span.end_column
    return made
