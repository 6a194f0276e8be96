"""One definition, many views: every word of the language is one declaration, registered here.

A declaration is a frozen dataclass. Its fields are the word's parameters (made with `option`), its docstring is the
help, `paper` cites. The checker, errors, completion, help, the reference page and the editors read them from here, so
nothing else may hold a second list of words. This module imports nothing of the package.

Example:
    >>> from mtl_magic.registry import Declaration, Int, Registry, declare, option
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
import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

FAMILIES = {
    "feature": "feature kind",
    "block": "block",
    "task": "task kind",
    "given": "dependency",
    "balance": "balancing method",
    "loss": "loss",
    "metric": "metric",
    "settings": "statement",
}


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


SEED = 2**32 - 1  # the greatest seed that NumPy and Keras take


# ---------------------------------------------------------------------------------------------------------------------
# Parameter types. `convert` takes a plain value (None, bool, int, float, str, list, dict, a declaration, or any Python
# object that came out of `{…}`) and returns the value that the declaration receives, or raises ValueError.


class ParamType:
    """What a parameter accepts."""

    def describe(self) -> str:
        """The accepted values in words, as an error says them: 'a whole number of at least 1'."""
        raise NotImplementedError(type(self).__name__)  # abstract: each type below says its own

    def convert(self, value: Any) -> Any:
        """The value as the declaration receives it.

        Raises:
            ValueError: the value does not fit.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: each type below says its own


def _bounds(low: float | None, high: float | None, above: float | None, below: float | None) -> str:
    words = []
    if low is not None and high is not None:
        return f" from {_bound(low)} to {_bound(high)}"
    if low is not None:
        words.append(f"of at least {_bound(low)}")
    if above is not None:
        words.append(f"above {_bound(above)}")
    if high is not None:
        words.append(f"of at most {_bound(high)}")
    if below is not None:
        words.append(f"below {_bound(below)}")
    return (" " + " and ".join(words)) if words else ""


def _bound(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


@dataclasses.dataclass(frozen=True)
class Float(ParamType):
    """A finite number; `minimum`/`maximum` are allowed values, `above`/`below` are not."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def describe(self) -> str:
        return "a number" + _bounds(self.minimum, self.maximum, self.above, self.below)

    def convert(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            value = _numpy_scalar(value)
        value = float(value)
        inside = (
            math.isfinite(value)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        if not inside:
            raise ValueError(value)
        return value


@dataclasses.dataclass(frozen=True)
class Int(ParamType):
    """A whole number."""

    minimum: int | None = None
    maximum: int | None = None

    def describe(self) -> str:
        return "a whole number" + _bounds(self.minimum, self.maximum, None, None)

    def convert(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            value = _numpy_scalar(value)
        if value != int(value):
            raise ValueError(value)
        value = int(value)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise ValueError(value)
        return value


def _numpy_scalar(value: Any) -> Any:
    """The Python number in a NumPy scalar; anything else (a bool, a string) is no number."""
    item = getattr(value, "item", None)
    plain = item() if callable(item) and getattr(value, "ndim", None) == 0 else None
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise ValueError(value)
    return plain


@dataclasses.dataclass(frozen=True)
class Bool(ParamType):
    """`true` or `false`."""

    def describe(self) -> str:
        return "true or false"

    def convert(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)
        return value


@dataclasses.dataclass(frozen=True)
class Choice(ParamType):
    """One of a few words."""

    words: tuple[str, ...]

    def describe(self) -> str:
        return "one of " + ", ".join(self.words) if len(self.words) > 1 else f"'{self.words[0]}'"

    def convert(self, value: Any) -> str:
        if value not in self.words or not isinstance(value, str):
            raise ValueError(value)
        return value


@dataclasses.dataclass(frozen=True)
class Name(ParamType):
    """A name of the user's: `of` says of what (a column, a task, a feature, a run, or any text)."""

    of: str = "text"  # text | column | task | feature | metric | run

    def describe(self) -> str:
        return {
            "text": "a word or a quoted text",
            "metric": "a metric of a task, as in click.auc",
        }.get(self.of, f"the name of a {self.of}")

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(value)
        return value


@dataclasses.dataclass(frozen=True)
class ListOf(ParamType):
    """A list; one bare item stands for a list of one."""

    item: ParamType
    minimum: int = 0

    def describe(self) -> str:
        return f"a list of which each item is {self.item.describe()}"

    def convert(self, value: Any) -> tuple[Any, ...]:
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        if len(items) < self.minimum:
            raise ValueError(value)
        return tuple(self.item.convert(i) for i in items)


@dataclasses.dataclass(frozen=True)
class PerName(ParamType):
    """A value for each name, `[buy=4, price=2]` (or a dict from `{…}`)."""

    item: ParamType
    of: str = "task"

    def describe(self) -> str:
        return f"a value for each {self.of}, as in [{self.of}=…], where each is {self.item.describe()}"

    def convert(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
            raise ValueError(value)
        return {k: self.item.convert(v) for k, v in value.items()}


@dataclasses.dataclass(frozen=True)
class CallOf(ParamType):
    """A word of a family, with its own parameters: `loss=focal(gamma=2)`. A callable from `{…}` is passed on as a loss."""

    family: str

    def describe(self) -> str:
        return f"a {FAMILIES[self.family]}"

    def convert(self, value: Any) -> Any:
        if isinstance(value, Declaration):
            if value.family != self.family:
                raise ValueError(value)
            return value
        if not callable(value) or self.family != "loss":
            raise ValueError(value)
        return value


@dataclasses.dataclass(frozen=True)
class OneOf(ParamType):
    """The first of several types that fits."""

    types: tuple[ParamType, ...]

    def describe(self) -> str:
        return ", or ".join(t.describe() for t in self.types)

    def convert(self, value: Any) -> Any:
        for kind in self.types:
            try:
                return kind.convert(value)
            except (ValueError, TypeError, OverflowError):
                continue
        raise ValueError(value)


@dataclasses.dataclass(frozen=True)
class Nothing(ParamType):
    """`none`."""

    def describe(self) -> str:
        return "none"

    def convert(self, value: Any) -> None:
        if value is not None:
            raise ValueError(value)


@dataclasses.dataclass(frozen=True)
class Python(ParamType):
    """A Python object, written `{…}`; `what` says which."""

    what: str = "a Python object"
    accepts: Callable[[Any], bool] = callable

    def describe(self) -> str:
        return f"{self.what} in braces"

    def convert(self, value: Any) -> Any:
        if not self.accepts(value):
            raise ValueError(value)
        return value


def maybe(kind: ParamType) -> OneOf:
    """`kind`, or `none`."""
    return OneOf((kind, Nothing()))


# ---------------------------------------------------------------------------------------------------------------------
# Declarations


@dataclasses.dataclass(frozen=True)
class Param:
    """One parameter of a declaration, as every view sees it."""

    name: str
    type: ParamType
    default: Any
    doc: str

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def option(kind: ParamType, default: Any = REQUIRED, doc: str = "") -> Any:
    """A field of a declaration that is a parameter in the language."""
    metadata = {"param": (kind, doc)}
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
        """The parameters, in the order in which positional arguments fill them: the class's own, then inherited ones."""
        found = []
        own = inspect.get_annotations(cls)
        for field in sorted(dataclasses.fields(cls), key=lambda f: f.name not in own):
            if "param" in field.metadata:
                kind, doc = field.metadata["param"]
                default = REQUIRED if field.default is dataclasses.MISSING else field.default
                found.append(Param(field.name, kind, default, doc))
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
