"""Tags: several values a row, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind, dim_option, min_count_option
from mtl_magic.parameters import Choice
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally


@declare("feature", "tags", example="feature genres: tags(dim=8)")
class Tags(FeatureKind):
    """Several values a row, as a list or as text joined by ',', '|' or ';': their embeddings are averaged or summed.

    A missing or empty list is the zero vector; a word such as 'unknown' is a tag like any other. A tag that the training rows do not show, or show less often than
    `min_count`, is the unknown tag. Lists longer than the longest training list, or than 32, are cut.
    """

    dim: int | None = dim_option()
    pool: str = option(Choice(("mean", "sum")), "mean", "how the embeddings of a row's tags become one")
    min_count: int | None = min_count_option()

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.tags import TagsEncoder

        return TagsEncoder.fit(column, dim=self.dim, pool=self.pool, min_count=self.min_count)

    def tally(self, sample: Any) -> Tally:
        from mtl_magic.data.tags import TagsTally

        return TagsTally(sample.separator, dim=self.dim, pool=self.pool, min_count=self.min_count)
