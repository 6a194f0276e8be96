"""What a statement that cannot be parsed is told: what may stand at the caret, and the way out that is most likely."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import regex
from lark.exceptions import UnexpectedInput, UnexpectedToken

from mtl_magic.language.grammar import accepted
from mtl_magic.language.names import CLAUSES, NAME, STATEMENTS, did_you_mean, nearest, shown
from mtl_magic.language.statements import SETTINGS
from mtl_magic.problems import Problem, Span

if TYPE_CHECKING:
    from mtl_magic.language.scan import Piece

_SIGNS = {
    "COLON": "':'", "COMMA": "','", "EQUAL": "'='", "LPAR": "'('", "RPAR": "')'", "RSQB": "']'",
    "FROM": "'from'", "GIVEN": "'given'", "VIA": "'via'", "WEIGHT": "'weight'", "ALLOW": "'allow'",
}  # fmt: skip
_FOUND = regex.compile(
    r"""(?P<quoted>"[^"\n]*"|'[^'\n]*')|(?P<number>[+-]?\.?[0-9][\w.]*)|(?P<name>\w+)|(?P<other>.)""", regex.DOTALL
)
_NUMBER = regex.compile(r"[+-]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][+-]?[0-9]+)?")
WINDOW = 100  # characters before a mistake that are looked at: a search that ends at \Z takes quadratic time
_RUN = r"[^\s,:=()\[\]{}'\"#|]"  # what a person may take for a part of a name
_DATE = regex.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(T[0-9:.]+)?")


def unexpected(piece: Piece, error: UnexpectedInput) -> Problem:
    """The problem of a statement at the place where the parser stopped."""
    text = piece.masked
    at = error.token.start_pos if isinstance(error, UnexpectedToken) else error.pos_in_stream
    at = len(text) if at is None or (isinstance(error, UnexpectedToken) and error.token.type == "$END") else at
    try:
        may = accepted(text[:at])
    except UnexpectedInput:  # a lookahead past the cut made another token of the last word
        may = error.interactive_parser.accepts()
    before = text[:at].rstrip()
    expected = _expected(may, before)
    if at >= len(text):
        last = _last(before)
        return Problem("MTL001", f"the statement ends after '{last}': expected {expected}", place(text, len(text)))
    found = _FOUND.match(text, at)
    assert found is not None
    word = found.group()
    special = _unreadable(text, at, found)
    if special:
        return special
    comma = (
        regex.search(r",\s*\w+\s*\Z", text[:at], pos=max(at - WINDOW, 0))
        if word == "=" and piece.word in SETTINGS
        else None
    )
    if comma:
        hint = "separate them by spaces, as in epochs=5 batch=256"
        return Problem("MTL001", f"no ',' stands between the keys of {piece.word}", place(text, comma.start()), hint)
    hint, start, stop = _hint(text, at, word, may)
    message = f"'{shown(word)}' cannot follow '{_last(before)}': expected {expected}"
    return Problem("MTL001", message, place(text, *((start, stop) if stop else (at, found.end()))), hint)


def no_statement(piece: Piece, known: tuple[str, ...] = STATEMENTS) -> Problem:
    """The problem of a line whose first word is no statement; `known` are those that there are."""
    word, text = piece.word, piece.masked
    notes = (f"statements: {', '.join(known)}",)
    if not word:
        first = text[0]
        if first == "%":
            message = "a line that begins with '%' is no statement: a %%mtl line stands only at the top of its cell"
            return Problem("MTL002", message, place(text, 0), notes=notes)
        return _character(text, 0) or Problem(
            "MTL002",
            f"a line begins with '{shown(first)}': every line begins with a statement's word",
            place(text, 0),
            notes=notes,
        )
    span = place(text, 0, len(word))
    if word in CLAUSES:
        message = f"a line begins with '{word}', which belongs to the statement above"
        return Problem("MTL002", message, span, "write it on the same line: only brackets continue a line")
    hint = did_you_mean(word, known)
    if not hint and regex.match(r"\w++\s*+(,\s*+\w++\s*+)*+:", text):
        hint = f"a task is declared with 'task {text.split(chr(10))[0][:40].strip()}', an input with 'feature'"
    elif not hint and regex.match(r"\w+\s*=", text):
        hint = f"training takes its options as 'train {word}=…'; Python stands in a cell without %%mtl"
    return Problem("MTL002", f"a line begins with '{shown(word)}', which is no statement", span, hint, notes)


def meant(piece: Piece) -> str:
    """The statement that a piece was probably meant to be, or ''."""
    return piece.word if piece.word in STATEMENTS else nearest(piece.word, STATEMENTS) or ""


