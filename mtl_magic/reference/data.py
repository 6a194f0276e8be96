"""The vocabulary as plain data, for editors: every word with its options, and every code."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from mtl_magic.language.codes import WARNINGS, catalogue
from mtl_magic.language.describe import defaults, plural, signature, spelt
from mtl_magic.language.names import CONSTANTS
from mtl_magic.language.statements import (
    BRACES,
    CLAUSE,
    FORM,
    SEARCHES,
    SETTINGS,
    SOURCE,
    STATEMENT,
    Entry,
    entries,
    searches,
)
from mtl_magic.magic.flags import EXPRESSIONS, FLAGS, LATER, VALUES
from mtl_magic.magic.line import COMMANDS
from mtl_magic.parameters import FAMILIES, ParamType
from mtl_magic.reference.run import run_data
from mtl_magic.registry import Declaration, Param, Registry

FORMAT = 1  # of this data; it grows when a reader of an earlier one would misread it


def vocabulary_data(registry: Registry) -> dict[str, Any]:
    """Everything that a person can write in a cell, as JSON holds it.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> data = vocabulary_data(vocabulary())
        >>> [w["word"] for w in data["families"]["task"]["words"]]
        ['binary', 'count', 'multiclass', 'multilabel', 'ordinal', 'ranking', 'regression']
    """
    known = entries(registry)
    return {
        "format": FORMAT,
        "statements": [_statement(e, registry) for e in known if e.sort == STATEMENT],
        "clauses": [_entry(e) for e in known if e.sort == CLAUSE],
        "sources": [_entry(e) for e in known if e.sort == SOURCE],
        "values": [_entry(e) for e in known if e.sort == FORM],
        "braces": [{"place": place, "takes": takes, "doc": doc} for place, takes, doc in BRACES],
        "constants": list(CONSTANTS),
        "families": {
            family: {
                "title": title,
                "plural": plural(title),
                "named": _named(family, registry),
                "words": [_word(d) for d in registry if d.family == family],
            }
            for family, title in FAMILIES.items()
            if family != "settings" and registry.words(family)
        },
        "flags": [
            {"flag": f"--{flag}", "takes": flag in {**EXPRESSIONS, **VALUES}, "doc": doc}
            for flag, doc in FLAGS.items()
            if flag not in LATER
        ],
        "later": {
            "statements": [word for word in SETTINGS if registry.find("settings", word) is None],
            "values": [] if searches(registry) else list(SEARCHES),
            "flags": [f"--{flag}" for flag in LATER],
        },
        "run": run_data(),
        "commands": [{"command": word, "form": c.form, "doc": c.summary} for word, c in COMMANDS.items()],
        "codes": {
            code: {
                "title": entry.title,
                "doc": entry.doc,
                "warning": code in WARNINGS,
                "shown": entry.shown,
                "silenced": entry.silenced or entry.shown,
            }
            for code, entry in sorted(catalogue().items())
        },
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "word": entry.word,
        "form": entry.form,
        "summary": entry.summary,
        "doc": entry.doc,
        "example": entry.example,
        "once": entry.once,
    }


def _statement(entry: Entry, registry: Registry) -> dict[str, Any]:
    declaration = registry.find("settings", entry.word)
    keys = [_param(p) for p in declaration.params()] if declaration is not None else []
    made = {**_entry(entry), "keys": keys}
    del made["once"]
    return made


def _word(declaration: type[Declaration]) -> dict[str, Any]:
    return {
        "word": declaration.word,
        "signature": signature(declaration),
        "summary": declaration.summary(),
        "doc": inspect.cleandoc(declaration.__doc__ or ""),
        "defaults": defaults(declaration),
        "tasks": list(getattr(declaration, "tasks", ())),
        "params": [_param(p) for p in declaration.params()],
        "named": [p.name for p in declaration.options() if p.by_name],
        "paper": declaration.paper,
        "example": declaration.example,
    }


def _named(family: str, registry: Registry) -> list[dict[str, Any]]:
    """The options that the words of a family have in common, and that are given by name."""
    words = [d for d in registry if d.family == family]
    return [_param(p) for p in {p.name: p for d in words for p in d.options() if p.by_name}.values()]


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": type_data(param.type),
        "accepts": param.type.describe(),
        "required": param.required,
        "default": None if param.required else spelt(param.default),
        "doc": param.doc,
    }


def type_data(kind: ParamType) -> dict[str, Any]:
    """A type with what it says of itself.

    Example:
        >>> from mtl_magic.parameters import Int, ListOf
        >>> type_data(ListOf(Int(minimum=1)))
        {'type': 'list_of', 'item': {'type': 'int', 'minimum': 1}, 'minimum': 0}
    """
    fields = {f.name: getattr(kind, f.name) for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(kind).__name__).lstrip("_")
    return {"type": snake, **{name: _plain(v) for name, v in fields.items() if v is not None and not callable(v)}}


def _plain(value: Any) -> Any:
    if isinstance(value, ParamType):
        return type_data(value)
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
