"""Deep Bayesian multi-target learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mtl_magic.dependencies._base import REPRESENTATION, Dependency
from mtl_magic.parameters import Int, ListOf
from mtl_magic.registry import declare, option


@declare(
    "given",
    "dbmtl",
    paper="Wang et al. 2019, Deep Bayesian Multi-Target Learning for Recommender Systems",
    example="task buy: binary given click via dbmtl",
)
class Dbmtl(Dependency):
    """A Bayesian network of targets: the child's head reads its own tower and what its parents' heads read, by an MLP.

    P(l, m | x) = P(l | x) · P(m | l, x): the edge from l to m is f(tower_m ⊕ z_l), with z_l what the head of l reads,
    of which the child's head takes its logits. Nothing is bounded and no label is needed to predict: what is passed on
    are the parent's features, so the prediction is that of the child over all its rows. The child's loss moves its
    parents' towers too. Serves every pair of task kinds; several parents stand side by side. As in EasyRec's
    `relation_dnn`, with relation layers for children alone.

    When: one target helps to tell another, and neither bounds the other (a like and the time watched).
    Cost: a small MLP a child, and a pass a task where gradients are balanced.
    """

    units: tuple[int, ...] = option(ListOf(Int(minimum=1), 1), (32,), "widths of the layers above tower and parents")

    acts: ClassVar[str] = REPRESENTATION

    def representation(self, own: Any, parents: Mapping[str, Any], key: str, dropout: float = 0.0) -> Any:
        import keras

        from mtl_magic.layers.stack import dense_stack

        joined = keras.layers.Concatenate(name=f"{key}_related")([own, *parents.values()])
        return dense_stack(joined, self.units, f"{key}_relation", dropout)
