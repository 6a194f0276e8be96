"""What can be wrong with a cell, and how it is said: places, problems with stable codes, and `MtlError`.

Lines and columns are 1-based and count code points; line 1 is the `%%mtl` line in a cell, the first line of the text
in `parse`. This module imports nothing of the package.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence

SHOWN = 8  # an error shows so many problems and counts the rest


@dataclasses.dataclass(frozen=True, order=True)
class Span:
    """A place in the text; `end_column` is one past the last character."""

    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """From the start of this to the end of `other`."""
        return Span(self.line, self.column, other.end_line, other.end_column)


@dataclasses.dataclass(frozen=True)
class Problem:
    """One mistake or warning: a stable code, a sentence in the field's words, its place, and a way out.

    `related` are further places that it is about; `severity` is 'error' or 'warning'.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    notes: tuple[str, ...] = ()
    severity: str = "error"
    related: tuple[Span, ...] = ()

    @property
    def line(self) -> int | None:
        return self.span.line if self.span else None

    @property
    def column(self) -> int | None:
        return self.span.column if self.span else None

    @property
    def end_line(self) -> int | None:
        return self.span.end_line if self.span else None

    @property
    def end_column(self) -> int | None:
        return self.span.end_column if self.span else None

    def render(self, text: str = "") -> str:
        """The problem as a person reads it: the sentence, the line with a caret, the hint, the notes."""
        where = f", line {self.span.line}" if self.span else ""
        name = "MtlWarning" if self.severity == "warning" else "MtlError"
        lines = [f"{name} {self.code}{where}: {self.message}"]
        source = lines_of(text)
        if self.span and 1 <= self.span.line <= len(source) and source[self.span.line - 1].strip():
            lines += _caret(source[self.span.line - 1], self.span)
        tail = "; ".join(part for part in (self.hint, *self.notes) if part).replace("?; ", "? ")
        if tail:
            lines.append(tail)
        return "\n".join(lines)


def lines_of(text: str) -> list[str]:
    """The lines as an editor counts them: `str.splitlines` would also split at form feeds and the like."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _width(text: str) -> int:
    """Columns that a terminal or notebook uses for `text`: wide characters take two, combining marks none."""
    wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return wide - sum(1 for c in text if unicodedata.combining(c))


def _caret(line: str, span: Span) -> list[str]:
    line = "".join(c if c.isprintable() or c in "\t " else "\N{REPLACEMENT CHARACTER}" for c in line)
    shown = line.expandtabs(4)
    start = len(line[: span.column - 1].expandtabs(4))
    end = len(line[: span.end_column - 1].expandtabs(4)) if span.end_line == span.line else len(shown.rstrip())
    indent = len(shown) - len(shown.lstrip())
    body, start, end = shown[indent:].rstrip(), max(start - indent, 0), max(end - indent, 0)
    return ["    " + body, "    " + " " * _width(body[:start]) + "^" * max(_width(body[start:end]), 1)]


def rendered(problems: Sequence[Problem], text: str) -> str:
    """Problems as a person reads them, a long list cut."""
    shown = [p.render(text) for p in problems[:SHOWN]]
    rest = len(problems) - SHOWN
    if rest > 0:
        shown.append(f"… and {rest} more")
    return "\n\n".join(shown)


class MtlError(Exception):
    """Every mistake found in a cell, its data or its training, at once.

    Attributes:
        problems: the problems, in the order of the text.
        text: the text that they point into.
    """

    def __init__(self, problems: Iterable[Problem] | Problem, text: str = "") -> None:
        found = [problems] if isinstance(problems, Problem) else list(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(found, key=lambda p: p.span or Span(0, 0, 0, 0)))
        self.text = text
        super().__init__(str(self))

    def __str__(self) -> str:
        return rendered(self.problems, self.text)

    def __reduce__(self) -> tuple[type[MtlError], tuple[tuple[Problem, ...], str]]:
        return type(self), (self.problems, self.text)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: our lines alone, no Python frames; for `%tb`, which asks for them, the whole traceback.

        The hook is called several times for one failure, so that their number tells nothing: who calls does.
        """
        whole = _of_tb(self)
        return str(self).split("\n") if whole is None else whole


def _of_tb(error: BaseException) -> list[str] | None:
    """The traceback as `%tb` shows that of any exception; None where it is not `%tb` that asks."""
    frame = sys._getframe()  # noqa: SLF001  the one way to know who renders
    while frame is not None:
        if frame.f_code.co_name == "tb" and frame.f_globals.get("__name__", "").startswith("IPython.core.magics"):
            formatter = frame.f_locals["self"].shell.InteractiveTB
            lines: list[str] = formatter.structured_traceback(type(error), error, error.__traceback__, tb_offset=1)
            return lines
        frame = frame.f_back  # type: ignore[assignment]
    return None


class MtlWarning(UserWarning):
    """What should be known before training, and is no mistake. `%%mtl` shows it; `mtl_magic.fit` warns with it.

    Attributes:
        problem: its code, sentence, place and hint.
        text: the text that it points into.
    """

    def __init__(self, problem: Problem, text: str = "") -> None:
        self.problem, self.text = problem, text
        super().__init__(problem, text)  # what the class is made of again, wherever a warning travels

    def __str__(self) -> str:
        return self.problem.render(self.text)

    def __reduce__(self) -> tuple[type[MtlWarning], tuple[Problem, str]]:
        return type(self), (self.problem, self.text)


def listed(names: Sequence[str], limit: int = 12) -> str:
    """Names for a sentence: 'a, b, c and 4 more'."""
    if len(names) <= limit:
        return ", ".join(names)
    return ", ".join(names[:limit]) + f" and {len(names) - limit} more"


def typed(value: object) -> str:
    """The type of a value for a sentence.

    Example:
        >>> typed(5), typed([])
        ('an int', 'a list')
    """
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def first_line(error: BaseException) -> str:
    """What an exception says, in one line; of one that Keras wraps in advice, what went wrong."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    text = text.rpartition("Error encountered:")[2]  # Keras' advice stands before it
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        return lines[1]
    return lines[0] if lines else type(error).__name__
