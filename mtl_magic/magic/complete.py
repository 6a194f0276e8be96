"""Completion in a notebook: `language.complete` inside a cell, and what stands on the lines of the magics.

Nothing that a person wrote is evaluated: a table's columns are read where `--data` names a variable (or an attribute
that is stored as such), whose class says what it is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mtl_magic.language.codes import catalogue
from mtl_magic.language.complete import Candidate, complete, expected
from mtl_magic.language.regions import PYTHON, region_at
from mtl_magic.language.statements import entries
from mtl_magic.magic.flags import FLAGS, LATER, MAGIC, Expression, parse_flags
from mtl_magic.magic.given import called
from mtl_magic.magic.tables import columns, tables
from mtl_magic.vocabulary import vocabulary

NAME = MAGIC.strip()
_MISSING = object()


def candidates(text: str, offset: int, namespace: Mapping[str, Any]) -> list[Candidate]:
    """The candidates at an offset of a notebook's cell; empty where completion is not ours, as inside `{…}`."""
    start = len(text) - len(text.lstrip())
    header = text[start:].partition("\n")[0]
    if not header.startswith(NAME) or header[len(NAME) : len(NAME) + 1].strip():
        return _line_form(text, offset, namespace)
    behind = start + len(header)
    if offset <= behind:
        return _header(text, start, offset, namespace)
    data = parse_flags(header[len(NAME) :]).data
    names = {"run": list(_runs(namespace)), "table": called(data, namespace)}
    found = complete(text, offset, vocabulary(), _columns(data, namespace), names)
    if found or ((region := region_at(text[behind:offset])) is not None and region.sort == PYTHON):
        return found
    typed = re.search(r"\w*\Z", text[behind:offset])
    assert typed is not None
    # what is typed, as it is: without any candidate IPython would offer Python's names, which do not belong here
    kind = expected(text, offset, vocabulary()) or "text"
    return [Candidate(typed.group(), offset - len(typed.group()), offset, kind, "")]


def _columns(data: Iterable[Expression], namespace: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for expression in data:
        found |= columns(_variable(expression.text, namespace))
    return found


def _variable(text: str, namespace: Mapping[str, Any]) -> Any:
    """What a plain name, or attributes of one, hold. No code of the person's runs: properties are not read."""
    first, *attributes = text.split(".")
    found = namespace.get(first)
    for attribute in attributes:
        found = inspect.getattr_static(found, attribute, _MISSING)
        if found is _MISSING or hasattr(type(found), "__get__"):
            return None
    return found


def _runs(namespace: Mapping[str, Any]) -> dict[str, str]:
    """Variables that hold a run. Its class is not imported to tell."""
    return {
        name: "a run of this notebook, which the new one replaces"
        for name, value in list(namespace.items())
        if type(value).__module__ == "mtl_magic.runs.run" and not name.startswith("_")
    }


def _header(text: str, start: int, offset: int, namespace: Mapping[str, Any]) -> list[Candidate]:
    """On the `%%mtl` line: flags, runs and tables; other Python is IPython's to complete."""
    before = text[start + len(NAME) : offset]
    if before[:1].strip() or not before:
        return []
    word = re.search(r"[-\w]*\Z", before)
    assert word is not None
    typed = word.group()
    line = before[: word.start()].lstrip()
    if line and not line[-1].isspace():
        return []
    flags = parse_flags(line + "x")
    expressions = [*flags.data, *(e for e in (flags.valid, flags.test) if e)]
    open_ones = [e for e in expressions if e.span.end_column - len(MAGIC) - 1 == len(line) + 1]
    offers: list[tuple[str, str, str]] = []
    if open_ones and not typed.startswith("-"):
        if open_ones[0].text != "x":
            return []
        offers += ((name, "table", size) for name, size in tables(namespace).items())
    else:
        said = parse_flags(line)
        if not typed.startswith("-") and not said.name:
            offers += ((name, "run", doc) for name, doc in _runs(namespace).items())
        given = {*said.switches, *said.values, *(w for w in ("valid", "test") if getattr(said, w))}
        offers += _flags(given)
    return _starting(offers, typed, offset)


def _flags(besides: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    return [(f"--{flag}", "flag", doc) for flag, doc in FLAGS.items() if flag not in besides and flag not in LATER]


def _line_form(text: str, offset: int, namespace: Mapping[str, Any]) -> list[Candidate]:
    """On a `%mtl` line: commands, and the words that help knows."""
    from mtl_magic.magic import deciding as decide
    from mtl_magic.magic.line import COMMANDS

    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    found = re.match(r"\s*%mtl\s+(?:(\w+)\s+)?(\S*)\Z", line)
    about_runs = re.match(r"\s*%mtl\s+(runs|resume|clean)\s+((?:\S+\s+)*)(\S*)\Z", line)
    deciding = re.match(r"\s*%mtl\s+(\w+)\s+((?:\S+\s+)*)(\S*)\Z", line)
    if deciding is not None and deciding.group(1) in decide.OPTIONS:
        command, before, typed = deciding.groups()
        return _starting(decide.offers(command, before.split(), namespace), typed, offset)
    if about_runs is not None:
        command, before, typed = about_runs.groups()
        return _starting(_of_runs(command, before.split()), typed, offset)
    if found is None:
        return []
    command, typed = found.groups()
    offers: list[tuple[str, str, str]] = []
    if command is None:
        offers += ((word, "command", c.summary) for word, c in COMMANDS.items())
    elif command == "help":
        registry = vocabulary()
        offers += ((e.word, e.sort, e.summary) for e in entries(registry) if " " not in e.word)
        offers += ((d.word, "word", d.summary()) for d in registry)
        offers += ((code, "code", c.title) for code, c in catalogue().items())
        offers += ((word, "line", c.summary) for word, c in COMMANDS.items())
        offers += _flags()
    return _starting(offers, typed, offset)


def _of_runs(command: str, before: list[str]) -> Iterable[tuple[str, str, str]]:
    """What may stand behind `%mtl runs`, `resume` and `clean`; the store's index is read, and no folder of a run."""
    from mtl_magic.magic.found import searches
    from mtl_magic.magic.runs import ACTIONS, FILTERS
    from mtl_magic.runs.project.store import Store
    from mtl_magic.settings import tune
    from mtl_magic.train.changes import CHANGEABLE
    from mtl_magic.tune.room import KINDS

    if command == "clean":
        return [(word, "kind", kind.summary) for word, kind in KINDS.items()]
    runs = Store().names()
    names = [(name, "run", doc) for name, doc in runs.items()]
    if command == "resume":
        found = searches(Store())
        if not before:
            return [*names, *((name, "search", doc) for name, doc in found.items())]
        offers = [(f"{name}=", "change", "an option of train from here on") for name in CHANGEABLE]
        more = [(f"{name}=", "change", "of the search, with what it has had") for name in tune.CHANGEABLE]
        offers = (offers if before[0] in runs or before[0] not in found else []) + (more if before[0] in found else [])
        return [*offers, *_flags(("resume",))]
    actions = [(word, "action", "") for word in ACTIONS] if not before else []
    filters = [(f"{word}:", "filter", "") for word in FILTERS] if not before or before[0] not in ACTIONS else []
    return [*actions, *filters, *names]


def _starting(offers: Iterable[tuple[str, str, str]], typed: str, offset: int) -> list[Candidate]:
    found: dict[str, Candidate] = {}
    for text, kind, doc in offers:
        if text.casefold().startswith(typed.casefold()):
            found.setdefault(text, Candidate(text, offset - len(typed), offset, kind, doc))
    return list(found.values())
