"""Categories: words and ids, each with an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind, column_option, dim_option, min_count_option
from mtl_magic.parameters import Choice
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder


@declare("feature", "category", example="feature user_id, item_id: category(dim=16)")
class Category(FeatureKind):
    """Words or ids: each value learns an embedding.

    The vocabulary is that of the training rows. A value that they do not show, or show less often than `min_count`,
    is the unknown value; a missing one (null, NaN, empty text) is the missing value; each of these two has an
    embedding of its own. 3, 3.0 and '3' are the same value. A word such as 'unknown' is a value like any other: make it
    a null first if it means missing.
    """

    dim: int | None = dim_option()
    vocab: Any = option(Choice(("auto",)), "auto", "auto: the values of the training rows")
    min_count: int | None = min_count_option()
    column: str | None = column_option()

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.category import CategoryEncoder

        return CategoryEncoder.fit(column, dim=self.dim, min_count=self.min_count)
