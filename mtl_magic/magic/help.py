"""`%mtl help`: the words of the language, read off their declarations."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from mtl_magic.language.codes import catalogue
from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem
from mtl_magic.registry import FAMILIES, REQUIRED, Declaration, Param
from mtl_magic.vocabulary import vocabulary


def overview() -> str:
    """Every word, by family, with its summary."""
    registry = vocabulary()
    lines = []
    for family, title in FAMILIES.items():
        words = registry.words(family)
        if words:
            width = max(len(word) for word in words)
            lines.append(_plural(title))
            for word in words:
                declaration = registry.find(family, word)
                assert declaration is not None
                lines.append(f"  {word:<{width}}  {declaration.summary()}")
            lines.append("")
    return "\n".join([*lines, "%mtl help WORD says more of one"])


def _plural(noun: str) -> str:
    stem = noun[:-1] + "ie" if noun.endswith("y") else noun + "e" * noun.endswith("s")
    return stem + "s"


def about(word: str) -> str:
    """What a word is: its parameters with defaults, its paper, an example. Codes of errors are words too.

    Raises:
        MtlError: there is no such word.
    """
    registry = vocabulary()
    found = [d for d in registry if d.word == word]
    if found:
        return "\n\n".join(_describe(declaration) for declaration in found)
    codes = catalogue()
    if word.upper() in codes:
        code = codes[word.upper()]
        return f"{word.upper()}  {code.title}\n\n{_wrapped(code.doc)}"
    hint = did_you_mean(word, [*(d.word for d in registry), *codes])
    raise MtlError(
        Problem("MTL408", f"'{word}' is not a word of the language", hint=hint or "%mtl help lists the words")
    )


def _describe(declaration: type[Declaration]) -> str:
    params = declaration.params()
    lines = [
        f"{declaration.word}  {FAMILIES[declaration.family]}",
        "",
        _wrapped(inspect.cleandoc(declaration.__doc__ or "")),
    ]
    if params:
        width = max(len(p.name) for p in params)
        default = max(len(_default(p)) for p in params)
        lines.append("")
        for p in params:
            lines.append(f"  {p.name:<{width}}  {_default(p):<{default}}  {p.doc or p.type.describe()}")
            if p.doc:
                lines.append(f"  {'':<{width}}  {'':<{default}}  ({p.type.describe()})")
    if declaration.paper:
        lines += ["", f"paper: {declaration.paper}"]
    if declaration.example:
        lines += ["", "\n".join(f"  {line}" for line in declaration.example.splitlines())]
    return "\n".join(lines)


def _default(p: Param) -> str:
    return "needed" if p.default is REQUIRED else _spelt(p.default)


def _spelt(value: Any) -> str:
    """A value as the language writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Declaration):
        return value.word
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_spelt(v) for v in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _wrapped(text: str) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(p if p.startswith("  ") else textwrap.fill(p, 100) for p in paragraphs)
