"""Task kinds and metrics as code."""

from __future__ import annotations

from typing import Any

from mtl_magic.runs.code.functions import encoding, labels, metrics, predictions
from mtl_magic.runs.code.source import Functions
from mtl_magic.runs.code.text import Raw, call, show
from mtl_magic.runs.code.writers import MetricAt, TaskAt, TaskText, writes


def _index(at: TaskAt, column: Any) -> Any:
    """The place of each row's class among the task's."""
    return call(at.functions.use(labels.class_index), column, at.classes, _spelt(at))


def _spelt(at: TaskAt) -> Raw:
    """The function that spells a value as the classes are spelt."""
    kinds = {bool: encoding.as_truth, int: encoding.as_whole, str: encoding.as_text}
    return Raw(at.functions.use(kinds.get(type(at.task.classes[0]), encoding.as_number)))


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


@writes("task", "ordinal")
def ordinal(kind: Any, at: TaskAt) -> TaskText:
    made = at.functions.use(predictions.ranks)
    return TaskText(
        label=lambda column: _index(at, column),
        target=None,
        columns=lambda logits: {"**": call(made, at.title, at.classes, logits)},
        predicted=call(at.functions.use(predictions.shares_of), Raw("predicted"), at.title, at.classes),
        lists_classes=True,
    )


@writes("task", "multilabel")
def multilabel(kind: Any, at: TaskAt) -> TaskText:
    form, classes = at.task.form, at.task.classes

    def label(column: Any) -> Any:
        use = at.functions.use
        if form == "columns":
            return Raw(f"frame[{show(list(at.task.columns))}].apply({use(encoding.numbers)}).to_numpy()")
        if form == "vector":
            return call(use(labels.vector_flags), column, len(classes))
        mark = "" if form in ("lists", "alone") else form
        return call(use(labels.tag_flags), column, at.classes, mark, _spelt(at))

    return TaskText(
        label=label,
        target=None,
        columns=lambda logits: {"**": call(at.functions.use(predictions.classes_each), at.title, at.classes, logits)},
        predicted=call(at.functions.use(predictions.shares_of), Raw("predicted"), at.title, at.classes),
        lists_classes=True,
        several=True,
    )


@writes("task", "regression")
def regression(kind: Any, at: TaskAt) -> TaskText:
    return _number(kind.loss_of(), at)


@writes("task", "count")
def count(kind: Any, at: TaskAt) -> TaskText:
    return _number(kind.loss_of(), at)


@writes("task", "ranking")
def ranking(kind: Any, at: TaskAt) -> TaskText:
    return TaskText(
        label=lambda column: call(at.functions.use(encoding.numbers), column),
        target=None,
        columns=lambda logits: {at.title: Raw(f"{show(logits)}[:, 0]")},
        predicted=_column(at),
    )


def _number(loss: Any, at: TaskAt) -> TaskText:
    """A number, whose first loss says what the head's logits are."""
    use, learnt = at.functions.use, [float(v) for v in at.task.learnt]
    mean, std = float(at.task.mean), float(at.task.std)

    def columns(logits: Any) -> dict[str, Any]:
        if reads == "log":
            return {at.title: call(use(predictions.from_log), logits, mean=learnt[0], std=learnt[1])}
        if reads == "mean":
            return {at.title: call(use(predictions.exponential), logits, learnt[0])}
        if reads == "ziln":
            return {at.title: call(use(predictions.lognormal_mean), logits, mean=learnt[1], std=learnt[2])}
        return {at.title: Raw(f"{show(logits)}[:, 0] * {std} + {mean}")}

    words = {"log": "log", "ziln": "ziln", "poisson": "mean", "tweedie": "mean"}
    reads = words.get(getattr(loss, "word", ""), "mean" if at.task.kind.word == "count" else "")
    targets: dict[str, Any] = {
        "log": lambda found: call(use(labels.log_deviations), Raw(found), mean=learnt[0], std=learnt[1]),
        "mean": lambda found: Raw(f"{found} / {learnt[0]}"),
        "ziln": None,
        "": lambda found: Raw(f"({found} - {mean}) / {std}"),
    }
    return TaskText(
        label=lambda column: call(use(encoding.numbers), column),
        target=targets[reads],
        columns=columns,
        predicted=_column(at),
    )


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
    ("pr_auc", metrics.pr_auc),
    ("ne", metrics.ne),
    ("pcoc", metrics.pcoc),
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


@writes("metric", "mae")
def mae(metric: Any, functions: Functions, at: MetricAt) -> Any:
    return call(functions.use(metrics.mae), at.labels, _ranks(at, "argmax(axis=1)"))


@writes("metric", "spearman")
def spearman(metric: Any, functions: Functions, at: MetricAt) -> Any:
    ranks = _ranks(at, f"dot(np.arange({show(at.predicted)}.shape[1]))")
    return call(functions.use(metrics.spearman), at.labels, ranks)


@writes("metric", "kappa")
def kappa(metric: Any, functions: Functions, at: MetricAt) -> Any:
    size = Raw(f"{show(at.predicted)}.shape[1]")
    return call(functions.use(metrics.kappa), at.labels, _ranks(at, "argmax(axis=1)"), size)


def _ranks(at: MetricAt, how: str) -> Any:
    """Predictions as numbers: of ranks' probabilities (rows, ranks) one of each row."""
    return Raw(f"{show(at.predicted)}.{how}") if at.kind == "ordinal" else at.predicted
