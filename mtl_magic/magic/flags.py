"""The line of a `%%mtl` cell: `[NAME] [--data EXPR]… [--valid EXPR]… [--test EXPR]… [--store PATH] [--explain] …`, with places.

An EXPR is Python up to the next ` --` (or ` #`) outside quotes and brackets. Nothing is evaluated here.
"""

from __future__ import annotations

import builtins
import dataclasses
import keyword
import re

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import Problem, Span

MAGIC = "%%mtl "  # what stands before the line in the cell
EXPRESSIONS = {
    "data": "a table to train on; what would not fit in memory is read piece by piece; given several times, each teaches the tasks whose labels it has",
    "valid": "the validation table; several where there are several --data",
    "test": "the test table; several where there are several --data",
}
VALUES = {
    "store": "the folder in which the run is kept, in place of mtl_runs; none: nowhere",
    "checkpoint": "seconds between two checkpoints within an epoch, 30 where nothing is said",
}
SWITCHES = {
    "explain": "say what would happen, train nothing",
    "format": "rewrite the cell canonically with its comments, train nothing",
    "background": "train in a thread, return the cell at once",
    "quiet": "show nothing",
    "stream": "read the data piece by piece and encode it to temporary files, whatever its size",
    "no-stream": "read the data into memory, whatever its size",
    "mlflow": "log parameters, metrics and the run's folder to MLflow",
    "resume": "go on with the newest run or search of this name that was stopped or died",
}
FLAGS = {**EXPRESSIONS, **VALUES, **SWITCHES}
LATER: tuple[str, ...] = ()  # part of the language, not of this version

_CLOSES = {"(": ")", "[": "]", "{": "}"}
_QUOTES = re.compile(r"'''|\"\"\"|'|\"")
_WORD = re.compile(r"\S+")
_FLAG = re.compile(r"--?([^\s=]*)(=?)")


@dataclasses.dataclass(frozen=True)
class Expression:
    """Python that stands in the line."""

    text: str
    span: Span


