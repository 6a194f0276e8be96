"""Adaptive information transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.dependencies._base import REPRESENTATION, Dependency
from mtl_magic.parameters import Float
from mtl_magic.registry import declare, option

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.dependencies._base import Heads


@declare(
    "given",
    "aitm",
    paper="Xi et al. 2021, Modeling the Sequential Dependence among Audience Multi-step Conversions with Multi-task "
    "Learning in Targeted Display Advertising, the AIT module and the behavioral expectation calibrator",
    example="task buy: binary given click via aitm(0.6)",
)
class Aitm(Dependency):
    """The child's head reads, by attention, its own tower and what its parents learnt; P(child) ≤ P(parent) is asked for.

    With q the child's tower and p = relu(W z + b) what a parent's head reads, passed on, the child's head reads z = Σ
    softmax(⟨W₂u, W₃u⟩ / √d) W₁u over u of q and each p. α · Σ max(P(child) − P(parent), 0) over the parents is added to
    the loss of each row with the child's label (the authors' code has 0.6 in its script of two steps, 0.3 in that of four), and to the child's reported loss. The prediction is P(child), over all
    impressions: there is no conditional. The child's loss moves its parents' towers too. Deviations from the authors'
    code: no batch normalisation, attention weights for each child, and several parents stand side by side.

    When: steps that follow one another (impression, click, application, approval), the later ones rare.
    Cost: four small layers a child, and a pass a task where gradients are balanced.
    """

    alpha: float = option(Float(minimum=0), 0.6, "α of the calibrator; 0: none")

    acts: ClassVar[str] = REPRESENTATION
    bounded: ClassVar[bool] = True
    adds: ClassVar[bool] = True

    def serves(self, child: Any, parent: Any) -> bool:
        return bool(child.word == parent.word == "binary")

    def representation(self, own: Any, parents: Mapping[str, Any], key: str, dropout: float = 0.0) -> Any:
        import keras

        from mtl_magic.layers.attend import Attend
        from mtl_magic.layers.stack import dense_stack

        width = own.shape[-1]
        passed = [dense_stack(z, [width], f"{key}_from_{parent}", dropout) for parent, z in parents.items()]
        both = keras.ops.stack([own, *passed], axis=1)
        query, at, value = (
            keras.layers.Dense(width, use_bias=False, name=f"{key}_{part}")(both) for part in ("query", "key", "value")
        )
        return Attend(name=f"{key}_transfer")([query, at, value])

    def rows(self, heads: Heads, child: TaskSchema, parents: Sequence[TaskSchema]) -> Any:
        from keras import ops

        mine = ops.sigmoid(heads.logits[:, 0])
        return self.alpha * sum(ops.relu(mine - ops.sigmoid(z[:, 0])) for z in heads.parents)
