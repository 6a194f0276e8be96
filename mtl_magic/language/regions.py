"""The parts of a text that are not the language's own: comments, quoted texts, Python in braces."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import regex

from mtl_magic.language.braces import end_of_braces

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMENT, QUOTE, PYTHON = "comment", "quote", "python"
_BEGIN = regex.compile(r"[#'\"{]")
_QUOTED = {q: regex.compile(f"{q}(?:[^{q}\n]|{q}{q})*+{q}") for q in "'\""}


@dataclasses.dataclass(frozen=True)
class Region:
    """A part of the text. `closed`: it ends where it says so, not where the text (a quote: the line) ends."""

    sort: str
    start: int
    end: int
    closed: bool = True


def regions(text: str) -> Iterator[Region]:
    r"""The regions of a text, in order.

    Example:
        >>> [(r.sort, r.closed) for r in regions("share {f('}')}  # it's\ntask 'a")]
        [('python', True), ('comment', True), ('quote', False)]
    """
    at = 0
    while (found := _BEGIN.search(text, at)) is not None:
        start, mark = found.start(), found.group()
        line_end = text.find("\n", start)
        line_end = line_end if line_end >= 0 else len(text)
        if mark == "#":
            made = Region(COMMENT, start, line_end, line_end < len(text))
        elif mark == "{":
            end = end_of_braces(text, start)
            made = Region(PYTHON, start, end or len(text), end is not None)
        else:
            quoted = _QUOTED[mark].match(text, start)
            made = Region(QUOTE, start, quoted.end() if quoted else line_end, quoted is not None)
        yield made
        at = made.end


def region_at(text: str) -> Region | None:
    """The region that is still open at the end of a text: where a cursor there stands."""
    last = None
    for last in regions(text):  # noqa: B007 - the last one counts
        pass
    return last if last is not None and not last.closed and last.end == len(text) else None
