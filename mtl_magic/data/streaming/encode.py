"""New rows for a model that is there already, piece by piece where they do not fit in memory."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd

from mtl_magic.data.encode import encode_table
from mtl_magic.data.sources import Table, read_table
from mtl_magic.data.stage import untold
from mtl_magic.data.streaming.road import Streams, road

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Part, Schema

TITLE = "the table"


def encoded(schema: Schema, table: Any, *, labels: bool = True, stream: bool | None = None) -> Iterator[Part]:
    """The rows of a table, encoded as the training rows were: all at once, or by batches in their order.

    Args:
        table: anything that `--data` takes.
        labels: read the labels too, see `encode_table`.
        stream: by batches, or at once; None: as its size says.

    Raises:
        MtlError: as `encode_table` does; of a later batch only once it is reached.
    """
    for piece in pieces(table, stream):
        yield encode_table(schema, piece, labels)


def pieces(table: Any, stream: bool | None = None) -> Iterator[Table]:
    """A table as it is read: whole, or by batches in the order of its rows; at least one, which may be empty."""
    found = road([table], None, None, stream, untold)
    if not isinstance(found, Streams):
        yield read_table(found.data[0][0], TITLE)
        return
    with contextlib.closing(found.scratch):
        for start, batch in found.data[0].batches():
            yield dataclasses.replace(batch, index=pd.RangeIndex(start, start + len(batch)), title=TITLE)
