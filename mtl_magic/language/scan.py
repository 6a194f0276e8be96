"""The text of a cell, split into statements before any of them is parsed, so that one slip never hides another.

The scanner knows brackets, quotes, comments and `{…}`; it blanks what the grammar need not see (comments, the inside of
braces) without moving a character, and reports what never closes.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools

import regex

from mtl_magic.language.braces import CLOSE, OPEN, end_of_braces
from mtl_magic.language.names import NAME, STATEMENTS
from mtl_magic.problems import Problem, Span

DEEPEST = 20
FULL_WIDTH = dict(zip("：，、（）［］｛｝＝｜．＊＃“”‘’＂＇", ":,,()[]{}=|.*#\"\"''\"'", strict=True))  # fmt: skip
_QUOTES = {"“": "”", "‘": "’"}
BLANK = " \t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_SPECIAL = regex.compile("[\n#'\"()\\[\\]{}" + "".join(FULL_WIDTH) + "]")
_GAP = regex.compile(r"(?:[\s\ufeff]++|#[^\n]*+)*+")
_INK = regex.compile(r"[^\n]")
_QUOTED = {q: regex.compile(f"{q}(?:[^{q}\n]|{q}{q})*+{q}") for q in "'\""}
_STATEMENT = regex.compile(
    rf"^([^\S\n]*)(?:{'|'.join(STATEMENTS)})[^\S\n]+(?!(?:if|else|for|in|is|and|or|not|as)\b)[\w'\"*{{]",
    regex.MULTILINE,  # the words that are left out follow a Python name in code within braces
)


@dataclasses.dataclass(frozen=True)
class Piece:
    """One statement: its text, the same with comments and Python blanked, and its place.

    Places of `problems` are those of `text` standing alone: (1, 1) is its first character.
    """

    text: str
    masked: str
    line: int
    column: int
    problems: tuple[Problem, ...] = ()
    broken: bool = False  # not worth parsing: what is wrong has been said

    @property
    def word(self) -> str:
        found = NAME.match(self.masked)
        return found.group() if found else ""


def normalised(text: str) -> str:
    """The text with each line end as one newline: the only character that ends a line here."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split(text: str) -> list[Piece]:
    r"""The statements of a normalised text.

    Example:
        >>> [(p.text, p.line, p.column) for p in split("task a: binary(\n  loss=bce)  # one\n\n  task b")]
        [('task a: binary(\n  loss=bce)', 1, 1), ('task b', 4, 3)]
    """
    return list(_split(text))


