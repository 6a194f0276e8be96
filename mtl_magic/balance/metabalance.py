"""Auxiliary gradients brought to the size of the main task's."""

from __future__ import annotations

from mtl_magic.assigned import number
from mtl_magic.balance._base import Any, BalanceTask, Evidence, State
from mtl_magic.balance._gramian import GramianBalance, settled
from mtl_magic.balance.solve.scaled import scaled
from mtl_magic.parameters import Float, Name, maybe
from mtl_magic.registry import declare, option


@declare(
    "balance",
    "metabalance",
    paper="He, Feng, Cheng, Ji, Guo & Caverlee 2022, MetaBalance: Improving Multi-Task Recommendations via Adapting Gradient Magnitudes of Auxiliary Tasks, algorithm 1",
    example="task    buy, click: binary\nbalance metabalance(main=buy, relax=0.7)",
)
class MetaBalance(GramianBalance):
    """For one main task with auxiliary ones: wₖ = r m_main / mₖ + (1 − r), m the moving mean of the gradients' norms.

    r = 1 gives every auxiliary gradient the norm of the main task's, r = 0 leaves them as they are.

    When: one task counts, the others are there to help it; from recommendation. Cost: the K gradients' norms.

    The paper scales each parameter apart, as does the authors' code; here the shared representation is the one. A main task without
    labels in a batch keeps its last norm; before its first, all weights are 1.
    """

    main: str | None = option(maybe(Name("task")), None, "the main task; none: the first that is declared")
    relax: float = option(Float(minimum=0, maximum=1), 0.7, "r, how far norms are brought together", assigned=True)
    beta: float = option(
        Float(minimum=0, below=1), 0.9, "how much of the past the moving mean keeps", by_name=True, assigned=True
    )

    def start(self, tasks: tuple[BalanceTask, ...]) -> State:
        import numpy as np

        return {**super().start(tasks), "norms": np.zeros(len(tasks), "float32")}

    def weights(self, evidence: Evidence, state: State, tasks: tuple[BalanceTask, ...]) -> tuple[Any, State]:
        import tensorflow as tf

        problem = scaled(evidence.gramian, evidence.active)
        active = problem.active > 0
        names = [t.name for t in tasks]
        main = names.index(self.main) if self.main in names else 0
        now = tf.cast(problem.norms, state["norms"].dtype)
        beta = number(self.beta, tf.float64)
        keep, new = tf.cast(beta, now.dtype), tf.cast(1 - beta, now.dtype)
        # The authors' mean starts at 0; its ratios are those of norms from the first step on.
        norms = tf.where(active, keep * state["norms"] + new * now, state["norms"])
        ratio = tf.where(norms[main] > 0, tf.math.divide_no_nan(norms[main], norms), 1.0)
        relax = number(self.relax, ratio.dtype)
        found = tf.cast(relax * ratio + 1 - relax, tf.float64)
        found, kept = settled(found, tf.zeros((), tf.float64), problem, evidence, state)
        return found, {**kept, "norms": norms}
