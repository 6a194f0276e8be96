"""The tables that the flags of a line name, each with the name by which `train mix=` calls it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtl_magic.magic.flags import Expression, Flags
    from mtl_magic.problems import Span


@dataclasses.dataclass(frozen=True)
class Given:
    """Tables as `prepare` takes them.

    Attributes:
        data: of `--data`.
        valid, test: None where the line has none.
        titles: how messages call tables, and where on the line each stands.
    """

    data: list[Any]
    valid: Any
    test: Any
    titles: dict[str, Span]

    def placed(self, problem: Problem) -> Problem:
        """A problem of a whole table, with its place on the line."""
        if problem.span is not None:
            return problem
        found = [title for title in self.titles if problem.message.startswith((f"{title} ", f"{title}: "))]
        return dataclasses.replace(problem, span=self.titles[max(found, key=len)]) if found else problem


def given(flags: Flags, namespace: Mapping[str, Any]) -> Given:
    """Evaluates what the flags name.

    Raises:
        MtlError: MTL405 it fails.
    """
    from mtl_magic.data.named import named, titles

    tables: dict[str, list[tuple[Any, Expression]]] = {}
    places: dict[str, Span] = {}
    for flag, what in (("data", "the data"), ("valid", "the validation table"), ("test", "the test table")):
        tables[flag] = found = [pair for e in flags.tables(flag) for pair in _tables(e, namespace)]
        for title, (_, expression) in zip(titles(named([t for t, _ in found]), what), found, strict=True):
            if title != "the data":  # of the only table the messages say what, and not where
                places[title] = expression.span
    data, valid, test = ([table for table, _ in found] for found in tables.values())
    return Given(data, _part(valid), _part(test), places)


def called(expressions: Sequence[Expression], namespace: Mapping[str, Any]) -> list[str]:
    """The names of several tables as far as they can be told without running anything: those of variables and files.

    Example:
        >>> from mtl_magic.magic.flags import parse_flags
        >>> called(parse_flags("--data feed[feed.day < 5] --data 'logs/shop.csv'").data, {"feed": {"day": [1]}})
        ['feed', 'shop']
    """
    from mtl_magic.data.named import is_table, stem

    found = []
    for expression in expressions if len(expressions) > 1 else ():
        text = expression.text
        word = re.match(r"\w+", text)
        if text[0] in "'\"" and text[0] == text[-1]:
            found.append(stem(text[1:-1]))
        elif word and is_table(namespace.get(word.group())):
            found.append(word.group())
    return list(dict.fromkeys(filter(None, found)))


def _part(tables: Sequence[Any]) -> Any:
    return None if not tables else tables[0] if len(tables) == 1 else list(tables)


def _tables(expression: Expression, namespace: Mapping[str, Any]) -> list[tuple[Any, Expression]]:
    """What an expression gives: a table, or the tables of a list or dict."""
    from mtl_magic.data.named import Named, is_table, tables_of

    value = evaluate(expression, namespace)
    found = tables_of(value)
    word = re.match(r"\w+", expression.text)
    if len(found) == 1 and word and not isinstance(found[0], (Named, str)):
        name = word.group()  # 'log', and of a part of it: log[log.day < 5]
        if name == expression.text or is_table(namespace.get(name)):
            found = [Named(name, found[0])]
    return [(table, expression) for table in found]


def evaluate(expression: Expression, namespace: Mapping[str, Any]) -> Any:
    """What the Python of a flag is.

    Raises:
        MtlError: MTL405 it fails.
    """
    try:
        return eval(expression.text, dict(namespace))  # noqa: S307  the person's own code, in the person's own notebook
    except Exception as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error).split("\n", 1)[0]
        message = f"'{expression.text}' fails: {type(error).__name__}: {said}"
        words = re.fullmatch(r"\w+(\s+\w+)+", expression.text)
        hint = "the name of the run stands before the flags" if words else ""
        raise MtlError(Problem("MTL405", message, expression.span, hint)) from error
