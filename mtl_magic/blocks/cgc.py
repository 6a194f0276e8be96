"""Customized gate control."""

from __future__ import annotations

from mtl_magic.blocks._extraction import Extraction
from mtl_magic.blocks._gated import own_option
from mtl_magic.parameters import Float, Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "block",
    "cgc",
    paper="Tang et al. 2020, Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized Recommendations, section 4.1",
    example="share cgc(shared=4, own=2, units=[128, 64])",
)
class Cgc(Extraction):
    """Customized gate control: shared experts, and experts of each taker's own that no other taker reads.

    Taker k reads softmax(W_k x) · [own experts of k; shared experts], of shape (B, units[-1]). Its own experts learn from its loss alone; `ple` is several of these, one above the other.
    """

    shared: int = option(Int(minimum=1, maximum=1024), 4, "number of shared experts")
    own: int | dict[str, int] = own_option()
    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (128, 64), "widths of each expert's layers")
    dropout: float = option(Float(minimum=0, below=1), 0.1, "dropout after each layer of the experts", assigned=True)
