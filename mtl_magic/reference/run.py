"""The Run and the functions of the package, as their own docstrings and signatures say."""

from __future__ import annotations

import inspect
import re
from typing import Any

import mtl_magic
from mtl_magic.runs.run import Run

FUNCTIONS = ("fit", "explain", "load", "parse", "compare", "baseline", "seeds", "advise", "front")
INNER = ("predictor",)  # for the package's own use


def run_data() -> dict[str, Any]:
    """Attributes and methods of a run, and the functions that make one.

    Example:
        >>> [m["name"] for m in run_data()["methods"]]
        ['topology', 'evaluate', 'predict', 'compare', 'save', 'encode', 'export', 'code', 'plot', 'dashboard']
    """
    members = {n: m for n, m in vars(Run).items() if not n.startswith("_") and n not in INNER}
    properties = {n: inspect.getdoc(m) or "" for n, m in members.items() if isinstance(m, property)}
    attributes = {**section(Run, "Attributes"), **{name: _first(doc) for name, doc in properties.items()}}
    return {
        "attributes": [{"name": name, "doc": doc} for name, doc in attributes.items()],
        "methods": [_callable(name, m) for name, m in members.items() if inspect.isfunction(m)],
        "functions": [_callable(name, getattr(mtl_magic, name)) for name in FUNCTIONS],
    }


def _callable(name: str, function: Any) -> dict[str, Any]:
    doc = inspect.getdoc(function) or ""
    returns = re.search(r"^Returns:\n((?:    .*\n?)+)", doc, re.MULTILINE)
    return {
        "name": name,
        "signature": name + _signature(function),
        "doc": " ".join(doc.split("\n\n", 1)[0].split()),
        "args": [{"name": arg, "doc": said} for arg, said in section(function, "Args").items()],
        "returns": " ".join(returns.group(1).split()) if returns else "",
    }


def _signature(function: Any) -> str:
    found = inspect.signature(function)
    plain = [p.replace(annotation=p.empty) for p in found.parameters.values() if p.name != "self"]
    return str(found.replace(parameters=plain, return_annotation=found.empty))


def section(thing: Any, title: str) -> dict[str, str]:
    """The entries of a section of a docstring: name -> what is said of it.

    Example:
        >>> section(Run, "Attributes")["name"]
        'the variable of the notebook that holds it, or what `fit` was told.'
    """
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", inspect.getdoc(thing) or "", re.MULTILINE)
    entries: dict[str, str] = {}
    name = ""
    for line in found.group(1).splitlines() if found else ():
        begins = re.match(r"    ([*\w]+): (.*)", line)
        if begins:
            name, said = begins.group(1).lstrip("*"), begins.group(2)
            entries[name] = said
        elif line.strip() and name:
            entries[name] += " " + line.strip()
    return entries


def _first(doc: str) -> str:
    """The first paragraph, as an attribute's own."""
    said = " ".join(doc.split("\n\n", 1)[0].split())
    return said[:1].lower() + said[1:]
