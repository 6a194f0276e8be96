"""Entire-space counterfactual multi-task model, by inverse propensity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mtl_magic.dependencies._counterfactual import PAPER, Counterfactual, log_loss
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.dependencies._base import Heads


@declare(
    "given",
    "escm2_ips",
    paper=f"{PAPER}, the IPS regularizer",
    example="task buy: binary given click via escm2_ips(0.1)",
)
class Escm2Ips(Counterfactual):
    """ESMM with a loss of the conditional itself: rows where the parent is 1, weighted by one over its probability.

    The child's loss is that of the product, as in `esmm`, and λ · mean over all rows of o δ / p̂: δ is the log loss of
    P(child | parent), o whether the parent happened, p̂ its probability, which is taken as it is and not moved by this
    term. In expectation that is the conditional's loss over all impressions, those without the parent too. The child's
    reported loss counts the term. Rows without the parent's label have none of it. Metrics, the column `child|parent`
    and several parents are as in `esmm`.

    When: clicks are selected, and the probability after the click matters itself.
    Cost: that of `esmm`.
    """

    def rows(self, heads: Heads, child: TaskSchema, parents: Sequence[TaskSchema]) -> Any:
        return self.weight * self.inverse(heads, parents) * log_loss(heads.label, heads.own)
