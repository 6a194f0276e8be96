"""One statement against the registry: its words, options and values. What other statements say does not matter here."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from mtl_magic.language import spec
from mtl_magic.language.parser import Broken, moved, parse_statement, salvage
from mtl_magic.language.scan import Piece
from mtl_magic.language.statements import statements
from mtl_magic.language.values import Binder, Reference
from mtl_magic.parameters import Float
from mtl_magic.problems import Problem, Span
from mtl_magic.registry import Registry

WEIGHT = Float(minimum=0)


@dataclasses.dataclass(frozen=True)
class Bound:
    """A statement whose words are known.

    `values` holds what stands behind its nodes: 'kind' (of a feature or task), 'methods' (of the `given` clauses),
    'weight', 'block', 'method' (of balance), or a settings line's own keys; `UNKNOWN` where only running the cell tells.
    """

    statement: spec.Statement | Broken
    problems: tuple[Problem, ...] = ()
    references: tuple[Reference, ...] = ()
    searches: tuple[Span | None, ...] = ()  # places of choose(…) and range(…)
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


@functools.lru_cache(maxsize=2048)
def bound_statement(text: str, masked: str, registry: Registry, version: int, broken: bool = False) -> Bound:
    """A statement's text, parsed and bound; places are those of the text standing alone. Remembered by the text.

    `version` is the registry's: what is remembered holds until a word is added. `broken`: the scanner has said what is
    wrong with the text.
    """
    if broken:
        return Bound(salvage(Piece(text, masked, 1, 1)))
    parsed = parse_statement(text, masked, _known(registry, version))
    if isinstance(parsed.statement, Broken):
        return Bound(parsed.statement, parsed.problems)
    bound = bind(parsed.statement, Binder(registry))
    return dataclasses.replace(bound, problems=parsed.problems + bound.problems)


@functools.lru_cache(maxsize=64)
def _known(registry: Registry, version: int) -> tuple[str, ...]:
    """The statements that this version has."""
    del version
    return tuple(statements(registry))


@functools.lru_cache(maxsize=1024)  # Python's garbage collector walks through what is remembered
def placed_statement(piece: Piece, line: int, registry: Registry, version: int) -> Bound:
    """A scanned statement, bound, with the places that it has in its cell; `line` is the one on which it begins."""
    found = bound_statement(piece.text, piece.masked, registry, version, broken=piece.broken)
    return moved(dataclasses.replace(found, problems=piece.problems + found.problems), line, piece.column)


def bind(statement: spec.Statement, binder: Binder) -> Bound:
    """The statement with its words bound; with an evaluating binder also its values."""
    binder.problems, binder.references = [], []
    made: spec.Statement
    match statement:
        case spec.Feature():
            kind, value = binder.kind(statement.kind, "feature") if statement.kind else (None, None)
            made, values = dataclasses.replace(statement, kind=kind), {"kind": value}
        case spec.Share():
            block, value = binder.kind(statement.block, "block")
            made, values = dataclasses.replace(statement, block=block), {"block": value}
        case spec.Task():
            made, values = _task(statement, binder)
        case spec.Balance():
            method, value = binder.kind(statement.method, "balance")
            made, values = dataclasses.replace(statement, method=method), {"method": value}
        case spec.Settings():
            made, values = _settings(statement, binder)
        case _:
            made, values = statement, {}
    searches = tuple(node.span for node in walk(made) if isinstance(node, (spec.Choose, spec.Range)))
    return Bound(made, tuple(binder.problems), tuple(binder.references), searches, values)


def _task(statement: spec.Task, binder: Binder) -> tuple[spec.Task, dict[str, Any]]:
    kind, value = binder.kind(statement.kind, "task") if statement.kind else (None, None)
    givens, methods = [], []
    for given in statement.givens:
        method, found = binder.kind(given.method, "given") if given.method else (None, None)
        givens.append(dataclasses.replace(given, method=method))
        methods.append(found)
    weight, number = statement.weight, 1.0
    if weight is not None:
        weight, number = binder.value(weight, WEIGHT, "the weight of a task")
    made = dataclasses.replace(statement, kind=kind, givens=tuple(givens), weight=weight)
    return made, {"kind": value, "methods": methods, "weight": number}


def _settings(statement: spec.Settings, binder: Binder) -> tuple[spec.Settings, dict[str, Any]]:
    declaration = binder.registry.find("settings", statement.word)
    if declaration is None:
        place = statement.span
        if place is not None:
            place = Span(place.line, place.column, place.line, place.column + len(statement.word))
        known = ", ".join(binder.registry.words("settings"))
        notes = (f"settings here: {known}",) if known else ()
        binder.say("MTL020", f"this version knows no '{statement.word}' statement", place, notes=notes)
        return statement, {}
    args, values = binder.arguments(statement.args, declaration, statement.word, statement.span, partial=True)
    return dataclasses.replace(statement, args=args), values


def walk(node: Any) -> list[Any]:
    """The node and all nodes below it."""
    found, todo = [], [node]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo += node
        elif isinstance(node, spec.Node):
            found.append(node)
            todo += node.__dict__.values()
    return found
