"""The LALR parser of one statement, from grammar.lark, and the tokens that it accepts after a text."""

from __future__ import annotations

import functools
from importlib import resources

import lark


@functools.cache
def grammar() -> lark.Lark:
    """The parser of one statement, built on first use."""
    text = resources.files("mtl_magic.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    return lark.Lark(text, parser="lalr", lexer="contextual", regex=True, propagate_positions=True)


def accepted(text: str) -> set[str]:
    """The terminals that may follow the beginning of a statement (scanned: comments and Python blanked).

    Raises:
        lark.exceptions.UnexpectedInput: `text` itself is no beginning of a statement.

    Example:
        >>> sorted(accepted("task a"))
        ['$END', 'ALLOW', 'COLON', 'COMMA', 'FROM', 'GIVEN', 'WEIGHT']
    """
    parser = grammar().parse_interactive(text)
    parser.exhaust_lexer()
    found: set[str] = parser.accepts()
    return found
