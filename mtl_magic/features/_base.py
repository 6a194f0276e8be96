"""What every feature kind has: the column it reads, and `fit`, which learns an encoder from the training rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.features import _defaults
from mtl_magic.parameters import Int, Name, maybe
from mtl_magic.registry import Declaration, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder

WIDTH = f"width of the embedding; none: {_defaults.dim(0)}"


def column_option() -> Any:
    """The `column` that every feature kind ends with."""
    return option(
        maybe(Name("column")), None, "column to read; none: the feature's name, so one column can be two features"
    )


def dim_option() -> Any:
    """The `dim` of every kind that learns an embedding."""
    return option(maybe(Int(minimum=1)), None, WIDTH)


def min_count_option() -> Any:
    """The `min_count` of every kind with a vocabulary."""
    doc = "values that the training rows show less often are unknown values; none: 2, below 200 training rows 1"
    return option(maybe(Int(minimum=1)), None, doc)


@dataclasses.dataclass(frozen=True)
class FeatureKind(Declaration):
    """Base of feature kinds. Each has a `column` (None: the feature's name)."""

    def fit(self, column: Any, name: str) -> Encoder:
        """Learn the encoder from the training rows' column (a pyarrow Array or ChunkedArray).

        Raises:
            mtl_magic.data.columns.MisfitError: the column holds something that this kind cannot read.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: each kind says its own
