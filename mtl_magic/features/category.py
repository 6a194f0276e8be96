"""Categories: words and ids, each with an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind, dim_option, min_count_option
from mtl_magic.parameters import Choice, Int, maybe
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally

ROWS = 2**31 - 3  # ids are int32, and two of them are no value


@declare("feature", "category", example="feature user_id, item_id: category(dim=16)")
class Category(FeatureKind):
    """Words or ids: each value learns an embedding.

    The vocabulary is that of the training rows. A value that they do not show, or show less often than `min_count`,
    is the unknown value; a missing one (null, NaN, empty text) is the missing value; each of these two has an
    embedding of its own. 3, 3.0 and '3' are the same value. A word such as 'unknown' is a value like any other: make it
    a null first if it means missing.

    With `hash` nothing is learnt of the values: each goes to one of so many embeddings by its hash, which is the same
    on every machine, and shares it with whichever values meet there. No value is unknown, and `min_count` plays no
    part; text stays as it is written, so '3.0' is another value than 3.
    """

    dim: int | None = dim_option()
    vocab: Any = option(Choice(("auto",)), "auto", "auto: the values of the training rows")
    min_count: int | None = min_count_option()
    hash: int | None = option(
        maybe(Int(minimum=1, maximum=ROWS)),
        None,
        "embeddings that values share by hash; none: the vocabulary is learnt",
    )

    def fit(self, column: Any, name: str) -> Encoder:
        if self.hash is not None:
            from mtl_magic.data.hashed import HashEncoder

            return HashEncoder.fit(column, size=self.hash, dim=self.dim)
        from mtl_magic.data.category import CategoryEncoder

        return CategoryEncoder.fit(column, dim=self.dim, min_count=self.min_count)

    def tally(self, sample: Any) -> Tally:
        if self.hash is not None:
            from mtl_magic.data.hashed import HashTally

            return HashTally(size=self.hash, dim=self.dim)
        from mtl_magic.data.category import CategoryTally

        return CategoryTally(dim=self.dim, min_count=self.min_count)
