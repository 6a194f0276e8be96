"""What training says while it runs. Plain records: the store, progress and dashboard subscribe; training knows none of them.

All times are seconds since the run began (`time.perf_counter` differences); all losses are means over labelled rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class Event:
    pass


@dataclasses.dataclass(frozen=True)
class Preparing(Event):
    """The data is read, counted or encoded, a few times a second; nothing is said of what takes but a moment."""

    what: str  # 'reading' | 'counting' | 'encoding'
    done: int
    total: int  # 0: nobody knows
    unit: str  # 'rows', or 'files', 'columns'
    seconds: float  # since the preparation began


@dataclasses.dataclass(frozen=True)
class Kept(Event):
    """The run has its folder in a store; before `Started`."""

    folder: str


@dataclasses.dataclass(frozen=True)
class Started(Event):
    """Training begins (or goes on, where `step` is not 0)."""

    tasks: tuple[str, ...]
    metrics: Mapping[str, str]  # task -> the metric by which a person watches it ('auc')
    epochs: int
    steps_per_epoch: int
    batch: int
    rows: int
    step: int = 0
    method: str = ""  # of balancing, as the cell writes it


@dataclasses.dataclass(frozen=True)
class Progress(Event):
    """A few times a second."""

    step: int
    epoch: float  # 1.5 is the middle of the second epoch
    seconds: float
    rows_per_second: float
    losses: Mapping[str, float]  # per task, raw training loss, mean since the last Progress (NaN: no labelled row)
    weights: Mapping[str, float]  # per task, as applied: method's times the person's


@dataclasses.dataclass(frozen=True)
class Device(Event):
    """How full and how busy a GPU of this process is; after a Progress, where there is one. Bytes."""

    step: int
    seconds: float
    name: str  # 'GPU:0'
    used: int  # what TensorFlow has in use now
    peak: int  # the most that it had
    total: int | None = None  # of the card; None: nobody says (see `train/meter.py`)
    busy: float | None = None  # share of the last moment in which it computed, 0 to 1


@dataclasses.dataclass(frozen=True)
class Gates(Event):
    """How the tasks use the experts of a gated block; now and then, where there is one."""

    step: int
    seconds: float
    block: str  # as the cell names it; of a level of it 'ple, level 2'
    tasks: tuple[str, ...]  # whose gates they are
    experts: tuple[str, ...]
    use: tuple[tuple[float, ...], ...]  # tasks × experts: mean gate weight; a row sums to 1


@dataclasses.dataclass(frozen=True)
class Gradients(Event):
    """How the tasks' gradients stand to each other; now and then, where the method balances gradients, or `train gradients`
    has them compared.

    Means over those of the steps since the last one in which they were compared and both tasks had one; NaN without any.
    """

    step: int
    seconds: float
    tasks: tuple[str, ...]
    cosines: tuple[tuple[float, ...], ...]  # tasks × tasks
    norms: tuple[float, ...]  # of the gradients of the losses that the method sees, mostly normalised
    conflict: tuple[tuple[float, ...], ...]  # tasks × tasks: share of steps in which the cosine was below 0
    weights: tuple[float, ...]  # as the last step applied them: the method's times the person's
    steps: tuple[tuple[int, ...], ...] = ()  # tasks × tasks: in how many of these steps both had a gradient
    left_out: tuple[int, ...] = ()  # in how many the others had one and this task had none that is finite and not 0
    overall: tuple[tuple[float, ...], ...] = ()  # as `conflict`, of all steps since training began


@dataclasses.dataclass(frozen=True)
class Evaluated(Event):
    """After an epoch: validation metrics (or none), exact."""

    step: int
    epoch: int
    seconds: float
    train_losses: Mapping[str, float]  # per task, mean over the epoch
    metrics: Mapping[str, Mapping[str, float]]  # task -> metric -> value, on the validation part; 'loss' among them
    weights: Mapping[str, float]
    lr: float
    best: bool  # the best epoch so far


@dataclasses.dataclass(frozen=True)
class Steered(Event):
    """A command was carried out: a person set a weight, paused, resumed, stopped."""

    step: int
    seconds: float
    what: str  # 'weight' | 'lr' | 'method' | 'pause' | 'resume' | 'checkpoint' | 'stop'
    task: str = ""
    value: float | str | None = None
    before: float | str | None = None  # what it was


@dataclasses.dataclass(frozen=True)
class Changed(Event):
    """A training that goes on has another weight or option than it began with; `before` and `after` as in a cell."""

    step: int
    seconds: float
    what: str  # 'weight of click' | 'train lr'
    before: str  # '': it was not written
    after: str


@dataclasses.dataclass(frozen=True)
class Trouble(Event):
    """Something of the run cannot be kept on disk; training goes on."""

    text: str


@dataclasses.dataclass(frozen=True)
class Note(Event):
    """A sentence for the person (early stopping, a best epoch restored)."""

    text: str


@dataclasses.dataclass(frozen=True)
class Finished(Event):
    """Training is over. `why`: 'epochs' | 'early_stop' | 'stopped' | 'interrupted'."""

    step: int
    epoch: int
    seconds: float
    why: str
    best_epoch: int | None = None


# What hears events. One that has a true attribute `watches` is a person's, who looks now: what costs more than a number
# (how gates are used) is computed for such a one while training runs, and once at the end for all.
Listener = Callable[[Event], None]
