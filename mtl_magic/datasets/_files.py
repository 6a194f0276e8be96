"""Finding the files of a public set where a person has unpacked them."""

from __future__ import annotations

import gzip
import io
import os
import pathlib
from collections.abc import Iterable
from typing import TextIO

from mtl_magic.problems import MtlError, Problem


def find(folder: str | os.PathLike[str], what: str, *names: str) -> pathlib.Path:
    """The first of the names that is a file in the folder or one below, as it is or with '.gz'.

    Raises:
        MtlError: MTL213, none is there.
    """
    found = looked_up(folder, names)
    if found is None:
        root = pathlib.Path(folder)
        where = f"'{root}' has none" if root.is_dir() else f"'{root}' is no folder"
        known = " or ".join(f"'{name}'" for name in names)
        hint = "give the folder into which the set was unpacked; the files keep their names, .gz is read too"
        raise MtlError(Problem("MTL213", f"{what} needs the file {known}, and {where}", hint=hint))
    return found


def looked_up(folder: str | os.PathLike[str], names: Iterable[str]) -> pathlib.Path | None:
    """The same; None: none is there."""
    root = pathlib.Path(folder)
    places = [root, *sorted(p for p in root.iterdir() if p.is_dir())] if root.is_dir() else []
    candidates = (place / (name + end) for name in names for place in places for end in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def lines_of(path: pathlib.Path, encoding: str = "utf-8") -> TextIO:
    """The file as text, unpacked where it is packed; to be closed."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding)
    return path.open(encoding=encoding)


def broken(path: pathlib.Path, line: int, why: str) -> MtlError:
    """What is said of a line that is not of the set's format."""
    hint = "the file is not the original one, or not whole"
    return MtlError(Problem("MTL213", f"line {line:,} of '{path.name}' {why}", hint=hint))
