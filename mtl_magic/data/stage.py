"""How far the preparation of the data is: told by whoever does the work to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# (what is being done: 'reading', 'counting', 'encoding'; how much is done; of how much, 0 where nobody knows; of what)
Tell: TypeAlias = Callable[[str, int, int, str], None]


def untold(what: str, done: int, total: int, unit: str) -> None:
    """Nobody listens."""