@dataclasses.dataclass
class Flags:
    """What the line says; `problems` is all that is wrong with it."""

    name: str = ""
    name_span: Span | None = None
    data: list[Expression] = dataclasses.field(default_factory=list)
    valid: Expression | None = None
    test: Expression | None = None
    further: list[tuple[str, Expression, Span]] = dataclasses.field(default_factory=list)  # parts given once more
    values: dict[str, str] = dataclasses.field(default_factory=dict)
    switches: set[str] = dataclasses.field(default_factory=set)
    places: dict[str, Span] = dataclasses.field(default_factory=dict)  # of switches and values
    problems: list[Problem] = dataclasses.field(default_factory=list)

    def tables(self, flag: str) -> list[Expression]:
        """All expressions of 'data', 'valid' or 'test'."""
        if flag == "data":
            return list(self.data)
        first = getattr(self, flag)
        return ([first] if first else []) + [e for word, e, _ in self.further if word == flag]

    @property
    def expressions(self) -> list[Expression]:
        """All of them."""
        return [e for flag in EXPRESSIONS for e in self.tables(flag)]

    @property
    def quiet(self) -> bool:
        return "quiet" in self.switches

    @property
    def stream(self) -> bool | None:
        """Whether the data is read piece by piece; None: as its size says."""
        return True if "stream" in self.switches else False if "no-stream" in self.switches else None

    @property
    def resume(self) -> bool:
        return "resume" in self.switches

    @property
    def checkpoint(self) -> float:
        """Seconds between two checkpoints within an epoch."""
        return float(self.values.get("checkpoint", 30.0))

    @property
    def mlflow(self) -> bool:
        return "mlflow" in self.switches

    @property
    def background(self) -> bool:
        return "background" in self.switches

    @property
    def explain(self) -> bool:
        return "explain" in self.switches

    @property
    def format(self) -> bool:
        return "format" in self.switches

    def fault(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.problems.append(Problem(code, message, span, hint))


def parse_flags(line: str) -> Flags:
    """The flags of a line.

    Example:
        >>> flags = parse_flags("feed --data log[log.day < 5] --quiet")
        >>> flags.name, [e.text for e in flags.data], flags.quiet
        ('feed', ['log[log.day < 5]'], True)
    """
    flags, at = Flags(), 0
    line = code_of(line)
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif line[at] == "-":
            at = _flag(line, at, flags)
        else:
            found = _WORD.match(line, at)
            assert found is not None
            at = found.end()
            _name(found.group(), _span(found.start(), at), flags)
    for word, _, place in flags.further if len(flags.data) < 2 else ():
        hint = "only --data may be repeated; with several --data also --valid and --test"
        flags.fault("MTL402", f"--{word} is given twice", place, hint)
    return flags


def code_of(line: str) -> str:
    """The line without its comment."""
    return line[: _end(line, 0, stop_at_flags=False)]


def _span(start: int, end: int) -> Span:
    return Span(1, len(MAGIC) + start + 1, 1, len(MAGIC) + max(end, start + 1) + 1)


def _name(word: str, span: Span, flags: Flags) -> None:
    if flags.name:
        hint = f"a cell has one name; a table is given with a flag: --data {word}"
        flags.fault("MTL403", f"'{word}' stands where a flag should", span, hint)
    elif not word.isidentifier() or keyword.iskeyword(word):
        hint = "the name is the variable that will hold the run: letters, digits and _"
        flags.fault("MTL403", f"'{word}' is not the name of a variable", span, hint)
    elif hasattr(builtins, word):
        hint = "choose another name: the run would hide it in the whole notebook"
        flags.fault("MTL404", f"'{word}' is a name of Python's own", span, hint)
    else:
        flags.name, flags.name_span = word, span


def _flag(line: str, at: int, flags: Flags) -> int:
    found = _FLAG.match(line, at)
    assert found is not None
    word, after = found.group(1), found.end()
    span = _span(at, found.end(1))
    if word in EXPRESSIONS and found.group().startswith("--"):
        end = _end(line, after)
        text = line[after:end].strip()
        start = after + len(line[after:end]) - len(line[after:end].lstrip())
        if not text:
            flags.fault(
                "MTL402",
                f"--{word} needs {EXPRESSIONS[word].partition(';')[0]}",
                span,
                f"write it behind the flag: --{word} table",
            )
        elif word == "data":
            flags.data.append(Expression(text, _span(start, start + len(text))))
        elif getattr(flags, word):
            flags.further.append((word, Expression(text, _span(start, start + len(text))), span))
        else:
            setattr(flags, word, Expression(text, _span(start, start + len(text))))
        return end
    if word in VALUES and found.group().startswith("--"):
        end = _end(line, after)
        _value(word, line[after:end].strip(), span, flags)
        return end
    if word in SWITCHES and found.group() == f"--{word}":
        if word in LATER:
            flags.fault(
                "MTL406",
                f"--{word} is not in this version yet",
                span,
                "leave it out: the cell trains, and stays busy until it ends",
            )
        if {word, *flags.switches} >= {"stream", "no-stream"}:
            flags.fault("MTL402", "--stream and --no-stream exclude each other", span, "leave one of them out")
        flags.switches.add(word)
        flags.places[word] = span
        return after
    known = [flag for flag in FLAGS if flag not in LATER]
    hint = did_you_mean(word, known).replace("'", "'--", 1) if word else ""
    flags.fault(
        "MTL401",
        f"there is no flag '{line[at : found.end(1)]}'",
        span,
        hint or "flags: " + ", ".join(f"--{k}" for k in known),
    )
    return _end(line, after)  # what stands behind it belongs to it, whatever was meant


def _value(word: str, text: str, span: Span, flags: Flags) -> None:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if word in flags.values:
        flags.fault("MTL402", f"--{word} is given twice", span, "leave one of them out")
    elif not text:
        flags.fault("MTL402", f"--{word} needs a value", span, f"it says {VALUES[word]}")
    elif word == "checkpoint" and re.fullmatch(r"\d+(\.\d*)?", text) is None:
        flags.fault(
            "MTL402",
            f"--checkpoint needs a number of seconds, not '{text}'",
            span,
            "write it behind the flag: --checkpoint 60",
        )
    else:
        flags.values[word], flags.places[word] = text, span


def _end(line: str, at: int, *, stop_at_flags: bool = True) -> int:
    """Where the Python that begins at `at` ends: at the next ` --` or ` #` outside quotes and brackets."""
    depth: list[str] = []
    stops = ("#", "--") if stop_at_flags else ("#",)
    while at < len(line):
        mark = line[at]
        quote = _QUOTES.match(line, at)
        if quote:
            at = _after_string(line, quote.end(), quote.group())
            continue
        if mark in _CLOSES:
            depth.append(_CLOSES[mark])
        elif depth and mark == depth[-1]:
            depth.pop()
        elif not depth and (at == 0 or line[at - 1].isspace()) and line.startswith(stops, at):
            return at
        at += 1
    return at


def _after_string(line: str, at: int, quote: str) -> int:
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line.startswith(quote, at):
            return at + len(quote)
        else:
            at += 1
    return len(line)