@functools.lru_cache(maxsize=4)
def _split(text: str) -> tuple[Piece, ...]:
    return tuple(_Scanner(text).pieces())  # the check and the completion of a keystroke ask for the same


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0, *(m.end() for m in regex.finditer("\n", text))]
        first = regex.search(r"^([^\S\n]*+)[^\s#]", text, regex.MULTILINE)
        self.margin = len(first.group(1)) if first else 0
        starts = (m.start() for m in _STATEMENT.finditer(text) if len(m.group(1)) <= self.margin)
        self.starts = list(starts)
        self.start_set = set(self.starts)

    def pieces(self) -> list[Piece]:
        found, at = [], 0
        while (begin := _GAP.match(self.text, at).end()) < len(self.text):
            piece, at = self.statement(begin)
            found.append(piece)
        return found

    def statement(self, begin: int) -> tuple[Piece, int]:
        """The statement that begins at an index, and where to go on."""
        self.begin = begin
        self.problems: list[Problem] = []
        self.broken = False
        self.masks: list[tuple[int, int, str]] = []
        self.stack: list[tuple[str, int]] = []
        end = self.walk(begin)
        masked, done = [], begin
        for start, stop, filler in self.masks:
            masked.append(self.text[done:start])
            masked.append(filler or _INK.sub(" ", self.text[start:stop]))
            done = stop
        masked.append(self.text[done:end])
        blanked = "".join(masked).rstrip(BLANK)
        line = bisect.bisect_right(self.lines, begin)
        text = self.text[begin : begin + len(blanked)]
        column = begin - self.lines[line - 1] + 1
        return Piece(text, blanked, line, column, tuple(self.problems), self.broken), end

    def walk(self, at: int) -> int:
        text = self.text
        while (found := _SPECIAL.search(text, at)) is not None:
            start, mark = found.start(), found.group()
            at = start + 1
            if mark in FULL_WIDTH:
                plain = FULL_WIDTH[mark]
                self.full_width(start, mark, plain)
                if mark in _QUOTES and (stop := text.find(_QUOTES[mark], at, self.line_end(at))) >= 0:
                    self.masks.append((stop, stop + 1, plain))
                    at = stop + 1
                    continue
                if plain in "\"'{}":  # a lone one: nothing that can be read further
                    self.broken = True
                    at = self.line_end(at) if plain in "\"'" else at
                    continue
                mark = plain
            if mark == "\n":
                if not self.stack:
                    return start
                if at in self.start_set:
                    break
            elif mark == "#":
                stop = self.line_end(at)
                self.masks.append((start, stop, ""))
                at = stop
            elif mark in "'\"":
                at = self.quote(start, mark)
            elif mark == "{":
                closed = end_of_braces(text, start, self.start_set)
                if closed is None:
                    self.say(
                        "MTL006",
                        "the brace is never closed",
                        start,
                        hint="close it with '}', and what is open inside before it",
                    )
                    self.stack.clear()
                    return self.next_start(at)
                if closed - at > 1:
                    self.masks.append((at, closed - 1, ""))
                at = closed
            elif mark in OPEN:
                self.stack.append((mark, start))
                if len(self.stack) == DEEPEST + 1:
                    self.say("MTL010", f"brackets are nested more than {DEEPEST} deep", start)
            elif mark in CLOSE:
                self.close(mark, start)
        if self.stack:
            if all(p.code != "MTL005" for p in self.problems):  # a quote that swallowed its line took brackets along
                self.unclosed()
            return self.next_start(self.stack[-1][1] + 1)
        return len(text)

    def close(self, mark: str, at: int) -> None:
        opening = CLOSE[mark]
        if self.stack and self.stack[-1][0] == opening:
            self.stack.pop()
        elif any(o == opening for o, _ in self.stack):
            open_mark, open_at = self.stack[-1]
            while self.stack.pop()[0] != opening:
                pass
            line = bisect.bisect_right(self.lines, open_at)
            column = open_at - self.lines[line - 1] + 1
            message = f"'{mark}' closes the bracket '{open_mark}' that begins {self.near(line, at, column)}"
            self.say("MTL004", message, at, hint=f"'{open_mark}' is closed by '{OPEN[open_mark]}'")
        else:
            hint = f"'{self.stack[-1][0]}' is closed by '{OPEN[self.stack[-1][0]]}'" if self.stack else ""
            self.say("MTL004", f"'{mark}' closes nothing: no '{opening}' is open", at, hint=hint)

    def near(self, line: int, at: int, column: int) -> str:
        here = bisect.bisect_right(self.lines, at)
        if line == here:
            return f"at column {column}"
        return f"{here - line} line{'s' if here - line > 1 else ''} above"

    def unclosed(self) -> None:
        mark, at = self.stack[-1]
        following = self.next_start(at + 1)
        end = "a new statement begins" if following < len(self.text) else "the cell ends"
        more = len(self.stack) - 1
        notes = (f"{more} more bracket{'s are' if more > 1 else ' is'} open before it",) if more else ()
        hint = f"close it with '{OPEN[mark]}'"
        self.say("MTL003", f"the bracket '{mark}' is never closed: {end} while it is open", at, hint=hint, notes=notes)

    def quote(self, start: int, mark: str) -> int:
        found = _QUOTED[mark].match(self.text, start)
        if found is not None:
            return int(found.end())
        stop = self.line_end(start)
        self.say("MTL005", "the quote is never closed", start, stop, f"close it with {mark} on the same line")
        return stop

    def full_width(self, at: int, mark: str, plain: str) -> None:
        self.masks.append((at, at + 1, plain))
        if any(p.code == "MTL007" for p in self.problems):
            return  # one a statement says it
        self.say(
            "MTL007", f"'{mark}' is not the character that the language uses", at, hint=f"write '{plain}'", broken=False
        )

    def say(
        self,
        code: str,
        message: str,
        start: int,
        stop: int | None = None,
        hint: str = "",
        *,
        notes: tuple[str, ...] = (),
        broken: bool = True,
    ) -> None:
        self.broken |= broken
        span = Span(*self.relative(start), *self.relative(stop if stop is not None else start + 1))
        self.problems.append(Problem(code, message, span, hint, notes))

    def relative(self, at: int) -> tuple[int, int]:
        first = bisect.bisect_right(self.lines, self.begin)
        line = bisect.bisect_right(self.lines, at)
        base = self.begin if line == first else self.lines[line - 1]
        return line - first + 1, at - base + 1

    def line_end(self, at: int) -> int:
        stop = self.text.find("\n", at)
        return stop if stop >= 0 else len(self.text)

    def next_start(self, at: int) -> int:
        place = bisect.bisect_left(self.starts, at)
        return self.starts[place] if place < len(self.starts) else len(self.text)
