"""Python text as `ruff format` writes it: what fits stands on one line, else a call's arguments on a line of their own, else
each item on one, with a trailing comma.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 88  # what `ruff format` and `black` take where nobody says otherwise
STEP = "    "


@dataclasses.dataclass(frozen=True)
class Raw:
    """An expression as it stands."""

    text: str


@dataclasses.dataclass(frozen=True)
class Call:
    """`name(*args, **options)`; the name of an option may be '**'."""

    name: str
    args: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


def call(name: str, /, *args: Any, **options: Any) -> Call:
    """A call; its arguments are expressions (`Raw`, `Call`) or plain values."""
    return Call(name, args, tuple(options.items()))


def show(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """An expression as text.

    Args:
        value: `Raw`, `Call`, or a plain value: None, bool, number, text, list, tuple or dict of such.
        indent: levels of indentation of the line on which it begins.
        before: characters of that line in front of it.
        after: characters of its last line behind it, a comma mostly.

    Example:
        >>> show({"a": [1, 2.5], "b": call("f", Raw("x"), rate=0.1)})
        '{"a": [1, 2.5], "b": f(x, rate=0.1)}'
    """
    flat = _flat(value)
    if len(STEP) * indent + before + len(flat) + after <= WIDTH:
        return flat
    opened, items, closed = _items(value)
    if not items:
        return flat
    inside = flat[len(opened) : -len(closed)]
    if isinstance(value, Call) and len(STEP) * (indent + 1) + len(inside) <= WIDTH:
        return f"{opened}\n{STEP * (indent + 1)}{inside}\n{STEP * indent}{closed}"
    lines = [
        f"{STEP * (indent + 1)}{key}{show(item, indent + 1, len(key), 1)}," for key, item in items
    ]  # each ends in a comma
    return "\n".join([opened, *lines, STEP * indent + closed])


def assign(target: str, value: Any, indent: int = 1) -> list[str]:
    """Lines of `target = value`."""
    return f"{STEP * indent}{target} = {show(value, indent, len(target) + 3)}".split("\n")


def _flat(value: Any) -> str:
    if isinstance(value, Raw):
        return value.text
    opened, items, closed = _items(value)
    if not opened:
        return _scalar(value)
    inside = ", ".join(key + _flat(item) for key, item in items)
    return opened + inside + ("," if isinstance(value, tuple) and len(value) == 1 else "") + closed


def _items(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """How it opens, what is in it with what stands before each, and how it closes; '' where there is nothing in it."""
    if isinstance(value, Call):
        named = [(key if key == "**" else f"{key}=", item) for key, item in value.options]
        return f"{value.name}(", [*(("", arg) for arg in value.args), *named], ")"
    if isinstance(value, dict):
        return "{", [(f"{_scalar(key)}: ", item) for key, item in value.items()], "}"
    if isinstance(value, list):
        return "[", [("", item) for item in value], "]"
    if isinstance(value, tuple):
        return "(", [("", item) for item in value], ")"
    return "", [], ""


def _scalar(value: Any) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return f"{value!r}".replace("inf", 'float("inf")')
    return repr(value)


def quoted(text: str) -> str:
    r"""A text as a literal, in the quotes that `ruff format` prefers.

    Example:
        >>> print(quoted('say "a"'), quoted("it's"))
        'say "a"' "it's"
    """
    plain = repr(text)
    inside = plain[1:-1]
    if plain[0] == "'" and '"' not in inside:
        return f'"{inside}"'.replace("\\'", "'")
    return plain


def rounded(value: float) -> float:
    """A number that only training reads, in eight digits."""
    return float(f"{value:.8g}")


def paragraphs(*texts: str, width: int = WIDTH) -> str:
    """Sentences wrapped, paragraphs apart."""
    import textwrap

    return "\n\n".join(textwrap.fill(t, width, break_long_words=False, break_on_hyphens=False) for t in texts if t)


def listed(names: Iterable[str]) -> str:
    """'a, b and c'."""
    found: Sequence[str] = list(names)
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))
