"""Predictions and exact metrics, in chunks, with one compiled function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.train.step import row_losses

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

    from mtl_magic.data.schema import Rows, Schema, TaskSchema
    from mtl_magic.model.net import Net

CHUNK = 8192


class Predictor:
    """A model's predictions on encoded rows, without retracing.

    Args:
        model: of {'ids', 'floats'} to {key: (B, units)}.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.names = [t.name for t in model.inputs]
        self._call = tf.function(self._forward, reduce_retracing=True, autograph=False)

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self.model(inputs, training=False)

    def __call__(self, part: Rows) -> dict[str, np.ndarray]:
        """key -> (n, units) float32; (0, units) for no rows."""
        chunks = []
        for ids, floats, _ in part.chunks(CHUNK):
            columns = {"ids": ids, "floats": floats}
            made = self._call({name: tf.convert_to_tensor(columns[name]) for name in self.names})
            chunks.append({key: tensor.numpy() for key, tensor in made.items()})
        return {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}


class Evaluator:
    """Loss and metrics of every head on a part."""

    def __init__(self, net: Net, schema: Schema) -> None:
        self.net, self.schema = net, schema
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
        losses, _ = row_losses(schema, logits, labels)
        return {t.key: t.kind.prediction(logits[t.key], t) for t in schema.tasks}, losses

    def __call__(self, part: Rows) -> dict[str, dict[str, float]]:
        """task -> metric -> value; 'loss', the mean over labelled rows, comes first. NaN where there is no label."""
        predictions: dict[str, list[np.ndarray]] = {t.key: [] for t in self.schema.tasks}
        losses = []
        for chunk in part.chunks(CHUNK):
            made, loss = self._call(*chunk)
            losses.append(loss.numpy())
            for key, tensor in made.items():
                predictions[key].append(tensor.numpy())
        joined = {key: np.concatenate(chunks) for key, chunks in predictions.items()}
        loss = np.concatenate(losses)
        result = {}
        for k, task in enumerate(self.schema.tasks):
            known = np.isfinite(part.labels[:, k])
            mean = float(loss[known, k].mean(dtype="float64")) if known.any() else float("nan")
            result[task.name] = {"loss": mean, **metrics_of(task, joined[task.key], part.labels[:, k], part.extras)}
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
