"""A cell trained with several seeds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run


@dataclasses.dataclass(frozen=True)
class Seeds:
    runs: tuple[Run, ...]
