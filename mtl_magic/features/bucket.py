"""Buckets: a number as one of n equally full bins, each with an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features import _defaults
from mtl_magic.features._base import FeatureKind, dim_option
from mtl_magic.parameters import Int
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally


@declare("feature", "bucket", example="feature age_group: bucket(10, column=age)")
class Bucket(FeatureKind):
    """A number as one of n bins that hold equally many training rows; each bin learns an embedding.

    A value that alone fills more than its share of rows gets a bin of its own. A missing or infinite number is the
    missing value, which has an embedding of its own.
    """

    n: int = option(Int(minimum=2), _defaults.BUCKETS, "number of bins")
    dim: int | None = dim_option()

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.number import BucketEncoder

        return BucketEncoder.fit(column, bins=self.n, dim=self.dim)

    def tally(self, sample: Any) -> Tally:
        from mtl_magic.data.number import BucketTally

        return BucketTally(sample, self.dim)
