"""The `train` statement."""

from __future__ import annotations

import math
from typing import Any

from mtl_magic.parameters import SEED, Bool, Choice, Float, Int, Name, Nothing, OneOf, Python, maybe
from mtl_magic.registry import Declaration, declare, option

LR = 1e-3  # where neither the cell nor an optimizer of the user's own says
OPTIMIZERS = ("adam", "adagrad", "sgd")


def _is_optimizer(value: Any) -> bool:
    return hasattr(value, "apply_gradients") and not isinstance(value, type)


def batch_size(asked: int | None, rows: int) -> int:
    """Rows a step: as asked, else a power of two that gives an epoch some hundred steps, 64 to 1024."""
    return asked if asked is not None else min(max(2 ** int(math.log2(max(rows, 100) / 100)), 64), 1024)


@declare("settings", "train", example="train epochs=5 batch=4096 lr=1e-3")
class Train(Declaration):
    """How the model is trained.

    After each epoch the validation part is scored, and the run keeps the weights of the best epoch. Without a metric in
    `early_stop` the score is the mean over the tasks of validation loss / loss of the best constant predictor, each
    task by its `weight`; a task with m events in the validation part (rows, or rows of the rarer side of a binary task)
    has m / (m + 30) of its say. Without a validation part, or with `early_stop=none`, the last epoch is kept.

    The rate stays at `lr` once it is reached. A schedule, weight decay and clipping of the dense part come with an
    optimizer of your own.
    """

    epochs: int = option(Int(minimum=1), 15, "passes over the training rows at most; early stopping may end before")
    batch: int | None = option(
        maybe(Int(minimum=1)),
        None,
        "rows a step; none: the power of two next below training rows / 100, from 64 to 1024",
    )
    lr: float | None = option(
        maybe(Float(above=0)),
        None,
        "learning rate; none: 0.001, or that of an optimizer of your own, its schedule included",
    )
    optimizer: Any = option(
        OneOf((Choice(OPTIMIZERS), Python("a Keras optimizer", _is_optimizer))),
        "adam",
        "optimizer of the dense part; embedding tables use its row-sparse form: of one of your own that of sgd or adagrad where it is one, else of adam",
    )
    early_stop: int | str | None = option(
        OneOf((Bool(), Int(minimum=1), Name("metric"), Nothing())),
        3,
        "epochs in a row without a better validation before training ends; true: 3; none or false: never; or what to watch in place of the mean, with a patience of 3: a metric that the task reports (click.auc, click.gauc, without its options) or its loss (click.loss)",
    )
    warmup: int = option(
        Int(minimum=0), 100, "steps over which the learning rate rises to `lr`; a tenth of the run at most"
    )
    average: float | None = option(
        maybe(Float(minimum=0, below=1)),
        0.999,
        "decay of the averaged dense weights that are evaluated and kept; none: no averaging",
    )
    seed: int = option(Int(minimum=0, maximum=SEED), 0, "seed of initial weights, order of rows and dropout")
