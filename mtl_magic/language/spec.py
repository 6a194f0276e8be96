"""The typed, immutable form of a cell. `str(spec)` is its canonical text; spans never take part in equality.

Values: `Number`, `Constant` (true, false, none), `Word` (bare or quoted, they mean the same), `Call`, `ListOf` (with
`name=value` items where it is a value per name), `Dotted` (`task.metric`), `Conditional` (`child|parent`), `Choose`,
`Range`, `Python` (the text between braces; never evaluated here).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.problems import Span


@dataclasses.dataclass(frozen=True)
class Node:
    """Anything with a place in the text."""

    span: Span | None = dataclasses.field(default=None, compare=False, repr=False, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Number(Node):
    value: int | float


@dataclasses.dataclass(frozen=True)
class Constant(Node):
    value: bool | None


@dataclasses.dataclass(frozen=True)
class Word(Node):
    """A name or a text. `literal`: it was quoted and holds a `*` that is meant as such."""

    text: str
    literal: bool = False


@dataclasses.dataclass(frozen=True)
class Python(Node):
    text: str


@dataclasses.dataclass(frozen=True)
class Arg(Node):
    """An argument, or an item of a value-per-name list; `name` is '' where it is positional."""

    name: str
    value: Value


@dataclasses.dataclass(frozen=True)
class Call(Node):
    """`mmoe(experts=8)`; a bare word that names a kind, block or method is a call without arguments."""

    name: str
    args: tuple[Arg, ...] = ()

    def get(self, name: str) -> Value | None:
        return next((a.value for a in self.args if a.name == name), None)


@dataclasses.dataclass(frozen=True)
class List(Node):
    """`[64, 32]`, or `[buy=4, price=2]`."""

    items: tuple[Arg, ...]


@dataclasses.dataclass(frozen=True)
class Conditional(Node):
    child: str
    parent: str


@dataclasses.dataclass(frozen=True)
class Dotted(Node):
    owner: Word | Conditional
    member: str


@dataclasses.dataclass(frozen=True)
class Choose(Node):
    options: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Range(Node):
    low: int | float
    high: int | float
    log: bool = False


Value: TypeAlias = Number | Constant | Word | Python | Call | List | Conditional | Dotted | Choose | Range


@dataclasses.dataclass(frozen=True)
class Statement(Node):
    """A line of the cell. `allow` holds the codes of the warnings that it silences."""

    keyword: ClassVar[str] = ""
    allow: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)


@dataclasses.dataclass(frozen=True)
class Feature(Statement):
    keyword: ClassVar[str] = "feature"
    names: tuple[Word, ...]
    kind: Call | Choose | None = None


@dataclasses.dataclass(frozen=True)
class Ignore(Statement):
    keyword: ClassVar[str] = "ignore"
    names: tuple[Word, ...]


@dataclasses.dataclass(frozen=True)
class Share(Statement):
    keyword: ClassVar[str] = "share"
    block: Call | Python | Choose
    name: Word | None = None
    sources: tuple[Word, ...] = ()


@dataclasses.dataclass(frozen=True)
class Given(Node):
    """`given click, view via esmm`: a dependency on each of the parents."""

    parents: tuple[Word, ...]
    method: Call | Choose | None = None


@dataclasses.dataclass(frozen=True)
class Task(Statement):
    keyword: ClassVar[str] = "task"
    names: tuple[Word, ...]
    kind: Call | Choose | None = None
    sources: tuple[Word, ...] = ()
    givens: tuple[Given, ...] = ()
    weight: Value | None = None


@dataclasses.dataclass(frozen=True)
class Balance(Statement):
    keyword: ClassVar[str] = "balance"
    method: Call | Python | Choose


@dataclasses.dataclass(frozen=True)
class Settings(Statement):
    """A `split`, `train` or `tune` line; `word` says which."""

    word: str
    args: tuple[Arg, ...] = ()


def tunes(statement: object) -> TypeGuard[Settings]:
    """Whether it is a `tune` line, which makes a search of its cell."""
    return isinstance(statement, Settings) and statement.word == "tune"


@dataclasses.dataclass(frozen=True)
class Spec:
    """A whole cell: its statements in the order in which they were written."""

    statements: tuple[Statement, ...]
    text: str = dataclasses.field(default="", compare=False, repr=False)

    def each(self, kind: type[Statement]) -> Iterator[Statement]:
        return (s for s in self.statements if isinstance(s, kind))

    def __str__(self) -> str:
        from mtl_magic.language.format import canonical

        return canonical(self)
