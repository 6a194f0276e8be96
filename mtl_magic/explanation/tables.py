"""Small tables for a reader, as text and as HTML; what the person did not write is marked in both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mtl_magic.explanation.colours import DIM
from mtl_magic.explanation.letters import safe

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class Default:
    """What applies because nothing else was written. In text it stands in parentheses, in HTML it is dimmed."""

    text: str

    def __str__(self) -> str:
        return self.text


Cell: TypeAlias = "str | int | Default | tuple[Cell, ...]"  # a tuple: pieces with commas; a tuple in it: with spaces


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a title. Whole numbers stand at the right, and so do the columns that are named."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[str, ...] = ()

    def text(self) -> str:
        shown = [[plain(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.header, *shown, strict=True)]
        lines = [self._line(self.header, widths), *(self._line(row, widths) for row in shown)]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])

    def _line(self, cells: Sequence[str], widths: list[int]) -> str:
        numbers = self._numbers()
        padded = [
            c.rjust(w) if k in numbers else c.ljust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    def _numbers(self) -> set[int]:
        whole = {k for k in range(len(self.header)) if self.rows and all(isinstance(r[k], int) for r in self.rows)}
        return whole | {self.header.index(name) for name in self.right}

    def html(self, *, folded: bool = False) -> str:
        """`folded`: behind its title, to be opened."""
        numbers = self._numbers()

        def cell(tag: str, k: int, inside: str) -> str:
            side = "right;font-variant-numeric:tabular-nums" if k in numbers else "left"
            return f'<{tag} style="text-align:{side};vertical-align:top">{inside}</{tag}>'

        head = "".join(cell("th", k, safe(name)) for k, name in enumerate(self.header))
        body = "".join(f"<tr>{''.join(cell('td', k, marked(c)) for k, c in enumerate(row))}</tr>" for row in self.rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if folded:
            return f"<details><summary>{safe(self.title)}</summary>{table}</details>"
        return f'<div style="margin-top:8px"><strong>{safe(self.title)}</strong></div>{table}'

    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame, without marks."""
        import pandas as pd

        rows = [[c if isinstance(c, int) else bare(c) for c in row] for row in self.rows]
        return pd.DataFrame(rows, columns=list(self.header))


def _joined(cell: tuple[Cell, ...], show: Callable[[Cell], str]) -> str:
    return ", ".join(" ".join(map(show, c)) if isinstance(c, tuple) else show(c) for c in cell)


def bare(cell: Cell) -> str:
    """Without marks."""
    if isinstance(cell, tuple):
        return _joined(cell, bare)
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def plain(cell: Cell) -> str:
    """As text."""
    if isinstance(cell, tuple):
        return _joined(cell, plain)
    return f"({cell.text})" if isinstance(cell, Default) and cell.text else bare(cell)


def marked(cell: Cell) -> str:
    """As HTML."""
    if isinstance(cell, tuple):
        return _joined(cell, marked)
    if isinstance(cell, Default):
        return f'<span style="color:{DIM}">{safe(cell.text)}</span>'
    return safe(bare(cell))
