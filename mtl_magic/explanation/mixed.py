"""What each of several tables teaches, and how batches are mixed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.explanation.tables import Cell, Default, Table
from mtl_magic.numbers import short

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.program import Program


def data_table(program: Program, prepared: Prepared) -> Table:
    """A row a table: what it teaches, what it lacks, its part of a batch and of an epoch."""
    train, tables = program.train, prepared.tables
    total = sum(table.rows for table in tables)
    batch = min(train.step_rows(total), total)
    rows: list[tuple[Cell, ...]] = []
    for table, taken in zip(tables, train.plan(tables), strict=True):
        part = train.mix[table.name] / sum(train.mix.values()) if train.mix else table.rows / total
        share = f"{short(100 * part)}%: {short(batch * part)} of {batch:,} rows"
        teaches = tuple(f"{task} ({count:,})" for task, count in table.labels.items())
        said: Cell = share if train.mix else Default(share)
        rows.append((table.name, table.rows, teaches, table.lacks or "none", said, short(taken / table.rows)))
    header = ("table", "training rows", "teaches (labels)", "missing features", "in a batch", "passes an epoch")
    return Table(f"{len(rows)} tables", header, tuple(rows))
