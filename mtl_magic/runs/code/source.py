"""The source of functions, with what they use: how a script comes to hold the functions that it needs and no others."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

HOME = "mtl_magic.runs.code.functions."

# what a script may import: name -> the line
IMPORTS = {
    "argparse": "import argparse",
    "functools": "import functools",
    "json": "import json",
    "pathlib": "import pathlib",
    "re": "import re",
    "Callable": "from collections.abc import Callable",
    "Any": "from typing import Any",
    "keras": "import keras",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "layers": "from keras import layers",
    "ops": "from keras import ops",
}
STANDARD = ("argparse", "functools", "json", "pathlib", "re", "Callable", "Any")


class Functions:
    """The functions and classes of a script, each once, in the order in which they are first needed, what they use before."""

    def __init__(self) -> None:
        self._found: dict[str, list[Any]] = {}

    def use(self, thing: Any) -> str:
        """Its name, for an expression; from then on the script holds it."""
        for other in _used(thing):
            self.use(other)
        section = self._found.setdefault(thing.__module__.rpartition(".")[2], [])
        if thing not in section:
            section.append(thing)
        return str(thing.__name__)

    def text(self, section: str) -> list[str]:
        """The source of each function that is used of a module of `functions`, by its name."""
        return [inspect.getsource(thing).rstrip() for thing in self._found.get(section, ())]


def _used(thing: Any) -> Iterator[Any]:
    """Functions and classes of ours that the source of one names."""
    module = vars(sys.modules[thing.__module__])
    for name in names_in(textwrap.dedent(inspect.getsource(thing))):
        other = module.get(name)
        if other is not thing and getattr(other, "__module__", "").startswith(HOME):
            yield other


def names_in(text: str) -> list[str]:
    """Names that Python text reads, each once, in order."""
    found = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


def imports(body: str) -> list[str]:
    """The lines that import what the text uses: the standard library, then the rest, as `ruff` sorts them."""
    used = set(names_in(body))
    first = sorted((IMPORTS[n] for n in STANDARD if n in used), key=_module)
    second = sorted((line for n, line in IMPORTS.items() if n in used and n not in STANDARD), key=_module)
    both = {"from keras import layers", "from keras import ops"}
    if both <= set(second):
        second = [line for line in second if line not in both] + ["from keras import layers, ops"]
    return [*first, "", *second]


def _module(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line
