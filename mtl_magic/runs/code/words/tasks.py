"""Task kinds, losses and metrics as code."""

from __future__ import annotations

from typing import Any

from mtl_magic.runs.code.functions import encoding, labels, losses, metrics, predictions
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import Raw, call, show
from mtl_magic.runs.code.writers import MetricAt, TaskAt, TaskText, writes


def _index(at: TaskAt, column: Any) -> Any:
    """The place of each row's class among the task's."""
    kinds = {bool: encoding.as_truth, int: encoding.as_whole, str: encoding.as_text}
    spelt = kinds.get(type(at.task.classes[0]), encoding.as_number)
    return call(at.functions.use(labels.class_index), column, at.classes, Raw(at.functions.use(spelt)))


def _column(at: TaskAt) -> Raw:
    return Raw(f"predicted[{show(at.title)}].to_numpy()")


@writes("task", "binary")
def binary(kind: Any, at: TaskAt) -> TaskText:
    plain = not at.task.classes
    return TaskText(
        label=lambda column: call(at.functions.use(encoding.numbers), column) if plain else _index(at, column),
        target=None,
        columns=lambda logits: {at.title: call(at.functions.use(predictions.sigmoid), logits)},
        predicted=_column(at),
        lists_classes=not plain,
    )


@writes("task", "multiclass")
def multiclass(kind: Any, at: TaskAt) -> TaskText:
    made = at.functions.use(predictions.probabilities)
    return TaskText(
        label=lambda column: _index(at, column),
        target=None,
        columns=lambda logits: {"**": call(made, at.title, at.classes, logits)},
        predicted=call(at.functions.use(predictions.shares_of), Raw("predicted"), at.title, at.classes),
        lists_classes=True,
    )


@writes("task", "regression")
def regression(kind: Any, at: TaskAt) -> TaskText:
    mean, std = float(at.task.mean), float(at.task.std)
    return TaskText(
        label=lambda column: call(at.functions.use(encoding.numbers), column),
        target=lambda found: Raw(f"({found} - {mean}) / {std}"),
        columns=lambda logits: {at.title: Raw(f"{show(logits)}[:, 0] * {std} + {mean}")},
        predicted=_column(at),
    )


@writes("loss", "bce")
def bce(loss: Any, functions: Functions) -> Raw:
    return Raw(functions.use(losses.bce))


@writes("loss", "focal")
def focal(loss: Any, functions: Functions) -> Any:
    return call("functools.partial", Raw(functions.use(losses.focal)), gamma=loss.gamma)


@writes("loss", "crossentropy")
def crossentropy(loss: Any, functions: Functions) -> Raw:
    return Raw(functions.use(losses.crossentropy))


@writes("loss", "mse")
def mse(loss: Any, functions: Functions) -> Raw:
    return Raw(functions.use(losses.squared_error))


@writes("loss", "mae")
def absolute(loss: Any, functions: Functions) -> Raw:
    return Raw(functions.use(losses.absolute_error))


@writes("loss", "huber")
def huber(loss: Any, functions: Functions) -> Any:
    return call("functools.partial", Raw(functions.use(losses.huber)), delta=loss.delta)


def _plain(word: str, function: Any) -> None:
    """A metric of labels and predictions alone."""

    @writes("metric", word)
    def write(metric: Any, functions: Functions, at: MetricAt) -> Any:
        return call(functions.use(function), at.labels, at.predicted)


for _word, _function in (
    ("auc", metrics.auc),
    ("logloss", metrics.logloss),
    ("accuracy", metrics.accuracy),
    ("rmse", metrics.rmse),
    ("mae", metrics.mae),
    ("pr_auc", metrics.pr_auc),
    ("ne", metrics.ne),
    ("pcoc", metrics.pcoc),
    ("spearman", metrics.spearman),
):
    _plain(_word, _function)


@writes("metric", "gauc")
def gauc(metric: Any, functions: Functions, at: MetricAt) -> Any:
    return call(functions.use(metrics.gauc), at.labels, at.predicted, at.column(metric.group))


@writes("metric", "f1")
def f1(metric: Any, functions: Functions, at: MetricAt) -> Any:
    return call(functions.use(metrics.f1), at.labels, at.predicted, threshold=metric.threshold)


@writes("metric", "ece")
def ece(metric: Any, functions: Functions, at: MetricAt) -> Any:
    width = metric.spaced == "width"
    return call(functions.use(metrics.ece), at.labels, at.predicted, bins=metric.bins, width=width)


@writes("metric", "ndcg")
def ndcg(metric: Any, functions: Functions, at: MetricAt) -> Any:
    found = (at.labels, at.predicted, at.column(metric.group))
    return call(functions.use(metrics.ndcg), *found, k=metric.k, exponential=metric.gain == "exponential")


@writes("metric", "mrr")
def mrr(metric: Any, functions: Functions, at: MetricAt) -> Any:
    return call(functions.use(metrics.mrr), at.labels, at.predicted, at.column(metric.group), k=metric.k)
