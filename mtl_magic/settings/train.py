"""The `train` statement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mtl_magic.parameters import SEED, Bool, Choice, Float, Int, ListOf, Name, Nothing, OneOf, PerName, Python, maybe
from mtl_magic.parts import OPTIMIZER, TABLES, has_schedule
from mtl_magic.registry import Declaration, declare, option

LR = 1e-3  # where neither the cell nor an optimizer of the user's own says
SCHEDULES = ("constant", "cosine", "linear")
PRECISIONS = ("float32", "mixed", "mixed_bfloat16", "mixed_float16")
DEVICES = ("auto", "one", "all")


def _is_callback(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("set_model", "on_epoch_end", "on_train_begin")) and not isinstance(
        value, type
    )


def _is_run(value: Any) -> bool:
    return (hasattr(value, "model") and hasattr(value, "schema")) or hasattr(value, "__fspath__")


def batch_size(asked: int | None, rows: int) -> int:
    """Rows a step: as asked, else a power of two that gives an epoch some hundred steps, 64 to 1024."""
    return asked if asked is not None else min(max(2 ** int(math.log2(max(rows, 100) / 100)), 64), 1024)


def planned(rows: Sequence[int], shares: Sequence[float] | None = None) -> list[int]:
    """Rows that an epoch takes of each of several tables: together as many as all have, at least one of each.

    Args:
        rows: of each table.
        shares: parts of a batch, of which the ratios count; None: as many rows as it has.

    Example:
        >>> planned([900, 100]), planned([900, 100], [7, 3])
        ([900, 100], [700, 300])
    """
    if shares is None:
        return list(rows)
    total, whole, places = sum(rows), sum(shares), range(len(rows))
    exact = [share / whole * total for share in shares]
    made = [max(int(count), 1) for count in exact]
    for k in sorted(places, key=lambda k: made[k] - exact[k])[: max(total - sum(made), 0)]:
        made[k] += 1
    made[max(places, key=made.__getitem__)] += total - sum(made)  # what a table gets that would have none
    return made


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

    With a `precision` of 16 bits layers multiply and add in them; weights, embedding rows, gradients of both, logits, losses,
    averages and the balancing method's evidence stay float32, and a layer of your own computes in its own dtype. `mixed`, which
    is `mixed_bfloat16`, has the range of float32. With `mixed_float16` the loss is multiplied by a scale before it is
    differentiated; a step in which a gradient overflows is not taken, and the scale halves (Micikevicius et al. 2018). Both
    are for GPUs with 16-bit units: a CPU gains nothing.

    Several tables teach one network (`--data` several times): each the tasks whose label columns it has. A batch takes rows
    of each table, in proportion to their training rows unless `mix` gives other shares, to within one row; an epoch
    has as many rows as all tables have. With `mix` a table whose rows are used up within an epoch begins anew, in
    another order, and one that is not goes on in the next.

    `jit` compiles layers, losses and balancing by XLA, for one number of rows: the shorter last batch of an epoch goes
    without. It costs seconds before the first step; on a CPU it pays for small batches alone, so that `auto` leaves it out.
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
        OPTIMIZER,
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
    devices: int | str = option(
        OneOf((Choice(DEVICES), Int(minimum=1))),
        "auto",
        "what computes: one or auto: the first GPU, without one the CPU; all: every GPU, each with its share of a step's rows; or so many of them",
    )
    precision: str = option(
        Choice(PRECISIONS),
        "float32",
        "what the layers compute in: float32, or 16 bits between float32 rows, weights and logits; mixed is mixed_bfloat16",
    )
    jit: bool | str = option(
        OneOf((Bool(), Choice(("auto",)))),
        "auto",
        "whether XLA compiles the layers, losses and balancing of a step; auto: where there is a GPU, and XLA can",
    )
    gradients: int | bool | None = option(
        OneOf((Bool(), Int(minimum=1), Nothing())),
        None,
        "compare the tasks' gradients at the shared representation every so many steps (cosines, norms, who conflicts with whom), whatever the method; true: every 50; none or false: only where a method of gradients does, at each step that it solves",
    )
    callbacks: tuple[Any, ...] | None = option(
        maybe(ListOf(Python("a Keras callback", _is_callback), 1)),
        None,
        "Keras callbacks, one or a list; their logs are loss, click_loss, val_loss, val_click_loss, val_click_auc and so on, and the learning rate that they set is the peak",
    )
    warm_start: Any = option(
        OneOf((Name("run"), Python("a run, or the path of its folder", _is_run), Nothing())),
        None,
        "a run to begin with, by its name, or the path of its folder in quotes: what both networks have is copied, embedding rows by their values, layers by name and shape; the run's notes say what was not",
    )
    mix: dict[str, float] | None = option(
        maybe(PerName(Float(above=0), "table")),
        None,
        "of several tables the parts of each batch, by name: that of the variable, file or key; only their ratios count; none: as many rows of each as it has",
    )
    seed: int = option(Int(minimum=0, maximum=SEED), 0, "seed of initial weights, order of rows and dropout")

    def plan(self, tables: Sequence[Any]) -> list[int]:
        """Rows that an epoch takes of each table with a `name` and `rows` (`data.schema.Taught`)."""
        shares = [self.mix[table.name] for table in tables] if self.mix else None
        return planned([table.rows for table in tables], shares)

    def step_rows(self, rows: int) -> int:
        """Rows of a step, of `rows` training rows."""
        return batch_size(self.batch, rows) * self.accumulate

    def check(self) -> None:
        if self.jit is True and self.accumulate > 1:
            raise ValueError(
                "jit=true and accumulate cannot both hold: XLA takes a batch at once; leave one of them out"
            )
        if self.schedule != "constant" and self.lr is None and has_schedule(self.optimizer):
            raise ValueError(
                f"schedule={self.schedule} and the optimizer's own schedule cannot both hold: leave one out, or give lr="
            )
