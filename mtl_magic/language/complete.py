"""What may be written at a cursor: the words that the grammar accepts there and the registry and the cell know.

Nothing is evaluated and nothing raises: a text that cannot be read up to the cursor has no candidates. Inside `{…}`
there are none either, as Python's own completion works there.
"""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

import lark
import regex

from mtl_magic.language.cursor import Cursor, locate
from mtl_magic.language.format import name as written
from mtl_magic.language.grammar import begun
from mtl_magic.language.offers import Offer, Offers
from mtl_magic.language.outline import Outline, outline
from mtl_magic.language.regions import QUOTE, region_at
from mtl_magic.language.scan import normalised, split
from mtl_magic.language.statements import SETTINGS, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtl_magic.registry import Registry

_FRAGMENT = regex.compile(r"\w*\Z")
_HEADER = regex.compile(r"\s*%%mtl\b[^\n]*")
_TIGHT = "*'\")]}."  # directly behind one of these no word begins; behind a '.' only a member does


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A text that may stand for `text[start:end]` of the cell; `end` is the cursor."""

    text: str
    start: int
    end: int
    kind: str  # statement, clause, option, value, column, task, … : what it is, in a word or two
    doc: str  # its meaning, in a line


def complete(
    text: str,
    at: int | tuple[int, int],
    registry: Registry,
    columns: Mapping[str, str] | Iterable[str] = (),
    names: Mapping[str, Iterable[str]] | None = None,
) -> list[Candidate]:
    r"""The candidates at a cursor, the likely ones first.

    Args:
        text: a whole cell, with its `%%mtl` line (which has no candidates here) or without.
        at: the cursor: an offset, or a line and column from 1.
        registry: the words.
        columns: names of the table's columns, or names with what is known of each.
        names: other names by what they name: 'run', 'table'.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> [c.text for c in complete("task click: b", 13, vocabulary())]
        ['binary']
        >>> [c.text for c in complete("task click\ntrain ear", (2, 10), vocabulary())]
        ['early_stop=']
    """
    place, body = _placed(text, at, registry)
    if place is None or place.fragment is None:
        return []
    known = dict(columns.items() if hasattr(columns, "items") else ((c, "column") for c in columns))
    found = place.candidates(place.offers(known, names or {}))
    return [dataclasses.replace(c, start=c.start + body, end=c.end + body) for c in found]


def expected(text: str, at: int | tuple[int, int], registry: Registry) -> str:
    r"""What value may stand at a cursor, in words; '' where none is awaited.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> expected("share mlp(units=[", 17, vocabulary())
        'a whole number of at least 1'
    """
    place = _placed(text, at, registry)[0]
    where = place.where() if place is not None and place.fragment is not None else None
    if where is None or not where[1] & {"NAME", "NUMBER"}:
        return ""
    return ", or ".join(kind.describe() for kind in where[0].types(registry))


def _placed(text: str, at: int | tuple[int, int], registry: Registry) -> tuple[_Place | None, int]:
    """The place of a cursor in the cell's body, None on its `%%mtl` line; and where the body begins."""
    text = normalised(text.replace("\r\n", " \n"))  # of the same length
    offset = _offset(text, at)
    header = _HEADER.match(text)
    body = header.end() + 1 if header else 0
    return (_Place(text[body:], offset - body, registry), body) if offset >= body else (None, body)


def _offset(text: str, at: int | tuple[int, int]) -> int:
    if isinstance(at, int):
        return min(max(at, 0), len(text))
    lines = text.split("\n")
    line = min(max(at[0], 1), len(lines))
    column = min(max(at[1] - 1, 0), len(lines[line - 1]))
    return sum(len(above) + 1 for above in lines[: line - 1]) + column


class _Place:
    """The word at the cursor and the statement before it."""

    def __init__(self, text: str, offset: int, registry: Registry) -> None:
        self.text, self.offset, self.registry = text, offset, registry
        self.fragment: str | None = None
        self.quote = ""
        between = not regex.match(r"\w", text, pos=offset) and not regex.search(r"\w\Z", text[:offset])
        whole = text[:offset] + ("x" if between else "") + text[offset:]  # a word to come makes the line a statement
        self.pieces = split(whole)
        lines = [0, *(m.end() for m in regex.finditer("\n", whole))]
        starts = [lines[p.line - 1] + p.column - 1 for p in self.pieces]
        self.index = bisect.bisect_right(starts, offset) - 1
        before = text[starts[self.index] : offset] if self.index >= 0 else text[:offset]
        region = region_at(before)
        if region is not None and region.sort == QUOTE:
            self.quote = before[region.start]
            self.start = offset - len(before) + region.start
            self.fragment = before[region.start + 1 :].replace(self.quote * 2, self.quote)
        elif region is None:
            word = _FRAGMENT.search(before)
            assert word is not None
            self.start = offset - len(word.group())
            self.fragment = word.group()
        if self.fragment is not None:
            self.before = before[: len(before) - (offset - self.start)]

    def where(self) -> tuple[Cursor, set[str]] | None:
        """The cursor in its statement, at its beginning without a keyword, and the terminals that may follow."""
        pieces = split(self.before + "x")
        if not pieces or not pieces[-1].masked.endswith("x"):
            return None
        head = pieces[-1].masked[:-1]
        if not head.strip():
            return None if self.quote else (Cursor("", ""), begun("")[1])
        try:
            tokens, accepted = begun(head)
        except lark.exceptions.UnexpectedInput:
            return None
        if not tokens or (self.quote and "QUOTED" not in accepted):
            return None
        cursor = locate(tokens, self.registry)
        if head[-1] in _TIGHT and not (head[-1] == "." and cursor.last == "DOT"):
            return None
        return cursor, accepted

    def offers(self, columns: Mapping[str, str], names: Mapping[str, Iterable[str]]) -> Iterable[Offer]:
        """What may stand here, whatever has been typed of it."""
        found = self.where()
        if found is None:
            return ()
        cursor, accepted = found
        if not cursor.keyword:
            known = statements(self.registry).values()
            return [Offer(e.word, "statement", e.summary) for e in known if _terminal(e.word) in accepted]
        others: Outline = outline(
            (p for i, p in enumerate(self.pieces) if i != self.index), self.registry, self.registry.version
        )
        return Offers(cursor, accepted, others, self.registry, columns, names).all()

    def candidates(self, offers: Iterable[Offer]) -> list[Candidate]:
        """Those offers that go on what has been typed, as they must be written here."""
        assert self.fragment is not None
        typed = self.fragment.casefold()
        after = self.text[self.offset :]
        found: dict[str, Candidate] = {}
        for offer in offers:
            if not offer.text.casefold().startswith(typed) or (self.quote and not offer.is_name):
                continue
            if self.quote:
                made = self.quote + offer.text.replace(self.quote, self.quote * 2)
                made += "" if after.startswith(self.quote) else self.quote
            else:
                made = written(offer.word()) if offer.is_name else offer.text
            if offer.assigned and not regex.match(r"\s*=", after):
                made += "="
            found.setdefault(made, Candidate(made, self.start, self.offset, offer.kind, offer.doc))
        return list(found.values())


def _terminal(statement: str) -> str:
    return "SETTINGS" if statement in SETTINGS else statement.upper()
