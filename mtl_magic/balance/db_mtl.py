"""Dual balancing."""

from __future__ import annotations

from mtl_magic.balance._base import Any, Evidence
from mtl_magic.balance._gramian import GramianBalance
from mtl_magic.balance._losses import positive
from mtl_magic.balance.solve.scaled import Scaled
from mtl_magic.registry import declare


@declare(
    "balance",
    "db_mtl",
    paper="Lin, Jiang, Ye, Zhang, Chen & Kwok 2023, Dual-Balancing for Multi-Task Learning, algorithm 1",
    example="balance db_mtl",
)
class DbMtl(GramianBalance):
    """Log losses, and their gradients brought to the norm of the largest: wₖ = maxⱼ mⱼ / mₖ / Lₖ, mₖ = ‖gₖ‖ / Lₖ.

    ‖wₖ gₖ‖ is the same for all tasks, so it balances sizes and leaves conflict as it is.

    When: positive losses of any scale; simple and strong. Cost: the K gradients' norms.

    The authors average each task's gradient over steps (β), which needs K gradients as state: β = 0 here, as a
    batch's rows at the shared representation have no average.
    """

    @property
    def reads_losses(self) -> bool:
        return True

    def solve(self, problem: Scaled, evidence: Evidence) -> tuple[Any, Any]:
        import tensorflow as tf

        losses = tf.cast(positive(evidence.losses, evidence.active), tf.float64)
        sizes = problem.norms / losses
        return tf.reduce_max(sizes * problem.active) / sizes / losses, tf.zeros((), tf.float64)
