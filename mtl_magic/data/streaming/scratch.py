"""A folder for files that live as long as what reads them."""

from __future__ import annotations

import errno
import functools
import itertools
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_magic.data.sources import refuse

if TYPE_CHECKING:
    from mtl_magic.problems import MtlError


class Scratch:
    """A folder in the system's place for temporary files (`TMPDIR`), made when the first file is.

    It is gone once it is closed, nothing refers to it any more, or the interpreter ends; whoever has files in it keeps a
    reference to it.
    """

    def __init__(self) -> None:
        self._names = itertools.count()

    @functools.cached_property
    def folder(self) -> Path:
        made = Path(tempfile.mkdtemp(prefix=f"mtl_magic-{os.getpid()}-"))  # `%mtl clean scratch` looks for the process
        self._remove = weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def file(self, what: str) -> Path:
        """A new file's path."""
        return self.folder / f"{next(self._names):03}-{what}.parquet"

    def close(self) -> None:
        """Remove the folder and all in it."""
        if "folder" in self.__dict__:
            self._remove()


def full(error: OSError, what: str) -> MtlError | None:
    """The problem of a disk without room, where that is what went wrong."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT) and "No space left" not in str(error):
        return None
    hint = f"{tempfile.gettempdir()} has no room left; the environment variable TMPDIR names another place"
    return refuse("MTL217", f"there is no room for {what}", hint)
