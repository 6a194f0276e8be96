"""The graph that answers requests: raw columns in, the columns of a prediction out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mtl_magic.runs.export.columns import Field, fields
from mtl_magic.runs.export.encoders import mirror
from mtl_magic.runs.export.lookups import Kept, Raw

if TYPE_CHECKING:
    from mtl_magic.runs.run import Run


class Served(tf.Module):
    """Everything that a SavedModel holds: weights, tables, and the function of a request.

    Args:
        run: whose model and encoders.
        kept: takes the tables.

    Attributes:
        fields: the columns of a request.
        answer: a function of one tensor a column, by name, to one tensor a column of the prediction.
    """

    def __init__(self, run: Run, kept: Kept) -> None:
        super().__init__()
        features = run.schema.features
        made = {f.name: mirror(f.encoder.word) for f in features}
        self.fields = fields(run.schema, {f.name: made[f.name].need(f.encoder) for f in features})
        self._read = [(f.source, made[f.name](f.encoder, f.key, kept)) for f in features]
        self._model, self._names = _untracked(run.model), [t.name for t in run.model.inputs]
        tasks = {t.name: t for t in run.schema.tasks}
        several = {name for name, t in tasks.items() if not t.exclusive}
        self._outputs = [(key, title, _classes(run, title), title not in several) for key, title in run.outputs]
        self.held = [v.value for v in run.model.variables]
        self.tables = kept.tables
        self.answer = tf.function(self._answer, autograph=False)

    def signature(self) -> Any:
        """The concrete function of requests."""
        return self.answer.get_concrete_function(
            **{f.tensor: tf.TensorSpec(f.shape, f.dtype, name=f.tensor) for f in self.fields}
        )

    def _answer(self, **columns: Any) -> dict[str, Any]:
        raw = {f.column: Raw(columns[f.tensor], f.need.holds) for f in self.fields}
        made = [encode(raw[column]) for column, encode in self._read]
        packed = {}
        for side, name in enumerate(("ids", "floats")):
            parts = [m[side] for m in made if m[side] is not None]
            if name in self._names:
                packed[name] = tf.concat(parts, axis=1)
        predicted = self._model()(packed, training=False)
        found: dict[str, Any] = {}
        for key, title, classes, exclusive in self._outputs:
            found |= _columns(title, classes, predicted[key], exclusive)
        return found


def _untracked(model: Any) -> Any:
    """The model where TensorFlow does not see it: its weights alone are saved, without Keras."""
    return lambda: model


def _classes(run: Run, title: str) -> tuple[Any, ...]:
    return next((t.classes for t in run.schema.tasks if t.name == title), ())


def _columns(title: str, classes: tuple[Any, ...], values: Any, exclusive: bool) -> dict[str, Any]:
    """`use.columns_of`, in the graph; classes of several types are texts."""
    units = values.shape[1]
    if units == 1 and exclusive:
        return {title: values[:, 0]}
    names = list(classes or range(units))
    probabilities = {f"{title}:{name}": values[:, i] for i, name in enumerate(names)}
    if not exclusive:
        return probabilities
    alike = {type(name) for name in names} in ({int}, {bool}, {float})
    words = tf.constant(np.array(names) if alike else [str(name) for name in names])
    chosen = tf.gather(words, tf.argmax(values, axis=-1))
    return {title: chosen, **probabilities}


def specs(found: tuple[Field, ...]) -> list[dict[str, Any]]:
    """The columns of a request, as columns.json has them."""
    return [field.plain() for field in found]
