"""A small run made by hand: no training, so that the tests of this room stand alone."""

from __future__ import annotations

import pandas as pd

from mtl_magic.vocabulary import vocabulary


def small_run(**changes):
    """A run of a binary, a regression and a multiclass head over one number and one category."""
    import keras
    import pyarrow as pa

    from mtl_magic.data.category import CategoryEncoder
    from mtl_magic.data.number import NumberEncoder
    from mtl_magic.data.schema import EncodedFeature, Schema, TaskSchema
    from mtl_magic.runs import Run

    words = vocabulary()
    number, category = words.find("feature", "number")(bins=0), words.find("feature", "category")(dim=2)
    scale = NumberEncoder.fit(pa.array([1.0, 2.0, None]), scale="standard", bins=0, dim=None)
    names = CategoryEncoder.fit(pa.array(["a", "b", "a"]), dim=2, min_count=1)
    schema = Schema(
        features=(
            EncodedFeature("the age", "the_age", number, scale, ids=(0, 0), floats=(0, scale.float_width)),
            EncodedFeature("名", "n_1", category, names, ids=(0, 1), floats=(0, 0), inferred=True),
        ),
        tasks=(
            TaskSchema(
                "click", "click", "click", words.find("task", "binary")(), rows=100, mean=0.25, constant_loss=0.5
            ),
            TaskSchema("watch", "watch", "time", words.find("task", "regression")(label="time"), mean=3.0, std=2.0),
            TaskSchema("kind", "kind", "kind", words.find("task", "multiclass")(), classes=("x", "y", "z")),
        ),
        extras=("user",),
    )
    ids, floats = keras.Input((1,), dtype="int32", name="ids"), keras.Input((scale.float_width,), name="floats")
    x = keras.layers.Concatenate()([keras.layers.Flatten()(keras.layers.Embedding(8, 2)(ids)), floats])
    heads = {
        "click": keras.layers.Dense(1, "sigmoid", name="click")(x),
        "watch": keras.layers.Dense(1, name="watch")(x),
        "kind": keras.layers.Dense(3, "softmax", name="kind")(x),
    }
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "step": [10, 20, 30],
            "seconds": [0.1, 0.2, 0.3],
            "click.loss": [0.5, 0.4, 0.35],
            "click.val_loss": [0.5, 0.42, 0.43],
            "click.val_auc": [0.6, 0.7123, 0.7],
            "click.weight": [1.0, 1.0, 1.0],
            "watch.loss": [1.0, 0.8, 0.7],
            "watch.val_rmse": [2.0, 1.9, 1.95],
        }
    )
    values = {
        "name": "feed",
        "text": "task click: binary\ntask watch: regression(label=time)\ntask kind: multiclass",
        "model": keras.Model({"ids": ids, "floats": floats}, heads),
        "schema": schema,
        "outputs": (("click", "click"), ("watch", "watch"), ("kind", "kind")),
        "history": history,
        "weights": {"click": 1.0, "watch": 0.5, "kind": 1.0},
        "metrics": {"valid": {"click": {"auc": 0.71234, "logloss": 0.41}, "watch": {"rmse": 1.9}}},
        "why": "early_stop",
        "step": 30,
        "epoch": 3,
        "best_epoch": 2,
        "facts": {"seed": 0, "versions": {"mtl_magic": "0.1.0"}},
        "notes": ("10% of the rows are validation.",),
    }
    return Run(**values | changes)


def same_predictions(one, other, table):
    """Both runs predict the same for the table."""
    pd.testing.assert_frame_equal(one.predict(table), other.predict(table), rtol=1e-5)
