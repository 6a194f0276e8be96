"""Predictions and exact metrics, in chunks, with one compiled function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.train.concurrent import mapped
from mtl_magic.train.conditional import conditionals
from mtl_magic.train.step import row_losses

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from mtl_magic.data.schema import Rows, Schema, TaskSchema
    from mtl_magic.model.net import Net

CHUNK = 2048  # rows: what a chunk's layers give stays in a core's cache, and several chunks run at a time


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
                tf.TensorSpec((None, len(schema.tasks)), tf.float32),
            ),
        )

    def _forward(self, ids: Any, floats: Any, labels: Any) -> tuple[dict[str, Any], Any]:
        schema = self.schema
        inputs = [t for t, width in ((ids, schema.id_width), (floats, schema.float_width)) if width]
        logits = self.net.heads(self.net.trunk([*inputs, *(e(ids) for e in self.net.embeddings)]))
        losses, _ = row_losses(schema, logits, labels, self.net.terms)
        made = {t.key: t.kind.prediction(logits[t.key], t) for t in schema.tasks}
        for one in self.conditionals:
            child = schema.tasks[one.task]
            made[one.key] = child.kind.prediction(logits[one.key], child)
        return made, losses

    def _scored(self, chunk: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        made, losses = self._call(*chunk)
        return {key: tensor.numpy() for key, tensor in made.items()}, losses.numpy()

    def __call__(self, part: Rows) -> dict[str, dict[str, float]]:
        """task -> metric -> value; 'loss', the mean over labelled rows, comes first. NaN where there is no label.

        Behind the tasks come the conditionals by their titles, without a loss of their own.
        """
        predictions: dict[str, list[np.ndarray]] = {}
        losses = []
        for made, loss in mapped(self._scored, part.chunks(CHUNK)):
            losses.append(loss)
            for key, values in made.items():
                predictions.setdefault(key, []).append(values)
        joined = {key: np.concatenate(chunks) for key, chunks in predictions.items()}
        loss = np.concatenate(losses)
        result = {}
        for k, task in enumerate(self.schema.tasks):
            known = np.isfinite(part.labels[:, k])
            mean = float(loss[known, k].mean(dtype="float64")) if known.any() else float("nan")
            result[task.name] = {"loss": mean, **metrics_of(task, joined[task.key], part.labels[:, k], part.extras)}
        for one in self.conditionals:
            labels = one.labels(part.labels)
            result[one.title] = metrics_of(self.schema.tasks[one.task], joined[one.key], labels, part.extras)
        return result


def metrics_of(
    task: TaskSchema, predictions: np.ndarray, labels: np.ndarray, extras: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Exact metrics of one head: predictions (n, units), labels (n,) with NaN where there is none."""
    known = np.isfinite(labels)
    found = predictions[known]
    found = found[:, 0] if found.shape[1] == 1 else found
    chosen = {name: values[known] for name, values in extras.items()}
    return {m.title: m.value(labels[known].astype("float64"), found, chosen) for m in task.kind.metrics_of()}
