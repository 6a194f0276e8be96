"""Count tasks: how many?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.registry import declare
from mtl_magic.tasks._base import Loss, TaskKind

if TYPE_CHECKING:
    from mtl_magic.data.schema import TaskSchema


@declare(
    "task",
    "count",
    paper="McCullagh & Nelder 1989, Generalized Linear Models, ch. 6",
    example="task clicks: count",
)
class Count(TaskKind):
    """How often: a whole number of at least 0, of which the mean is predicted.

    The head gives z; the prediction is the rate μ = m exp(z), m the training labels' mean, the loss by default Poisson's
    μ − y + y log(y / μ). A label below 0 or with a fraction is a mistake (`regression(loss=poisson)` takes fractions).
    """

    default_loss: ClassVar[str] = "poisson"
    default_metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "pcoc")
    classification: ClassVar[bool] = False

    @property
    def least(self) -> float | None:
        return 0.0

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        loss = self.loss_of()
        if isinstance(loss, Loss):
            return loss.prediction(logits, task)
        from mtl_magic.tasks.amounts import Poisson

        return Poisson().prediction(logits, task)

    def learnt(self, labels: Any, weights: Any = None) -> tuple[float, ...]:
        from mtl_magic.tasks.amounts import Poisson

        return Poisson().learnt(labels, weights)
