"""Where a warning points, how it says the way out, and which ones the cell's `allow` clauses silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.data.choose import matching
from mtl_magic.problems import Problem, Span

if TYPE_CHECKING:
    from mtl_magic.data.schema import EncodedFeature
    from mtl_magic.program import Program

FLAGS = ("--valid", "--test")


def warning(code: str, message: str, span: Span | None, hint: str, *related: Span | None, line: bool = True) -> Problem:
    """A warning whose hint ends with how to silence it.

    Args:
        related: further places that it is about: an `allow` there silences it too.
        line: a statement declares the thing; if none does, an `allow` on any of them silences it.
    """
    where = "the line" if line and span else "any line"
    hint = f"{hint}; 'allow {code}' at the end of {where} silences this"
    places = tuple(place for place in related if place and place != span)
    return Problem(code, message, span, hint, severity="warning", related=places)


def feature_span(program: Program, feature: EncodedFeature) -> Span | None:
    """The name or wildcard that makes it a feature; None where no feature line is written."""
    rule = matching(program.features, feature.name)
    return rule.span if rule else None


def part_span(program: Program, part: str, *, own: bool) -> Span | None:
    """What makes the part ('valid', 'test') what it is: the flag of a table of its own, else its share of the split."""
    keys = (f"split.{part}", "split.time", "split.group", "split.stratify", "split.valid", "split.test", "split.seed")
    return next((program.places[k] for k in ((f"--{part}",) if own else keys) if k in program.places), None)


def silenced(problem: Problem, program: Program) -> bool:
    """Whether an `allow` of the cell names it: on a line that it is about, or on any where no line is its own."""
    flags = [program.places[flag] for flag in FLAGS if flag in program.places]
    own = [place for place in (problem.span, *problem.related) if place and place not in flags]
    return any(
        problem.code in codes and (not own or any(statement and _within(place, statement) for place in own))
        for statement, codes in program.allowed
    )


def _within(inner: Span, outer: Span) -> bool:
    begins = (outer.line, outer.column) <= (inner.line, inner.column)
    return begins and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
