"""What every feature kind has: the column it reads, and `fit`, which learns an encoder from the training rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.features import _defaults
from mtl_magic.parameters import Int, Name, maybe
from mtl_magic.parts import dropout_option, frozen_option, l2_option, lr_option, table_optimizer_option
from mtl_magic.registry import Declaration, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally

WIDTH = f"width of the embedding; none: {_defaults.dim(0)}"


def dim_option() -> Any:
    """The `dim` of every kind that learns an embedding."""
    return option(maybe(Int(minimum=1)), None, WIDTH)


def min_count_option() -> Any:
    """The `min_count` of every kind with a vocabulary."""
    doc = "values that the training rows show less often are unknown values; none: 2, below 200 training rows 1"
    return option(maybe(Int(minimum=1)), None, doc)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureKind(Declaration):
    """Base of feature kinds. Each ends with its `column` (None: the feature's name).

    What is said of the training of a feature without an embedding plays no part, but for its `dropout`.
    """

    lr: float = lr_option("its embedding rows")
    optimizer: str | None = table_optimizer_option()
    l2: float = l2_option("the embedding rows that a batch touches, each row once,")
    dropout: float = dropout_option("each entry of its vector, embedding and numbers alike")
    frozen: bool = frozen_option("its embedding rows")
    column: str | None = option(
        maybe(Name("column")), None, "column to read; none: the feature's name, so one column can be two features"
    )

    def fit(self, column: Any, name: str) -> Encoder:
        """Learn the encoder from the training rows' column (a pyarrow Array or ChunkedArray).

        Raises:
            mtl_magic.data.columns.MisfitError: the column holds something that this kind cannot read.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: each kind says its own

    def tally(self, sample: Any) -> Tally | None:
        """What makes the encoder of more training rows than fit in memory.

        Args:
            sample: the encoder that `fit` made of a sample of these rows.

        Returns:
            What counts them; None: the sample's encoder serves as it is.
        """
        return None
