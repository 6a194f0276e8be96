"""The `train` statement."""

from __future__ import annotations

import math
from typing import Any

from mtl_magic.registry import (
    Bool,
    Choice,
    Declaration,
    Float,
    Int,
    Name,
    Nothing,
    OneOf,
    Python,
    declare,
    maybe,
    option,
)

OPTIMIZERS = ("adam", "adagrad", "sgd")


def batch_size(asked: int | None, rows: int) -> int:
    """Rows a step: as asked, else a power of two that gives an epoch some hundred steps, 64 to 1024."""
    return asked if asked is not None else min(max(2 ** int(math.log2(max(rows, 100) / 100)), 64), 1024)


@declare("settings", "train", example="train epochs=5 batch=4096 lr=1e-3")
class Train(Declaration):
    """How the model is trained."""

    epochs: int = option(Int(minimum=1), 15, "passes over the training rows at most; early stopping may end before")
    batch: int | None = option(maybe(Int(minimum=1)), None, "rows a step; none: chosen from the number of rows")
    lr: float = option(Float(above=0), 1e-3, "learning rate")
    optimizer: Any = option(
        OneOf((Choice(OPTIMIZERS), Python("a Keras optimizer", lambda o: hasattr(o, "apply_gradients")))),
        "adam",
        "optimizer of the dense part; embedding tables use its row-sparse form",
    )
    early_stop: int | str | None = option(
        OneOf((Bool(), Int(minimum=1), Name("metric"), Nothing())),
        3,
        "epochs without a better validation before training ends, or the metric to watch (click.auc); none: never",
    )
    warmup: int = option(
        Int(minimum=0), 100, "steps over which the learning rate rises to `lr`; a tenth of the run at most"
    )
    average: float | None = option(
        maybe(Float(minimum=0, below=1)),
        0.999,
        "decay of the averaged dense weights that are evaluated and kept; none: no averaging",
    )
    seed: int = option(Int(minimum=0), 0, "seed of initial weights, order of rows and dropout")
