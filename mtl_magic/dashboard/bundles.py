"""The bundles that run in the page. They are built from `labextension/widgets/`, and shipped in the wheel."""

from __future__ import annotations

import functools
import pathlib

STATIC = pathlib.Path(__file__).parent / "static"


@functools.cache
def bundle(name: str) -> str:
    """The text of one of them.

    Raises:
        RuntimeError: it has not been built.
    """
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RuntimeError(f"the dashboard's {name} has not been built: run 'make setup' in the source tree") from error