def place(text: str, start: int, stop: int | None = None) -> Span:
    """The span of `text[start:stop]`, the text standing alone."""
    stop = start + (start < len(text)) if stop is None else stop
    line, end_line = text.count("\n", 0, start) + 1, text.count("\n", 0, stop) + 1
    return Span(line, start - text.rfind("\n", 0, start), end_line, stop - text.rfind("\n", 0, stop))


def _last(before: str) -> str:
    found = regex.search(r"(\w+|\"[^\"\n]*\"|'[^'\n]*'|.)\Z", before, regex.DOTALL, pos=max(len(before) - WINDOW, 0))
    return shown(found.group()) if found else ""


def _expected(may: set[str], before: str) -> str:
    words = []
    if "NUMBER" in may:
        words.append("a value")
    elif "PYTHON" in may:
        words.append("a word or Python in braces" if not before.endswith(":") else "a kind")
    elif "WILD" in may:
        words.append("a name or a pattern such as user_*")
    elif "NAME" in may:
        words.append("a name")
    words += [sign for token, sign in _SIGNS.items() if token in may]
    if "$END" in may:
        words.append("the end of the line")
    if not words:
        return "another text"
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _hint(text: str, at: int, word: str, may: set[str]) -> tuple[str, int, int]:
    """The most likely way out, and a place that says it better than the word alone (or 0, 0)."""
    before, after = text[:at].rstrip(), text[at + len(word) :].lstrip()
    last = _last(before)
    is_name = NAME.fullmatch(word) is not None
    naming = bool(may & {"COLON", "FROM", "EQUAL"}) and "NUMBER" not in may
    clause = nearest(word, [c for c in CLAUSES if c.upper() in may], 0.7) if is_name else None
    if clause and clause != word:
        return f"did you mean '{clause}'?", 0, 0
    if regex.match(_RUN, word) and not is_name and naming and before:
        run = _run(text, at)
        if run and not set(run[0]) & set("+*"):
            return f"a name with other characters than letters, digits and _ is quoted: '{run[0]}'", run[1], run[2]
    if "*" in word and naming:
        return "a pattern stands only for features: after feature, ignore and from", 0, 0
    if "COLON" in may:
        if after.startswith((":", "=")) and is_name:
            return f"a name with spaces is quoted: '{last} {word}'", 0, 0
        if is_name:
            return f"the kind comes after a colon: '{last}: {word}'", 0, 0
        if word == "=":
            return "the kind comes after a colon, ':', not '='", 0, 0
    if word == ":":
        return "an option is given with '=', as in units=64", 0, 0
    if word[0] in "+-*/%^@" and regex.search(r"[\w\])]\Z", before):
        date = next((m for m in _DATE.finditer(text) if m.start() < at < m.end()), None)
        if date:
            return f"a date is quoted: '{date.group()}'", date.start(), date.end()
        return "arithmetic is Python's and stands in braces: {4*1024}", 0, 0
    if word == ";":
        return "one statement a line", 0, 0
    if "COMMA" in may and not naming and ("RPAR" in may or "RSQB" in may):
        return "separate them with ','", 0, 0
    return "", 0, 0


def _run(text: str, at: int) -> tuple[str, int, int] | None:
    """The characters without a space around `at`, where letters or digits are among them."""
    end = regex.compile(_RUN + "+").match(text, at)
    begin = regex.search(_RUN + r"*\Z", text[:at], pos=max(at - WINDOW, 0))
    assert begin is not None
    start, stop = begin.start(), end.end() if end else at
    run = text[start:stop]
    return (run, start, stop) if regex.search(r"\w", run) and len(run) < 60 and start < at else None


def _unreadable(text: str, at: int, found: regex.Match[str]) -> Problem | None:
    """A number that is none, or a character that means nothing."""
    number = found.group("number")
    if number and not _NUMBER.fullmatch(number):
        message = f"'{shown(number)}' is neither a number nor a name"
        return Problem(
            "MTL008", message, place(text, at, found.end()), f"a text or name like this is quoted: '{shown(number)}'"
        )
    return _character(text, at) if found.group("other") else None


def _character(text: str, at: int) -> Problem | None:
    character = text[at]
    if character.isascii() and character.isprintable():
        return None
    name = unicodedata.name(character, "a character without a name")
    seen = f"'{character}'" if character.isprintable() else "the invisible character"
    message = f"{seen} U+{ord(character):04X} ({name}) has no meaning outside quotes"
    return Problem("MTL012", message, place(text, at), "delete it, or quote the name that it is part of")
