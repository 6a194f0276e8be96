"""Which columns are features, of which kind, by the cell's `feature` and `ignore` lines."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mtl_magic.language.names import nfc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtl_magic.problems import Span
    from mtl_magic.program import FeatureRule, Program
    from mtl_magic.registry import Declaration


@dataclasses.dataclass(frozen=True)
class Chosen:
    """One feature to be: `kind` is None where the column decides; `named` where an exact name asked for it."""

    name: str
    column: str
    kind: Declaration | None
    named: bool
    span: Span | None = None
    kind_span: Span | None = None


@dataclasses.dataclass(frozen=True)
class Choice:
    features: list[Chosen]
    left: list[str]  # columns that no feature line takes
    unknown: list[tuple[FeatureRule, str, str]]  # rule, its statement, the column that is not there
    idle: list[tuple[FeatureRule, str]]  # wildcards that match no column, and their statement
    wild_columns: list[FeatureRule]  # wildcards with `column=`


def matching(rules: Iterable[FeatureRule], name: str) -> FeatureRule | None:
    """The rule that decides about a column: an exact name, else the longest wildcard, of equals the first."""
    found = [r for r in rules if r.matches(name) or (not r.wildcard and nfc(r.pattern) == nfc(name))]
    return min(found, key=strength, default=None)


def strength(rule: FeatureRule) -> tuple[bool, int]:
    """Smaller is stronger."""
    return rule.wildcard, -len(rule.pattern)


def choose(program: Program, columns: list[str], kept_out: set[str], labels: set[str]) -> Choice:
    """The features of a table with these columns.

    Args:
        kept_out: masks, weights, the time: columns that neither the default nor a bare `*` takes.
        labels: label columns, which wildcards never match.
    """
    features, left = [], []
    used: set[int] = set()
    aliased = [r for r in program.features if not r.wildcard and getattr(r.kind, "column", None)]
    plain = [r for r in program.features if r not in aliased]
    implied = not program.features
    for name in columns:
        ignore, rule = matching(program.ignores, name), matching(plain, name)
        if rule is not None:
            used.add(id(rule))
        if ignore is not None:
            used.add(id(ignore))
            if rule is None or strength(ignore) <= strength(rule):
                continue
        if rule is None:
            if implied and name not in kept_out | labels:
                features.append(Chosen(name, name, None, named=False))
            elif not implied and name not in kept_out | labels:
                left.append(name)
            continue
        if rule.wildcard and name in (labels | kept_out if rule.pattern == "*" else labels):
            continue
        features.append(Chosen(name, name, rule.kind, not rule.wildcard, rule.span, rule.kind_span))
    known = {nfc(c): c for c in columns}
    unknown = [(r, "feature", r.pattern) for r in plain if not r.wildcard and id(r) not in used]
    unknown += [(r, "ignore", r.pattern) for r in program.ignores if not r.wildcard and id(r) not in used]
    for rule in aliased:
        column = str(getattr(rule.kind, "column", ""))
        if nfc(column) in known:
            features.append(Chosen(rule.pattern, known[nfc(column)], rule.kind, True, rule.span, rule.kind_span))
        else:
            unknown.append((rule, "feature", column))
    idle = [(r, "feature") for r in plain if r.wildcard and r.pattern != "*" and not any(map(r.matches, columns))]
    idle += [(r, "ignore") for r in program.ignores if r.wildcard and not any(map(r.matches, columns))]
    wild = [r for r in program.features if r.wildcard and getattr(r.kind, "column", None)]
    taken = {f.column for f in features if f.name != f.column}
    return Choice(features, [n for n in left if n not in taken], unknown, idle, wild)
