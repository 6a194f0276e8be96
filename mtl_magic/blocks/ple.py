"""Progressive layered extraction."""

from __future__ import annotations

from mtl_magic.blocks._extraction import Extraction
from mtl_magic.blocks._gated import own_option
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "ple",
    paper="Tang et al. 2020, Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized Recommendations, section 4.2, of the gates eq. 6",
    example="share ple(levels=2, shared=4, own=2, units=[64])",
)
class Ple(Extraction):
    """Progressive layered extraction: levels of shared experts and of each taker's own, which separate step by step.

    At each level taker k's gate, which sees what k's level below gave, mixes k's own experts and the shared ones; below the last level a gate of the shared part mixes all experts. The next level's experts read these, the first level's the sources. So the own experts of the last level learn from their taker's loss alone, those below through the shared part from all. One level is `cgc`.
    """

    levels: int = option(Int(minimum=1, maximum=64), 2, "number of levels")
    shared: int = option(Int(minimum=1, maximum=1024), 4, "number of shared experts of each level")
    own: int | dict[str, int] = own_option()
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (64,), "widths of each expert's layers, at each level")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)
