"""What is known of a table once its vocabularies and scales are fitted on the training rows: the contract between data and model.

A row is two packed vectors: `ids` (int32, the embedding rows to look up; each feature counts its own from 0) and
`floats` (float32). Each feature owns a slice of either or both. Labels are float32 with NaN for "no label": one number a task, and
behind these what tasks need of a row beside them (`Beside`).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.sources import Table
    from mtl_magic.data.split import Parts
    from mtl_magic.data.streaming.scratch import Scratch
    from mtl_magic.problems import Problem
    from mtl_magic.registry import Declaration
    from mtl_magic.tasks._base import TaskKind


@dataclasses.dataclass(frozen=True)
class EncodedFeature:
    """One feature: its encoder and the slices of the packed row that it fills."""

    name: str  # the user's
    key: str  # Keras-safe
    kind: Declaration  # with its options
    encoder: Encoder
    ids: tuple[int, int]  # [start, stop) in `ids`
    floats: tuple[int, int]  # [start, stop) in `floats`
    inferred: bool = False
    optional: bool = False  # a table that teaches lacks the column: its values are missing in such a table's rows

    @property
    def source(self) -> str:
        """The column that it reads."""
        return getattr(self.kind, "column", None) or self.name

    @property
    def width(self) -> int:
        """Numbers that it gives the network."""
        embedded = self.encoder.id_width if self.encoder.pool is None else 1
        return embedded * int(self.encoder.dim or 0) * bool(self.encoder.id_width) + self.encoder.float_width


@dataclasses.dataclass(frozen=True)
class TaskSchema:
    """One head, with what its labels are like on the training rows."""

    name: str
    key: str
    label: str  # column
    kind: TaskKind
    inferred: bool = False
    classes: tuple[Any, ...] = ()  # of a multiclass (or a non-0/1 binary) label, in order of their index
    rows: int = 0  # labelled training rows
    mean: float = 0.0  # mean of the encoded label: the positive rate of a binary task
    std: float = 1.0
    frequencies: tuple[float, ...] = ()  # of the classes of a binary or multiclass label on the training rows
    observed: tuple[str, ...] = ()  # parents whose label must be 1 for this task's label to count
    constant_loss: float = 1.0  # mean loss of the best constant predictor on the training rows
    sampled_loss: float | None = None  # the same on those whose negatives are sampled; None: none are
    class_weights: tuple[float, ...] = ()  # weight of each class (0 and 1 of a binary task); (): all 1
    learnt: tuple[float, ...] = ()  # what the loss keeps of the training labels (`Loss.learnt`)
    start: tuple[float, ...] = ()  # logits of the best constant, where the loss knows better than the kind
    form: str = ""  # how columns hold the classes of a multilabel task (`data/flags.py`)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the label: of a multilabel task there may be several."""
        return getattr(self.kind, "labels", None) or (self.label,)

    @property
    def exclusive(self) -> bool:
        """Whether a row has one of the classes; of a multilabel task it has any number of them."""
        return self.kind.word != "multilabel"


@dataclasses.dataclass(frozen=True)
class Beside:
    """Where in a row's labels stands what tasks need beside the one number that each has."""

    flags: tuple[tuple[int, int], ...]  # of each task [start, stop): 0, 1 or NaN a class of a multilabel one
    weights: tuple[int | None, ...]  # of each task its `sample_weight`, at least 0; None: it has none
    lists: int | None  # the first of two numbers that are equal in the rows of one list; None: no loss compares rows
    width: int  # of all

    @classmethod
    def of(cls, tasks: Sequence[TaskSchema]) -> Beside:
        at = len(tasks)
        flags, weights = [], list[int | None]()
        for task in tasks:
            stop = at + (0 if task.exclusive else len(task.classes))
            flags.append((at, stop))
            at = stop
            weights.append(at if task.kind.sample_weight is not None else None)
            at += weights[-1] is not None
        compares = any(task.kind.lists for task in tasks)
        return cls(tuple(flags), tuple(weights), at if compares else None, at + 2 * compares)


