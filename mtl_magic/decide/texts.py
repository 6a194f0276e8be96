"""The difference of two cells: statements that only one of them has, in the order of the text."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mtl_magic.language.names import STATEMENTS

if TYPE_CHECKING:
    from mtl_magic.language.spec import Spec

Line = tuple[str, str]  # ' ', '-' (only the first), '+' (only the second); the statement


def difference(a: Spec, b: Spec) -> list[Line]:
    r"""The statements of two cells side by side, those that they have in common too.

    Positions of comments and spaces are not part of a Spec, so that they never make a difference.

    Example:
        >>> from mtl_magic import parse
        >>> difference(parse("task click\nshare mlp"), parse("share   mmoe\ntask click"))
        [('-', 'share mlp'), ('+', 'share mmoe'), (' ', 'task click')]
    """
    return _lines(_ordered(a), _ordered(b))


def _ordered(spec: Spec) -> list[str]:
    """A statement a line, in one order: a cell means the same in any."""
    from mtl_magic.language.format import statement

    return sorted(map(statement, spec.statements), key=lambda line: STATEMENTS.index(line.partition(" ")[0]))


def _lines(a: Sequence[str], b: Sequence[str]) -> list[Line]:
    found: list[Line] = []
    for what, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            found += [(" ", line) for line in a[a0:a1]]
        else:
            found += [*(("-", line) for line in a[a0:a1]), *(("+", line) for line in b[b0:b1])]
    return found
