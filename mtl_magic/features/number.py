"""Numbers: scaled, and looked up by quantile bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features import _defaults
from mtl_magic.features._base import FeatureKind, dim_option
from mtl_magic.parameters import Choice, Int, maybe
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.tally import Tally

SCALES = ("standard", "log", "quantile", "none")


@declare("feature", "number", example="feature price, age: number(scale=log)")
class Number(FeatureKind):
    """A number: scaled by what the training rows show, and beside it an embedding of the quantile bin it falls in.

    `standard` is (x − mean) / standard deviation; `log` is that of sign(x) log(1 + |x|); `quantile` is the share of
    training rows below x, spread evenly with mean 0 and deviation 1; `none` is x as it is. A missing or infinite
    number becomes 0 after scaling, and where the training rows have missing numbers a second column says so. Dates
    and times are seconds since 1970.
    """

    scale: str = option(Choice(SCALES), _defaults.SCALE, "how the number is scaled")
    bins: int | None = option(
        maybe(Int(minimum=0)),
        None,
        f"quantile bins with an embedding; 0: no bins; none: {_defaults.BINS}, in a small table one for {_defaults.ROWS_PER_BIN} training rows",
    )
    dim: int | None = dim_option()

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.number import NumberEncoder

        return NumberEncoder.fit(column, scale=self.scale, bins=self.bins, dim=self.dim)

    def tally(self, sample: Any) -> Tally:
        from mtl_magic.data.number import NumberTally

        return NumberTally(sample, self.dim)
