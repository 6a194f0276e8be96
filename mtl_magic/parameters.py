"""What a parameter of a word accepts: the types of the language's values.

`convert` takes a plain value (None, bool, int, float, str, list, dict, a declaration, or any Python object that came out
of `{…}`) and returns the value that the declaration receives, or raises ValueError; `describe` says in an error's words
what is accepted. This module imports nothing of the package.

Example:
    >>> Int(minimum=1).convert(8.0)
    8
    >>> ListOf(Int(minimum=1)).describe()
    'a list of which each item is a whole number of at least 1'
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

SEED = 2**32 - 1  # the greatest seed that NumPy and Keras take
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
        declared = getattr(type(value), "family", "")
        if declared != self.family and (declared or not callable(value) or self.family != "loss"):
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
