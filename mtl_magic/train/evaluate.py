"""Predictions and exact metrics, in chunks, with one compiled function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.train.concurrent import mapped
from mtl_magic.train.conditional import conditionals
from mtl_magic.train.losses import row_losses
from mtl_magic.train.whole import sorted_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from mtl_magic.data.schema import Rows, Schema, TaskSchema
    from mtl_magic.model.net import Net

CHUNK = 2048  # rows: what a chunk's layers give stays in a core's cache, and several chunks run at a time

LISTS = 1 << 14  # rows of whole lists that are compared together


class Predictor:
    """A model's predictions on encoded rows, without retracing.

    Args:
        model: of {'ids', 'floats'} to {key: (B, units)}.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        signature = {t.name: tf.TensorSpec((None, *t.shape[1:]), t.dtype) for t in model.inputs}
        self._call = tf.function(self._forward, input_signature=(signature,), autograph=False)

    @property
    def tracings(self) -> int:
        """How often the model has been traced: once, however many rows came."""
        found: int = self._call.experimental_get_tracing_count()
        return found

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self.model(inputs, training=False)

    def _scored(self, chunk: tuple[np.ndarray, np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
        columns = {"ids": chunk[0], "floats": chunk[1]}
        made = self._call({t.name: tf.convert_to_tensor(columns[t.name]) for t in self.model.inputs})
        return {key: tensor.numpy() for key, tensor in made.items()}

    def __call__(self, part: Rows) -> dict[str, np.ndarray]:
        """key -> (n, units) float32; (0, units) for no rows."""
        chunks = list(mapped(self._scored, part.chunks(CHUNK)))
        return {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}


class Evaluator:
    """Loss and metrics of every head on a part, and metrics of every conditional on the rows that it is about."""

    def __init__(self, net: Net, schema: Schema) -> None:
        self.net, self.schema = net, schema
        self.conditionals = conditionals(((o.key, o.title) for o in net.outputs), schema)
        self._call = tf.function(
            self._forward,
            autograph=False,
            input_signature=(
                tf.TensorSpec((None, schema.id_width), tf.int32),
                tf.TensorSpec((None, schema.float_width), tf.float32),
                tf.TensorSpec((None, schema.beside.width), tf.float32),
            ),
        )

    def _forward(self, ids: Any, floats: Any, labels: Any) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
        schema = self.schema
        inputs = [t for t, width in ((ids, schema.id_width), (floats, schema.float_width)) if width]
        logits = self.net.heads(self.net.trunk([*inputs, *(e(ids) for e in self.net.embeddings)]))
        losses, weights = row_losses(schema, logits, labels, self.net.terms)
        made = {t.key: t.kind.prediction(logits[t.key], t) for t in schema.tasks}
        for one in self.conditionals:
            child = schema.tasks[one.task]
            made[one.key] = child.kind.prediction(logits[one.key], child)
        return made, logits if schema.lists else {}, losses, weights

    def _scored(self, chunk: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[dict[str, np.ndarray], ...]:
        made, logits, losses, weights = self._call(*chunk)
        rows = {"losses": losses.numpy(), "weights": weights.numpy()}
        return {k: t.numpy() for k, t in made.items()}, {k: t.numpy() for k, t in logits.items()}, rows

    def __call__(self, part: Rows) -> dict[str, dict[str, float]]:
        """task -> metric -> value; 'loss', the mean over labelled rows by their weights, comes first. NaN where there is no
        label.

        Behind the tasks come the conditionals by their titles, without a loss of their own.
        """
        found = list(mapped(self._scored, part.chunks(CHUNK)))
        joined, logits, rows = ({k: np.concatenate([f[i][k] for f in found]) for k in found[0][i]} for i in range(3))
        losses, weights, labels = rows["losses"], rows["weights"], part.labels
        if self.schema.lists:
            self._compare(logits, labels, losses)
        result = {}
        for k, task in enumerate(self.schema.tasks):
            known = np.isfinite(labels[:, k])
            weight = float(weights[known, k].sum(dtype="float64"))
            mean = float(losses[known, k].sum(dtype="float64")) / weight if weight else float("nan")
            flags = labels[:, slice(*self.schema.beside.flags[k])]
            result[task.name] = {"loss": mean, **metrics_of(task, joined[task.key], labels[:, k], part.extras, flags)}
        for one in self.conditionals:
            child = self.schema.tasks[one.task]
            result[one.title] = metrics_of(child, joined[one.key], one.labels(labels), part.extras)
        return result

    def _compare(self, logits: dict[str, np.ndarray], labels: np.ndarray, losses: np.ndarray) -> None:
        """Puts in place the losses (n, K) of tasks that compare rows, whose lists stand anywhere in a part."""
        at = self.schema.beside.lists
        assert at is not None
        compares = [k for k, task in enumerate(self.schema.tasks) if task.kind.lists]
        for rows in sorted_lists(labels, at, LISTS):
            some = {key: tf.constant(values[rows]) for key, values in logits.items()}
            made = row_losses(self.schema, some, tf.constant(labels[rows]), self.net.terms)[0].numpy()
            for k in compares:
                losses[rows, k] = made[:, k]


def metrics_of(
    task: TaskSchema,
    predictions: np.ndarray,
    labels: np.ndarray,
    extras: Mapping[str, np.ndarray],
    flags: np.ndarray | None = None,
) -> dict[str, float]:
    """Exact metrics of one head: predictions (n, units), labels (n,) with NaN where there is none; of a multilabel task `flags`
    (n, classes), and each metric is its mean over the classes for which it is defined.
    """
    if not task.exclusive and flags is not None:
        each = [_metrics(task, predictions[:, c : c + 1], flags[:, c], extras) for c in range(flags.shape[1])]
        return {title: _mean([found[title] for found in each]) for title in each[0]}
    return _metrics(task, predictions, labels, extras)


def _metrics(
    task: TaskSchema, predictions: np.ndarray, labels: np.ndarray, extras: Mapping[str, np.ndarray]
) -> dict[str, float]:
    known = np.isfinite(labels)
    found = predictions[known]
    found = found[:, 0] if found.shape[1] == 1 else found
    chosen = {name: values[known] for name, values in extras.items()}
    return {m.title: m.value(labels[known].astype("float64"), found, chosen) for m in task.kind.metrics_of()}


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
