"""The features and tasks of a fitted schema as tables for a reader."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from mtl_magic.explanation.sections import labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mtl_magic.data.schema import Schema


def feature_frame(schema: Schema) -> pd.DataFrame:
    """A row a feature: name, column, kind, whether the kind was inferred, width, and what was learnt of it."""
    import pandas as pd

    columns = ["feature", "column", "kind", "inferred", "width", "learnt"]
    rows = [(f.name, f.source, f.kind.word, f.inferred, f.width, f.encoder.describe()) for f in schema.features]
    return pd.DataFrame(rows, columns=columns)


class Overview:
    """The table of features and tasks that a cell shows before it trains."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def _tables(self) -> list[tuple[list[str], list[list[str]]]]:
        features = [[f.name, _kind(f.kind.word, f.inferred), f.encoder.describe()] for f in self.schema.features]
        tasks = [[t.name, _kind(t.kind.word, t.inferred), labelled(t)] for t in self.schema.tasks]
        return [
            (["feature", "kind", "learnt from the training rows"], features),
            (["task", "kind", "labels of the training rows"], tasks),
        ]

    def __repr__(self) -> str:
        return "\n\n".join(_text(header, rows) for header, rows in self._tables())

    def _repr_html_(self) -> str:
        features, tasks = self._tables()
        count = f"{len(self.schema.features)} feature{'s' * (len(self.schema.features) != 1)}"
        return (
            f"<details><summary>{count}</summary>{_html(*features)}</details>{_html(*tasks)}"
            if len(self.schema.features) > 12
            else _html(*features) + _html(*tasks)
        )


def _kind(word: str, inferred: bool) -> str:
    return f"{word} (inferred)" if inferred else word


def _text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in (header, *rows)]
    return "\n".join(lines)


def _html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    left = ' style="text-align:left"'
    head = "".join(f"<th{left}>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td{left}>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
