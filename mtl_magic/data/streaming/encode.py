"""New rows for a model that is there already, piece by piece where they do not fit in memory."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd

from mtl_magic.data.encode import encode_table
from mtl_magic.data.stage import untold
from mtl_magic.data.streaming.road import Streams, road

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Part, Schema


def encoded(schema: Schema, table: Any, *, labels: bool = True) -> Iterator[Part]:
    """The rows of a table, encoded as the training rows were: all at once, or by batches in their order.

    Args:
        table: anything that `--data` takes.
        labels: read the labels too, see `encode_table`.

    Raises:
        MtlError: as `encode_table` does; of a later batch only once it is reached.
    """
    found = road([table], None, None, None, untold)
    if not isinstance(found, Streams):
        yield encode_table(schema, found.data[0], labels)
        return
    with contextlib.closing(found.scratch):
        for start, batch in found.data[0].batches():
            index = pd.RangeIndex(start, start + len(batch))
            yield encode_table(schema, dataclasses.replace(batch, index=index, title="the table"), labels)
