"""Where a cursor stands in a statement: the clause, the word whose options are written, the types that fit there.

Read off the grammar's tokens of what stands before the cursor; the types are the registry's.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language.bind import WEIGHT
from mtl_magic.language.statements import CLAUSES, SEARCHES, SETTINGS
from mtl_magic.language.values import flat, parameters
from mtl_magic.parameters import CallOf, ListOf, OneOf, ParamType, PerName
from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lark import Token

    from mtl_magic.registry import Param, Registry

NAMES, KIND, KEY, VALUE = "names", "kind", "key", "value"  # and the clauses' own words
FAMILY = {"feature": "feature", "task": "task", "share": "block", "balance": "balance"}  # of what is said of a kind
_NAMES = ("NAME", "QUOTED", "WILD")


@dataclasses.dataclass
class Frame:
    """An open bracket: the options of a word, or the items of a list."""

    word: str  # '' of a list
    types: tuple[ParamType, ...]  # what the whole bracket may be
    declaration: type[Declaration] | None = None  # of the word
    named: list[str] = dataclasses.field(default_factory=list)
    placed: int = 0  # values without a name so far
    key: str = ""  # the name before the '=' that stands last

    def param(self) -> Param | None:
        """The parameter whose value stands at the cursor."""
        if self.declaration is None:
            return None
        key: Any = self.declaration
        known = parameters(key)
        if self.key:
            return known.get(self.key)
        return list(known.values())[self.placed] if not self.named and self.placed < len(known) else None

    def inner(self) -> tuple[ParamType, ...]:
        """The types that fit a value at the cursor."""
        if self.word == SEARCHES[0]:
            return self.types
        if self.word:
            param = self.param()
            return (param.type,) if param else ()
        lists = [t.item for t in unfolded(self.types) if isinstance(t, PerName if self.key else ListOf)]
        return tuple(lists)


@dataclasses.dataclass
class Cursor:
    """The place. `clause` is NAMES (of what is declared), KIND, KEY or VALUE (of a settings line), or a clause's word."""

    keyword: str
    clause: str
    last: str = ""  # the type of the token before
    names: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # by clause
    said: set[str] = dataclasses.field(default_factory=set)  # clauses
    keys: list[str] = dataclasses.field(default_factory=list)  # of a settings line
    frames: list[Frame] = dataclasses.field(default_factory=list)
    owner: tuple[str, ...] = ()  # before a '.' or '|': the names that it belongs to

    def types(self, registry: Registry) -> tuple[ParamType, ...]:
        """The types that fit a value at the cursor."""
        if self.frames:
            return self.frames[-1].inner()
        if self.clause == KIND:
            return (CallOf(FAMILY[self.keyword]),)
        if self.clause == "via":
            return (CallOf("given"),)
        if self.clause == "weight":
            return (WEIGHT,)
        param = self.param(registry)
        return (param.type,) if param else ()

    def param(self, registry: Registry) -> Param | None:
        """The parameter whose value stands at the cursor."""
        if self.frames:
            return next((p for f in reversed(self.frames) if (p := f.param()) is not None), None)
        declaration: Any = registry.find("settings", self.keyword) if self.clause == VALUE else None
        return parameters(declaration).get(self.keys[-1]) if declaration and self.keys else None

    def kind(self) -> str:
        """The task kind whose options are being written, or ''."""
        found = (f.word for f in self.frames if f.declaration is not None and f.declaration.family == "task")
        return next(found, "")


def unfolded(types: Iterable[ParamType]) -> list[ParamType]:
    """The alternatives of some types."""
    found: list[ParamType] = []
    for kind in types:
        found += unfolded(kind.types) if isinstance(kind, OneOf) else [kind]
    return found


def locate(tokens: Sequence[Token], registry: Registry) -> Cursor:
    """The place behind the tokens of the beginning of a statement."""
    keyword = str(tokens[0])
    first = KEY if keyword in SETTINGS else KIND if keyword in ("share", "balance") else NAMES
    cursor = Cursor(keyword, first)
    before = tokens[0]
    for token in tokens[1:]:
        if token.type == "LPAR":
            word, types = str(before), cursor.types(registry)
            cursor.frames.append(Frame(word, types, _declaration(word, types, registry)))
        elif token.type == "LSQB":
            cursor.frames.append(Frame("", cursor.types(registry)))
        elif token.type in ("RPAR", "RSQB"):
            cursor.frames.pop()
        elif cursor.frames:
            _inside(cursor.frames[-1], token, before)
        else:
            _outside(cursor, token, before)
        if token.type in ("DOT", "VBAR"):
            cursor.owner = (*cursor.owner, name_of(before))
        elif before.type not in ("DOT", "VBAR"):
            cursor.owner = ()
        before = token
    cursor.last = before.type
    if cursor.clause == VALUE and not cursor.frames and cursor.last not in ("EQUAL", "COMMA", "DOT", "VBAR"):
        cursor.clause = KEY
    return cursor


def _inside(frame: Frame, token: Token, before: Token) -> None:
    if token.type == "EQUAL":
        frame.key = name_of(before)
    elif token.type == "COMMA":
        if frame.key:
            frame.named.append(frame.key)
        else:
            frame.placed += 1
        frame.key = ""


def _outside(cursor: Cursor, token: Token, before: Token) -> None:
    if token.type == "COLON":
        cursor.clause = KIND
    elif token.type == "EQUAL":
        if cursor.keyword == "share":
            cursor.names[NAMES] = [name_of(before)]
        else:
            cursor.keys.append(name_of(before))
            cursor.clause = VALUE
    elif token.type.lower() in CLAUSES:
        cursor.clause = token.type.lower()
        cursor.said.add(cursor.clause)
    elif token.type in _NAMES:
        cursor.names.setdefault(cursor.clause, []).append(name_of(token))


def name_of(token: Token) -> str:
    """The name that a token writes."""
    text = str(token)
    return text[1:-1].replace(text[0] * 2, text[0]) if token.type == "QUOTED" else text


def _declaration(word: str, types: Iterable[ParamType], registry: Registry) -> type[Declaration] | None:
    families = dict.fromkeys(t.family for kind in types for t in flat(kind) if isinstance(t, CallOf))
    return next((d for f in families if (d := registry.find(f, word)) is not None), None)
