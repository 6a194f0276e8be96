"""The warnings of the checks before training, as one output of the cell."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from mtl_magic.problems import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.problems import Problem

STYLE = "border-left:4px solid #e69500;background:rgba(230,149,0,.12);padding:.5em .75em;margin:.25em 0;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"


class Warned:
    """Text for a terminal; for a notebook the same in amber, so that nobody takes it for an error."""

    def __init__(self, problems: Sequence[Problem], text: str) -> None:
        self.problems, self.text = problems, text

    def __repr__(self) -> str:
        return rendered(self.problems, self.text)

    def _repr_html_(self) -> str:
        return f'<pre style="{STYLE}">{html.escape(repr(self))}</pre>'
