"""One definition, many views: every word of the language is one declaration, registered here.

A declaration is a frozen dataclass. Its fields are the word's parameters (made with `option`), its docstring is the
help, `paper` cites. The checker, errors, completion, help, the reference page and the editors read them from here, so
nothing else may hold a second list of words. Of the package this module imports the types of parameters alone.

Example:
    >>> from mtl_magic.parameters import Int
    >>> from mtl_magic.registry import Declaration, Registry, declare, option
    >>> words = Registry()
    >>> @declare("block", "wide", registry=words)
    ... class Wide(Declaration):
    ...     '''One wide layer.'''
    ...     units: int = option(Int(minimum=1), 64, "width of the layer")
    >>> words.find("block", "wide")(units=8).units
    8
    >>> [p.name for p in Wide.params()]
    ['units']
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from mtl_magic.parameters import FAMILIES, ParamType


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


# ---------------------------------------------------------------------------------------------------------------------
# Declarations


@dataclasses.dataclass(frozen=True)
class Param:
    """One parameter of a declaration, as every view sees it."""

    name: str
    type: ParamType
    default: Any
    doc: str
    by_name: bool = False  # no positional argument fills it
    assigned: bool = False  # see `option`

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def option(
    kind: ParamType, default: Any = REQUIRED, doc: str = "", *, by_name: bool = False, assigned: bool = False
) -> Any:
    """A field of a declaration that is a parameter in the language.

    Args:
        kind, default, doc: what it may be, is where nothing is said, and means.
        by_name: no positional argument fills it.
        assigned: a number that a traced step reads from a variable, so that another value traces nothing
            (`mtl_magic.assigned`).
    """
    metadata = {"param": (kind, doc, by_name, assigned)}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Declaration:
    """Base of every word's class. Subclasses are made by `declare`."""

    family: ClassVar[str] = ""
    word: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    example: ClassVar[str] = ""

    @classmethod
    def params(cls) -> tuple[Param, ...]:
        """The word's own parameters, in the order in which positional arguments fill them."""
        return tuple(p for p in cls.options() if not p.by_name)

    @classmethod
    def options(cls) -> tuple[Param, ...]:
        """All parameters, those by name too: the class's own, then inherited ones."""
        found = []
        own = inspect.get_annotations(cls)
        for field in sorted(dataclasses.fields(cls), key=lambda f: f.name not in own):
            if "param" in field.metadata:
                kind, doc, by_name, assigned = field.metadata["param"]
                default = REQUIRED if field.default is dataclasses.MISSING else field.default
                found.append(Param(field.name, kind, default, doc, by_name, assigned))
        return tuple(found)

    @classmethod
    def summary(cls) -> str:
        """The docstring's first line."""
        return (cls.__doc__ or "").strip().split("\n", 1)[0]

    @classmethod
    def details(cls) -> str:
        """The docstring behind its first line."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n")[2].strip()

    def check(self) -> None:
        """Rules that one parameter cannot state alone.

        Raises:
            ValueError: with a sentence in the field's words.
        """


D = TypeVar("D", bound=type[Declaration])


class Registry:
    """The words of the language, by family."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, type[Declaration]]] = {family: {} for family in FAMILIES}
        self.version = 0  # grows with every word: what is remembered of a cell's check holds for one version

    def add(self, declaration: type[Declaration]) -> None:
        words = self._words[declaration.family]
        known = words.get(declaration.word)
        if known is not None and known.__qualname__ != declaration.__qualname__:
            raise ValueError(f"the {FAMILIES[declaration.family]} '{declaration.word}' is declared twice")
        words[declaration.word] = declaration
        self.version += 1

    def find(self, family: str, word: str) -> type[Declaration] | None:
        return self._words[family].get(word)

    def words(self, family: str) -> list[str]:
        """All words of a family, sorted."""
        return sorted(self._words[family])

    def __iter__(self) -> Iterator[type[Declaration]]:
        for family in FAMILIES:
            for word in self.words(family):
                yield self._words[family][word]


REGISTRY = Registry()


def declare(
    family: str, word: str, *, paper: str = "", example: str = "", registry: Registry = REGISTRY
) -> Callable[[D], D]:
    """Class decorator: makes a frozen keyword-friendly dataclass of the class and registers it."""

    def wrap(cls: D) -> D:
        made: Any = dataclasses.dataclass(frozen=True)(cls)
        made.family, made.word, made.paper, made.example = family, word, paper, example
        registry.add(made)
        return made

    return wrap
