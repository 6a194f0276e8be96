"""What every task kind has: its parameters in the language, and the seams through which model and training use it.

A head gives `logits` (B, units), float32; the loss is computed from logits, never from the prediction, so that it
stays finite. Labels are float32 (B,) with NaN where there is none; rows without a label are masked by training before
a loss sees them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import CallOf, Int, ListOf, Name, maybe
from mtl_magic.parts import dropout_option, frozen_option, l2_option, lr_option, optimizer_option, refuse_schedule
from mtl_magic.registry import Declaration, option

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema


@dataclasses.dataclass(frozen=True)
class Loss(Declaration):
    """Base of losses. `tasks` names the task kinds that it serves."""

    tasks: ClassVar[tuple[str, ...]] = ()

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        """Loss of each row: labels (B,) without NaN, logits (B, units), both float32 tensors -> (B,)."""
        raise NotImplementedError(type(self).__name__)  # abstract: each loss says its own

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...]) -> float:
        """Mean loss of the best constant predictor; labels (n,) float32, NaN-free, at least one."""
        raise NotImplementedError(type(self).__name__)  # abstract: each loss says its own


@dataclasses.dataclass(frozen=True)
class Metric(Declaration):
    """Base of metrics: exact, on whole columns, in float64."""

    tasks: ClassVar[tuple[str, ...]] = ()
    higher_is_better: ClassVar[bool | None] = True  # None: best at a value between, so that no epoch is chosen by it

    def value(self, labels: np.ndarray, predictions: np.ndarray, extras: dict[str, np.ndarray]) -> float:
        """labels (n,) NaN-free, predictions (n,) or (n, classes), extras: column -> (n,). NaN where undefined."""
        raise NotImplementedError(type(self).__name__)  # abstract: each metric says its own

    @property
    def title(self) -> str:
        """The name under which the value is reported."""
        return self.word

    def columns(self) -> tuple[str, ...]:
        """Columns that must reach the metric beside label and prediction."""
        return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Trained(Declaration):
    """What a head can be told of its own training."""

    lr: float = lr_option("its tower, its head and its gates")
    optimizer: Any = optimizer_option("its tower, its head and its gates")
    l2: float = l2_option("the kernels of its tower, its head and its gates")
    dropout: float | None = dropout_option(
        "each layer of its tower", None, "; none: 0, where the task shares no layer 0.1"
    )
    frozen: bool = frozen_option("its tower, its head, its gates and embeddings of its own")


@dataclasses.dataclass(frozen=True)
class TaskKind(_Trained):
    """Base of task kinds."""

    default_loss: ClassVar[str] = ""
    default_metrics: ClassVar[tuple[str, ...]] = ()
    classification: ClassVar[bool] = True

    label: str | None = option(maybe(Name("column")), None, "column of the label; none: the task's name")
    loss: Any = option(maybe(CallOf("loss")), None, "loss of a row; none: the kind's own")
    metrics: tuple[Any, ...] | None = option(
        maybe(ListOf(CallOf("metric"), 1)),
        None,
        "metrics to report, each once; the first is the one that is shown while it trains; none: the kind's own",
    )
    tower: tuple[int, ...] | None = option(
        maybe(ListOf(Int(minimum=1))),
        None,
        "widths of the layers between what is shared and the head; none: [32], with [128, 64] before it where the task shares no layer",
    )

    def check(self) -> None:
        refuse_schedule(self.optimizer)
        for part in (self.loss, *(self.metrics or ())):
            serves = getattr(part, "tasks", None)
            if serves and self.word not in serves:
                raise ValueError(f"the {part.family} '{part.word}' does not serve a {self.word} task")
        for metric in self.metrics or ():
            if getattr(metric, "group", "") is None and not getattr(self, "group", None):
                raise ValueError(f"the metric '{metric.word}' needs group=, the column whose equal values are a list")
        titles = [m.title for m in self.metrics or ()]
        for title in dict.fromkeys(titles):
            if titles.count(title) > 1:
                raise ValueError(f"the metric '{title}' stands twice in metrics=, and a task reports it once")

    def loss_of(self) -> Any:
        """The loss: a `Loss`, or the callable that stood in braces."""
        if self.loss is not None:
            return self.loss
        from mtl_magic.registry import REGISTRY

        found = REGISTRY.find("loss", self.default_loss)
        assert found is not None
        return found()

    def metrics_of(self) -> tuple[Metric, ...]:
        """The metrics; the first is the one that is watched."""
        if self.metrics:
            return self.metrics
        from mtl_magic.registry import REGISTRY

        found = [REGISTRY.find("metric", word) for word in self.default_metrics]
        return tuple(metric() for metric in found if metric is not None)  # type: ignore[misc]

    def units(self, task: TaskSchema) -> int:
        """Width of the logits."""
        return 1

    def bias(self, task: TaskSchema) -> list[float]:
        """Logits of the best constant predictor, (units,): training starts there."""
        return [0.0] * self.units(task)

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        """Keras tensor (B, units) -> the model's output (B, units)."""
        raise NotImplementedError(type(self).__name__)  # abstract: each kind says its own

    def constant_loss(self, labels: np.ndarray, frequencies: tuple[float, ...] = ()) -> float:
        """Mean loss of the best constant predictor; labels (n,) may hold NaN. NaN where a callable must tell it later."""
        import numpy as np

        loss = self.loss_of()
        known = labels[~np.isnan(labels)]
        if not isinstance(loss, Loss):
            return float("nan")
        return max(loss.constant(known, frequencies), 1e-6)
