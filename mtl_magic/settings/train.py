"""The `train` statement."""

from __future__ import annotations

import math
from typing import Any

from mtl_magic.parameters import SEED, Bool, Choice, Float, Int, Name, Nothing, OneOf, Python, maybe
from mtl_magic.registry import Declaration, declare, option

LR = 1e-3  # where neither the cell nor an optimizer of the user's own says
OPTIMIZERS = ("adam", "adagrad", "sgd")
# optimizers of embedding tables -> how many numbers each keeps of an entry, and of a row
TABLES = {
    "adam": (2, 1),
    "lazy_adam": (2, 0),
    "dense_adam": (2, 0),
    "adagrad": (1, 0),
    "rowwise_adagrad": (0, 1),
    "sgd": (0, 0),
}
SCHEDULES = ("constant", "cosine", "linear")


def _is_optimizer(value: Any) -> bool:
    return hasattr(value, "apply_gradients") and not isinstance(value, type)


def has_schedule(optimizer: Any) -> bool:
    """Whether a Keras optimizer's learning rate is a schedule of its own; a word has none."""
    return not isinstance(optimizer, str) and isinstance(optimizer.get_config()["learning_rate"], dict)


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

    The rate stays at `lr` once it is reached, unless `schedule` says another course.

    Embedding tables are updated where a batch touches them. With `adam` a row that rests makes up for the moves and decays
    that it missed when a batch touches it again, and before the model is evaluated: dense Adam's result, up to the course
    of the rate in between, without its cost. `lazy_adam` forgets what was missed: a row's moments are those of its own
    touches. `dense_adam` is Adam on the whole table at every step. `rowwise_adagrad` keeps one number a row in place of
    one an entry (Naumov et al. 2019, DLRM); with `adagrad` and `sgd` a row that is not touched would not move anyhow.

    `accumulate=n` takes a step of n · `batch` rows in n slices, one after another: the same step as that of a batch n
    times as large, except that batch normalisation, and a loss of your own that mixes rows, see a slice at a time. Where
    the balancing weights depend on the losses, a first pass without gradients computes these for all slices.

    `clip` holds for the norm of all gradients together, the tables' included. `weight_decay` is decoupled from the
    gradient (Loshchilov & Hutter 2019): a step takes lr · weight_decay of each kernel and of each row that it touches;
    biases and other vectors do not decay. Of an optimizer of your own it replaces the decay, where it is above 0.
    """

    epochs: int = option(Int(minimum=1), 15, "passes over the training rows at most; early stopping may end before")
    batch: int | None = option(
        maybe(Int(minimum=1)),
        None,
        "rows a step; none: the power of two next below training rows / 100, from 64 to 1024",
    )
    accumulate: int = option(
        Int(minimum=1),
        1,
        "batches whose gradients make one step: the step of so many times `batch` rows, in the memory of `batch`",
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
    tables: str | None = option(
        maybe(Choice(tuple(TABLES))),
        None,
        "optimizer of the embedding tables; none: the one that goes with `optimizer`",
    )
    clip: float | None = option(
        maybe(Float(above=0)),
        None,
        "greatest norm of all gradients together, tables included: longer ones are scaled down to it; none: no clipping",
    )
    weight_decay: float = option(
        Float(minimum=0), 0.0, "decoupled decay of kernels and of touched table rows, times the learning rate a step"
    )
    early_stop: int | str | None = option(
        OneOf((Bool(), Int(minimum=1), Name("metric"), Nothing())),
        3,
        "epochs in a row without a better validation before training ends; true: 3; none or false: never; or what to watch in place of the mean, with a patience of 3: a metric that the task reports (click.auc, click.gauc, without its options) or its loss (click.loss)",
    )
    warmup: int = option(
        Int(minimum=0), 100, "steps over which the learning rate rises to `lr`; a tenth of the run at most"
    )
    schedule: str = option(
        Choice(SCHEDULES),
        "constant",
        "course of the rate from the end of the warm-up to the last of the planned steps: constant, or falling to 0 as half a cosine (Loshchilov & Hutter 2017) or in a line",
    )
    average: float | None = option(
        maybe(Float(minimum=0, below=1)),
        0.999,
        "decay of the averaged dense weights that are evaluated and kept; none: no averaging",
    )
    seed: int = option(Int(minimum=0, maximum=SEED), 0, "seed of initial weights, order of rows and dropout")

    def step_rows(self, rows: int) -> int:
        """Rows of a step, of `rows` training rows."""
        return batch_size(self.batch, rows) * self.accumulate

    def check(self) -> None:
        if self.schedule != "constant" and self.lr is None and has_schedule(self.optimizer):
            raise ValueError(
                f"schedule={self.schedule} and the optimizer's own schedule cannot both hold: leave one out, or give lr="
            )
