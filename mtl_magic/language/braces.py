"""Where a `{…}` ends, by Python's own brackets, strings (f-strings too) and comments. Nothing is evaluated.

Written as one loop over a stack of frames, so that depth costs memory and never recursion.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}
_CODE = re.compile(r"[()\[\]{}'\"#\n]")
_FIELD = re.compile(r"[()\[\]{}'\"#\n:]")  # in a replacement field of an f-string a ':' begins the format
_FORMAT = re.compile(r"[{}]")
_PREFIX = re.compile(r"[A-Za-z]{1,2}\Z")
_STRINGS = {
    "'''": re.compile(r"(?:[^\\]|\\.)*?'''", re.DOTALL),
    '"""': re.compile(r'(?:[^\\]|\\.)*?"""', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*'", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*"', re.DOTALL),
}


def end_of_braces(text: str, start: int, stops: Container[int] = ()) -> int | None:
    r"""The index after the brace that closes the one at `start`; None where it is never closed.

    `stops` are indices of line starts at which code (a string not) ends unclosed.

    Example:
        >>> text = "{f(a['}'])  # }\n} rest"
        >>> text[end_of_braces(text, 0):]
        ' rest'
    """
    frames = ["{"]  # brackets; 'field', 'format' of an f-string; the quote of an f-string, with 'r' where it is raw
    i = start + 1
    while True:
        top = frames[-1]
        if top in OPEN or top == "field":
            found = (_FIELD if top == "field" else _CODE).search(text, i)
            if found is None:
                return None
            i, mark = found.end(), found.group()
            if mark == "\n":
                if i in stops:
                    return None
            elif mark == "#":
                i = text.find("\n", i)
                if i < 0:
                    return None
            elif mark in "'\"":
                after = _string(text, found.start(), frames)
                if after is None:
                    return None
                i = after
            elif mark == ":":
                frames.append("format")
            elif mark in OPEN:
                frames.append(mark)
            elif top == ("field" if mark == "}" and top == "field" else CLOSE[mark]):
                frames.pop()
                if not frames:
                    return i
            else:
                return None
        elif top == "format":
            found = _FORMAT.search(text, i)
            if found is None:
                return None
            i = found.end()
            if found.group() == "{":
                frames.append("field")
            else:
                del frames[-2:]
        else:
            after = _f_string(text, i, frames)
            if after is None:
                return None
            i = after


def _string(text: str, at: int, frames: list[str]) -> int | None:
    """After the string whose quote is at `at`; of an f-string only its opening, and a frame is pushed."""
    quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
    before = _PREFIX.search(text, max(at - 2, 0), at)
    prefix = before.group().lower() if before else ""
    if prefix and at > len(prefix) and (text[at - len(prefix) - 1].isalnum() or text[at - len(prefix) - 1] == "_"):
        prefix = ""  # the end of a longer word
    if "f" in prefix or "t" in prefix:
        frames.append(quote + ("r" if "r" in prefix else ""))
        return at + len(quote)
    found = _STRINGS[quote].match(text, at + len(quote))
    return found.end() if found else None


def _f_string(text: str, i: int, frames: list[str]) -> int | None:
    """One step inside an f-string: to the next field, over an escape, or past its end."""
    raw = frames[-1].endswith("r")
    quote = frames[-1].removesuffix("r")
    found = re.compile(r"[{\\\n" + quote[0] + "]").search(text, i)
    if found is None:
        return None
    at, mark = found.start(), found.group()
    if mark == "\\":
        named = not raw and text.startswith("{", at + 2) and text[at + 1] == "N"
        if named:
            return text.find("}", at) + 1 or None
        return at + (1 if text.startswith("{", at + 1) else 2)
    if mark == "\n":
        return at + 1 if len(quote) == 3 else None
    if mark == "{":
        if text.startswith("{{", at):
            return at + 2
        frames.append("field")
        return at + 1
    if text.startswith(quote, at):
        frames.pop()
        return at + len(quote)
    return at + 1
