"""`%mtl code NAME [FOLDER]`: a run's model in plain Keras, as the next cell or as files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mtl_magic.language.names import did_you_mean
from mtl_magic.problems import MtlError, Problem, Span, typed

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.runs.run import Run

START = "%mtl code "


def code(shell: InteractiveShell, rest: str) -> None:
    """Put the script of a run into the next cell, or write it and its files into a folder.

    Raises:
        MtlError: MTL441 there is no such run here, MTL440 the folder has such files already.
    """
    words = _words(rest)
    run = _run(shell, words, rest)
    if len(words) == 1:
        shell.set_next_input(run.code(namespace=shell.user_ns))
        return
    run.code(words[1], namespace=shell.user_ns)
    print(f"written to {words[1]}: model.py and what it reads")  # noqa: T201  the answer of the command


def _words(rest: str) -> list[str]:
    """A name and, maybe in quotes, a folder."""
    try:
        found = shlex.split(rest)
    except ValueError:  # an open quote
        found = rest.split(maxsplit=1)
    return found if len(found) <= 2 else [found[0], " ".join(found[1:])]


def _run(shell: InteractiveShell, words: list[str], rest: str) -> Run:
    from mtl_magic.runs.run import Run

    found = shell.user_ns.get(words[0]) if words else None
    if isinstance(found, Run):
        return found
    runs = [name for name, value in shell.user_ns.items() if isinstance(value, Run) and not name.startswith("_")]
    here = f"runs in this notebook: {', '.join(runs)}" if runs else "no cell has made a run in this notebook"
    if not words:
        raise MtlError(Problem("MTL441", "%mtl code needs the name of a run", hint=here), f"{START}{rest}".rstrip())
    message = f"there is no run '{words[0]}'"
    if words[0] in shell.user_ns:
        message = f"'{words[0]}' is {typed(found)}, not a run"
    place = Span(1, len(START) + 1, 1, len(START) + 1 + len(words[0]))
    raise MtlError(Problem("MTL441", message, place, did_you_mean(words[0], runs) or here), START + rest)
