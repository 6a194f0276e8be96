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


def begun(text: str) -> tuple[list[lark.Token], set[str]]:
    """The tokens of the beginning of a statement (scanned: comments and Python blanked), and what may follow them.

    Raises:
        lark.exceptions.UnexpectedInput: `text` itself is no beginning of a statement.
    """
    parser = grammar().parse_interactive(text)
    tokens = parser.exhaust_lexer()
    return tokens, parser.accepts()


def accepted(text: str) -> set[str]:
    """The terminals that may follow the beginning of a statement.

    Raises:
        lark.exceptions.UnexpectedInput: `text` itself is no beginning of a statement.

    Example:
        >>> sorted(accepted("task a"))
        ['$END', 'ALLOW', 'COLON', 'COMMA', 'FROM', 'GIVEN', 'WEIGHT']
    """
    return begun(text)[1]