@dataclasses.dataclass(frozen=True)
class Schema:
    features: tuple[EncodedFeature, ...]
    tasks: tuple[TaskSchema, ...]
    extras: tuple[
        str, ...
    ] = ()  # columns (by the cell's spelling) that reach metrics without being features: group, time

    @property
    def id_width(self) -> int:
        return max((f.ids[1] for f in self.features), default=0)

    @property
    def float_width(self) -> int:
        return max((f.floats[1] for f in self.features), default=0)

    @functools.cached_property
    def beside(self) -> Beside:
        return Beside.of(self.tasks)

    @property
    def lists(self) -> str | None:
        """The column whose equal values the losses of tasks compare; None: each row is by itself."""
        return next((column for task in self.tasks if (column := task.kind.lists)), None)

    def feature(self, name: str) -> EncodedFeature:
        return next(f for f in self.features if f.name == name)

    def task(self, name: str) -> TaskSchema:
        return next(t for t in self.tasks if t.name == name)


class Rows(Protocol):
    """Encoded rows, in memory (`Part`) or on disk (`streaming.spool.StoredPart`)."""

    @property
    def index(self) -> pd.Index: ...

    @property
    def extras(self) -> Mapping[str, np.ndarray]:
        """Columns that metrics read, (n,) each."""

    @property
    def labels(self) -> np.ndarray:
        """(n, tasks) float32, NaN where there is no label, or it does not count (`TaskSchema.observed`); then what stands
        beside (`Beside`).
        """

    def feed(self, hashing: hashlib.blake2b) -> None:
        """Put the rows into a hash, in a way that is the same on every machine."""

    def label(self, k: int) -> np.ndarray:
        """The labels of task k, (n,) float32."""

    def chunks(self, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """ids, floats and labels of all rows in order, `rows` at a time; one empty chunk of no rows."""

    def __len__(self) -> int: ...


@dataclasses.dataclass
class Part:
    """Encoded rows in memory."""

    ids: np.ndarray  # (n, id_width) int32
    floats: np.ndarray  # (n, float_width) float32
    labels: np.ndarray  # (n, tasks) float32, NaN where there is no label, or it does not count (`TaskSchema.observed`)
    index: pd.Index
    extras: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def feed(self, hashing: hashlib.blake2b) -> None:
        for array in (self.ids, self.floats, self.labels):
            hashing.update(repr((array.shape, array.dtype.str)).encode())
            hashing.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")

    def label(self, k: int) -> np.ndarray:
        return self.labels[:, k]

    def chunks(self, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for start in range(0, max(len(self), 1), rows):
            chosen = slice(start, start + rows)
            yield self.ids[chosen], self.floats[chosen], self.labels[chosen]


@dataclasses.dataclass(frozen=True)
class Raw:
    """The tables as they came, for the checks before training: all rows that the split divides, and tables of parts."""

    table: Table
    parts: Parts
    valid: Table | None = None
    test: Table | None = None
    labels: np.ndarray | None = None  # (n, tasks) of `table`, those that do not count too; None where all count
    starts: tuple[int, ...] = (0,)  # the first row in `table` of each table that it is joined of

    def tables(self) -> list[Table]:
        """`table`, or those that it is joined of."""
        stops = (*self.starts[1:], len(self.table))
        return [self.table.part(start, stop - start) for start, stop in zip(self.starts, stops, strict=True)]


@dataclasses.dataclass(frozen=True)
class Taught:
    """One of several tables, and what its training rows teach."""

    name: str  # as `train mix=` calls it
    rows: int  # that train
    labels: dict[str, int]  # task -> its labelled training rows here; without those tasks of which there are none
    lacks: tuple[str, ...] = ()  # features whose columns it has not


@dataclasses.dataclass
class Prepared:
    """Everything that training reads."""

    schema: Schema
    train: Sequence[Rows]  # one a table
    valid: Rows | None
    test: Rows | None
    notes: list[str] = dataclasses.field(default_factory=list)  # one sentence each, for the user
    raw: Raw | None = None  # let go once the checks have read it
    warnings: tuple[Problem, ...] = ()  # what the checks found
    tables: tuple[Taught, ...] = ()  # those of `train`, where there are several
    sample: Prepared | None = None  # what the checks look at where rows are on disk; let go as `raw` is
    scratch: Scratch | None = None  # holds the files of the parts

    def close(self) -> None:
        """Remove what was written for it; parts that are on disk are gone then."""
        if self.scratch is not None:
            self.scratch.close()
