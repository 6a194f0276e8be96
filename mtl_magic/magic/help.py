"""`%mtl help`: the words of the language, read off their declarations, and its statements, clauses, flags and codes."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING

from mtl_magic.language.codes import catalogue
from mtl_magic.language.describe import default, defaults, plural, signature
from mtl_magic.language.names import did_you_mean
from mtl_magic.language.statements import CLAUSE, FORM, SOURCE, STATEMENT, Entry, entries
from mtl_magic.magic.flags import FLAGS, LATER
from mtl_magic.parameters import FAMILIES
from mtl_magic.problems import MtlError, Problem
from mtl_magic.registry import Declaration, Param
from mtl_magic.vocabulary import vocabulary

if TYPE_CHECKING:
    from mtl_magic.magic.line import Command

_SORTS = {STATEMENT: "statements", CLAUSE: "clauses", SOURCE: "sources", FORM: "values"}
_WIDTH = 100


def overview() -> str:
    """Every word, by what it is, with its summary."""
    registry = vocabulary()
    known = entries(registry)
    parts = [_table(title, [(e.word, e.summary) for e in known if e.sort == sort]) for sort, title in _SORTS.items()]
    for family, title in FAMILIES.items():
        found = [(d.word, d.summary()) for d in registry if d.family == family and family != "settings"]
        if found:
            parts.append(_table(plural(title), found))
    parts.append(_table("lines", [(f"%mtl {word}", c.summary) for word, c in _commands().items()]))
    parts.append(_table("flags of the %%mtl line", [(f"--{flag}", doc) for flag, doc in _flags().items()]))
    return "\n\n".join([*parts, "%mtl help WORD says more of one; so it does of the code of an error"])


def about(word: str) -> str:
    """What a word is: its form, parameters with defaults, paper, example. Codes of errors are words too.

    Raises:
        MtlError: there is no such word.
    """
    registry, codes, flags = vocabulary(), catalogue(), _flags()
    known = entries(registry)
    parts = [_entry(e) for e in known if e.word == word]
    parts += [_describe(d) for d in registry if d.word == word and d.family != "settings"]
    if word.startswith("-") and (flag := word.lstrip("-")) in flags:
        parts.append(f"--{flag}  flag of the %%mtl line\n\n{_wrapped(flags[flag][:1].upper() + flags[flag][1:] + '.')}")
    if word in _commands():
        parts.append(_command(word))
    if word.upper() in codes:
        code = codes[word.upper()]
        said = f"{code.doc} Silenced at {code.silenced or code.shown}." if code.shown else code.doc
        parts.append(f"{word.upper()}  {code.title}\n\n{_wrapped(said)}")
    if parts:
        return "\n\n\n".join(parts)
    words = [
        *(e.word for e in known),
        *(d.word for d in registry),
        *codes,
        *(f"--{flag}" for flag in flags),
        *_commands(),
    ]
    hint = _option(word) or did_you_mean(word, words) or "%mtl help lists the words"
    raise MtlError(Problem("MTL408", f"'{word}' is not a word of the language", hint=hint))


def _flags() -> dict[str, str]:
    return {flag: doc for flag, doc in FLAGS.items() if flag not in LATER}


def _commands() -> dict[str, Command]:
    from mtl_magic.magic.line import COMMANDS  # which has this module's functions for one of them

    return COMMANDS


def _command(word: str) -> str:
    """A line: its form, what it does, its options."""
    from mtl_magic.magic.deciding import OPTIONS

    command = _commands()[word]
    lines = [
        f"{word}  line",
        "",
        f"  {command.form}",
        "",
        _wrapped(command.summary[:1].upper() + command.summary[1:] + "."),
    ]
    options = OPTIONS.get(word, {})
    width = max(map(len, options), default=0)
    return "\n".join(
        [*lines, *([""] if options else []), *(f"  {n:<{width}}  {o.doc} ({o.takes})" for n, o in options.items())]
    )


def _option(word: str) -> str:
    """Which words have an option of this name, for one who asks for it."""
    owners = [d.word for d in vocabulary() if any(p.name == word for p in d.options())]
    return f"it is an option of {', '.join(owners)}" if owners else ""


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(word) for word, _ in rows)
    return "\n".join([title, *(f"  {word:<{width}}  {summary}" for word, summary in rows)])


def _entry(entry: Entry) -> str:
    declaration = vocabulary().find("settings", entry.word) if entry.sort == STATEMENT else None
    if declaration is not None:
        return _describe(declaration, entry.form)
    lines = [f"{entry.word}  {entry.sort}", "", f"  {entry.form}", "", _wrapped(f"{entry.summary} {entry.doc}".strip())]
    return "\n".join([*lines, *_example(entry.example)])


def _describe(declaration: type[Declaration], form: str = "") -> str:
    lines = [
        f"{declaration.word}  {FAMILIES[declaration.family]}",
        "",
        f"  {form or signature(declaration)}",
        "",
        _wrapped("\n\n".join(filter(None, (inspect.cleandoc(declaration.__doc__ or ""), defaults(declaration))))),
    ]
    lines += _params(declaration.params())
    named = tuple(p for p in declaration.options() if p.by_name)
    lines += ["", f"as every {FAMILIES[declaration.family]}, by name:", *_params(named)[1:]] if named else []
    if declaration.paper:
        lines += ["", f"paper: {declaration.paper}"]
    return "\n".join([*lines, *_example(declaration.example)])


def _params(params: tuple[Param, ...]) -> list[str]:
    if not params:
        return []
    lines = [""]
    width = max(len(p.name) for p in params)
    widest = max(len(default(p)) for p in params)
    for p in params:
        lines.append(f"  {p.name:<{width}}  {default(p):<{widest}}  {p.doc or p.type.describe()}")
        if p.doc:
            lines.append(f"  {'':<{width}}  {'':<{widest}}  ({p.type.describe()})")
    return lines


def _example(example: str) -> list[str]:
    return ["", "example:", *(f"  {line}" for line in example.splitlines())] if example else []


def _wrapped(text: str) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(p if p.startswith("  ") else textwrap.fill(p, _WIDTH) for p in paragraphs)
