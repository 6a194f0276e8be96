"""What every task kind has: its parameters in the language, and the seams through which model and training use it.

A head gives `logits` (B, units), float32; the loss is computed from logits, never from the prediction, so that it
stays finite. Labels are float32 (B,) with NaN where there is none; rows without a label are masked by training before
a loss sees them.

The loss of a task is Σ w ℓ / Σ w over its labelled rows: w is 1, times the row's `sample_weight`, times the weight of
its class (`pos_weight`, `class_weight`). That of the best constant is of the same weights. Metrics count rows, not weights.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from mtl_magic.parameters import CallOf, Float, Int, ListOf, Name, Nothing, OneOf, Python, maybe
from mtl_magic.parts import dropout_option, frozen_option, l2_option, lr_option, optimizer_option, refuse_schedule
from mtl_magic.registry import Declaration, option

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.schema import TaskSchema


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss(Declaration):
    """Base of losses. `tasks` names the task kinds that it serves."""

    weight: float = option(
        Float(minimum=0),
        1.0,
        "what it is multiplied by, in a list of losses: loss=[bce, focal(weight=0.5)]",
        by_name=True,
    )

    tasks: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[str] = ""  # what it takes logits for; losses of one task agree. '': whatever the kind says
    width: ClassVar[int] = 1  # logits of a number's loss
    likelihood: ClassVar[bool] = False  # of a number's loss: minus a log likelihood, as that of a class is
    least: ClassVar[float | None] = None  # labels below it are a mistake
    of_lists: ClassVar[bool] = False  # compares rows of a list: `lists` in place of `rows`
    by_xla: ClassVar[bool] = True  # whether XLA can compile it

    def rows(self, labels: Any, logits: Any, task: TaskSchema) -> Any:
        """Loss of each row: labels (B,) without NaN, logits (B, units), both float32 tensors -> (B,)."""
        raise NotImplementedError(type(self).__name__)  # abstract: each loss says its own

    def lists(self, labels: Any, logits: Any, known: Any, lists: Any) -> Any:
        """Of a loss `of_lists`: labels (B,), logits (B, 1), known (B,) bool, and of each row the number of its list (B,)
        int32, which grows by 1 where another begins -> for each known row the loss of its list, (B,).
        """
        raise NotImplementedError(type(self).__name__)  # abstract: each such loss says its own

    def constant(self, labels: np.ndarray, frequencies: tuple[float, ...], weights: np.ndarray | None = None) -> float:
        """Mean loss of the best constant predictor; labels (n,) float32, NaN-free, at least one; weights (n,), None: all
        1. NaN where it takes more than the labels to tell.
        """
        raise NotImplementedError(type(self).__name__)  # abstract: each loss says its own

    def learnt(self, labels: np.ndarray, weights: np.ndarray | None) -> tuple[float, ...]:
        """What the loss keeps of the training labels (`TaskSchema.learnt`): a scale, say."""
        return ()

    def start(self, labels: np.ndarray, weights: np.ndarray | None) -> list[float] | None:
        """Logits of the best constant, (units,); None: those of the kind."""
        return None

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        """Keras tensor (B, units) -> what is predicted (B, 1); None: as the kind says."""
        return None


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
    loss: Any = option(
        OneOf((CallOf("loss"), ListOf(CallOf("loss"), 1), Nothing())),
        None,
        "loss of a row, or a list of losses that are added, each times its weight; none: the kind's own",
    )
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
    mask: str | None = option(
        maybe(Name("column")),
        None,
        "column that is 0, false or missing in rows whose label does not count, in training and in metrics",
        by_name=True,
    )
    sample_weight: Any = option(
        OneOf((Name("column"), Python("a function of the table"), Nothing())),
        None,
        "column of the rows' weights, or {a function of the table} that gives them; a missing one is 0; none: all 1",
        by_name=True,
    )

    def check(self) -> None:
        refuse_schedule(self.optimizer)
        for part in (*self.said_losses(), *(self.metrics or ())):
            serves = getattr(part, "tasks", None)
            if serves and self.word not in serves:
                raise ValueError(f"the {part.family} '{part.word}' does not serve a {self.word} task")
        for part in (*self.losses(), *self.metrics_of()):
            if getattr(part, "group", "") is None and not getattr(self, "group", None):
                raise ValueError(
                    f"the {part.family} '{part.word}' needs group=, the column whose equal values are a list"
                )
        read = {loss.reads: loss.word for loss in self.losses() if isinstance(loss, Loss) and loss.reads}
        if len(read) > 1:
            (one, first), (other, second), *_ = read.items()
            raise ValueError(f"'{first}' takes what the head gives for {one}, '{second}' for {other}: not both")
        if all(getattr(loss, "weight", 1.0) == 0 for loss in self.losses()):
            raise ValueError("every loss of the list has weight 0")
        groups = dict.fromkeys(g for loss in self.losses() if (g := self.lists_of(loss)))
        if len(groups) > 1:
            raise ValueError(
                f"the losses compare rows within {' and within '.join(groups)}: a batch has lists of one column"
            )
        titles = [m.title for m in self.metrics or ()]
        for title in dict.fromkeys(titles):
            if titles.count(title) > 1:
                raise ValueError(f"the metric '{title}' stands twice in metrics=, and a task reports it once")

    def said_losses(self) -> tuple[Any, ...]:
        """The losses that were written."""
        return self.loss if isinstance(self.loss, tuple) else () if self.loss is None else (self.loss,)

    def losses(self) -> tuple[Any, ...]:
        """The losses, which are added: each a `Loss`, or the callable that stood in braces."""
        said = tuple(loss for loss in self.said_losses() if loss is not None)
        if said:
            return said
        from mtl_magic.registry import REGISTRY

        found = REGISTRY.find("loss", self.default_loss)
        assert found is not None
        return (found(),)

    def loss_of(self) -> Any:
        """The loss, the first of several."""
        return self.losses()[0]

    def lists_of(self, part: Any) -> str | None:
        """The column whose equal values are a list to this loss or metric of the task; None: it compares no rows."""
        if not hasattr(part, "group"):
            return None
        found: str | None = part.group or getattr(self, "group", None)
        return found

    @property
    def lists(self) -> str | None:
        """The column whose equal values a loss of the task compares; None: each row is by itself."""
        return next((found for loss in self.losses() if (found := self.lists_of(loss))), None)

    @property
    def likelihood(self) -> bool:
        """Whether the loss is minus a log likelihood, as that of a class is; else it is an error of a number."""
        return self.classification or all(getattr(loss, "likelihood", False) for loss in self.losses())

    @property
    def least(self) -> float | None:
        """The least number that a label may be; None: any."""
        return max((loss.least for loss in self.losses() if getattr(loss, "least", None) is not None), default=None)

    def metrics_of(self) -> tuple[Metric, ...]:
        """The metrics; the first is the one that is watched. Those of lists know their column."""
        from mtl_magic.registry import REGISTRY

        found: Any = self.metrics or [made() for w in self.default_metrics if (made := REGISTRY.find("metric", w))]
        group = getattr(self, "group", None)
        if group is None:
            return tuple(found)
        return tuple(dataclasses.replace(m, group=group) if getattr(m, "group", "") is None else m for m in found)

    def class_weights(self, classes: tuple[Any, ...], frequencies: tuple[float, ...]) -> tuple[float, ...]:
        """The weight of each class, (classes,); (): all 1.

        Raises:
            ValueError: with a sentence in the field's words.
        """
        return ()

    def units(self, task: TaskSchema) -> int:
        """Width of the logits."""
        return int(getattr(self.loss_of(), "width", 1))

    def bias(self, task: TaskSchema) -> list[float]:
        """Logits of the best constant predictor, (units,): training starts there."""
        return list(task.start) or self.begin(task)

    def begin(self, task: TaskSchema) -> list[float]:
        """The same by what the schema says of the labels, where nothing is weighted and no loss knows better."""
        return [0.0] * self.units(task)

    def prediction(self, logits: Any, task: TaskSchema) -> Any:
        """Keras tensor (B, units) -> the model's output (B, units)."""
        raise NotImplementedError(type(self).__name__)  # abstract: each kind says its own

    def constant_loss(
        self, labels: np.ndarray, frequencies: tuple[float, ...] = (), weights: np.ndarray | None = None
    ) -> float:
        """Mean loss of the best constant predictor; labels (n,) may hold NaN, weights (n,) are those of their rows. NaN
        where it takes more to tell: a callable, or a loss of lists. Of several losses it is the sum of their best.
        """
        import numpy as np

        known = ~np.isnan(labels)
        weights = None if weights is None else weights[known]
        total = 0.0
        for loss in self.losses():
            if not isinstance(loss, Loss):
                return float("nan")
            total += loss.weight * loss.constant(labels[known], frequencies, weights)
        return total if np.isnan(total) else max(total, 1e-6)

    def start(self, labels: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, ...]:
        """Logits of the best constant of the first loss, where it knows better than `begin`; labels (n,) without NaN."""
        loss = self.loss_of()
        return tuple((loss.start(labels, weights) if isinstance(loss, Loss) else None) or ())

    def learnt(self, labels: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, ...]:
        """What the first loss keeps of the training labels."""
        loss = self.loss_of()
        return loss.learnt(labels, weights) if isinstance(loss, Loss) else ()


OF_THE_HEAD = ("tower", *(field.name for field in dataclasses.fields(_Trained)))  # options that no data depends on
