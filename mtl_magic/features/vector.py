"""Vectors: embeddings that another model has made, or the pixels of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind
from mtl_magic.parameters import Choice
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally


@declare("feature", "vector", example="feature title_vec: vector")
class Vector(FeatureKind):
    """Equally many numbers a row: a ready embedding, of a large model's for example, or the pixels of an image.

    `standard` scales all of the components by one mean and one deviation, so that directions and proportions stay. A
    missing vector is all zeros, and where the training rows have missing vectors a further column says so.
    """

    scale: str = option(Choice(("standard", "none")), "standard", "how the components are scaled")

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.vector import VectorEncoder

        return VectorEncoder.fit(column, scale=self.scale)

    def tally(self, sample: Any) -> Tally:
        from mtl_magic.data.vector import VectorTally

        return VectorTally(sample.width, scale=self.scale)
