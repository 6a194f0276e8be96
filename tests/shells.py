"""What tests of cells and lines in a shell share."""

from __future__ import annotations

from typing import Any

from mtl_magic.problems import MtlError


def failed(shell: Any, cell: str) -> MtlError:
    """The error that a cell raises, which must be ours."""
    result = shell.run_cell(cell)
    error = result.error_in_exec or result.error_before_exec
    assert isinstance(error, MtlError), error
    return error
