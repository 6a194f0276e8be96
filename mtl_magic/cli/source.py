"""The file of a command, and its tables: the text, the program that it declares, and what a run's folder says of both.

Python in braces is evaluated only with `--allow-python`, with keras, tf and np, in every command alike.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.language.spec import Settings, Spec
    from mtl_magic.program import Program


class Declared(Protocol):
    """Arguments of a command that takes a file."""

    @property
    def spec(self) -> pathlib.Path:
        """The file."""

    @property
    def allow_python(self) -> bool:
        """Whether its `{…}` is evaluated."""


class Tables(Protocol):
    """Arguments of a command that takes tables."""

    @property
    def data(self) -> tuple[str, ...]: ...
    @property
    def valid(self) -> str | tuple[str, ...] | None: ...
    @property
    def test(self) -> str | tuple[str, ...] | None: ...
    @property
    def stream(self) -> bool | None: ...


def text_of(asked: Declared) -> str:
    """The file's text.

    Raises:
        MtlError: MTL430 it cannot be read.
    """
    try:
        return asked.spec.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        hint = "the file holds what stands below %%mtl in a notebook"
        raise MtlError(Problem("MTL430", f"'{asked.spec}' cannot be read: {said}", hint=hint)) from error


def searched(whole: Spec) -> Settings | None:
    """The `tune` line of a text."""
    from mtl_magic.language import spec

    return next(filter(spec.tunes, whole.statements), None)


def check_no_search(asked: Declared) -> None:
    """A search is another command.

    Raises:
        MtlError: MTL495 the text has a 'tune' line.
    """
    from mtl_magic.runs.fitting import parse

    whole = parse(text_of(asked))
    if (line := searched(whole)) is not None:
        hint = "mtl-magic tune takes the same file and tables"
        raise MtlError(Problem("MTL495", "this cell is searched, not trained", line.span, hint), whole.text)


def checked(asked: Declared) -> Program | None:
    """The program of the file; with `--allow-python` only its grammar is checked: code runs where training does.

    Raises:
        MtlError: all that is wrong with the text.
    """
    from mtl_magic.runs.fitting import parse

    whole = parse(text_of(asked))
    return None if asked.allow_python else compiled(whole, None)


def with_python(asked: Declared) -> Program:
    """The program of the file, its {…} evaluated."""
    from mtl_magic.runs.fitting import parse

    return compiled(parse(text_of(asked)), names())


def compiled(whole: Spec, namespace: Mapping[str, Any] | None) -> Program:
    """The program of a file's text.

    Raises:
        MtlError: all that is wrong with it; of `{…}` that nobody allowed, what allows it.
    """
    from mtl_magic.runs.fitting import compile_program

    try:
        return compile_program(whole, namespace)
    except MtlError as error:
        raise MtlError(map(_about_python, error.problems), error.text) from error.__cause__


def _about_python(problem: Problem) -> Problem:
    if problem.code != "MTL050":
        return problem
    message = "Python in braces stands in a file, and is not run unasked"
    hint = "look at what it does; then --allow-python evaluates it, with keras, tf and np"
    return dataclasses.replace(problem, message=message, hint=hint)


def names() -> dict[str, Any]:
    """What `{…}` in a file may name."""
    from mtl_magic.runs.quiet import keras_quietly

    keras_quietly()
    import keras
    import numpy as np
    import tensorflow as tf

    return {"keras": keras, "tf": tf, "np": np}


def remembered(asked: Tables) -> dict[str, Any]:
    """What a run's folder says of its tables, as a notebook writes them: paths that hold wherever it is read."""

    def python(path: str) -> str:
        return repr(str(pathlib.Path(path).expanduser().absolute()))

    def part(paths: str | tuple[str, ...] | None) -> str | list[str] | None:
        return [python(path) for path in paths] if isinstance(paths, tuple) else python(paths) if paths else None

    return {
        "data": [python(path) for path in asked.data],
        "valid": part(asked.valid),
        "test": part(asked.test),
        "stream": asked.stream,
    }
