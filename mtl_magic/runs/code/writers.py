"""How each word of the language is written as code: one writer a word, found by family and word.

A writer is a function, registered with `writes`; its files lie in `words/`, and importing a file registers what is in it.
What a writer is called with and gives back is said by the class of its family below. A new block brings a writer of
some twenty lines; a test fails for a word without one.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.runs.code.source import Functions

F = TypeVar("F", bound=Callable[..., Any])
_WRITERS: dict[tuple[str, str], Callable[..., Any]] = {}

# families of words that a script writes -> what their writers are called with, and what they give
FAMILIES = {
    "encoder": "(encoder, At) -> EncoderText",
    "block": "(declaration, BlockAt) -> BlockText",
    "task": "(declaration, TaskAt) -> TaskText",
    "loss": "(declaration, Functions, TaskSchema or None) -> expression: (labels (B,), logits (B, units)) -> (B,); of lists: (labels, logits, lists (B,), known (B,)) -> (B,)",
    "metric": "(declaration, Functions, MetricAt) -> expression: a number",
    "given": "(declaration, GivenAt) -> GivenText",
    "balance": "(declaration, Functions) -> BalanceText",
}


def writes(family: str, word: str) -> Callable[[F], F]:
    """Decorator: the function writes this word."""

    def wrap(writer: F) -> F:
        _WRITERS[family, word] = writer
        return writer

    return wrap


def writer(family: str, word: str) -> Callable[..., Any]:
    """The writer of a word.

    Raises:
        MtlError: MTL442 it has none.
    """
    found = _filled().get((family, word))
    if found is None:
        hint = "the model itself is run.model, a plain keras.Model; run.save keeps it"
        raise MtlError(Problem("MTL442", f"the {family} '{word}' cannot be written as plain Keras", hint=hint))
    return found


@functools.cache
def _filled() -> dict[tuple[str, str], Callable[..., Any]]:
    root = importlib.import_module("mtl_magic.runs.code.words")
    for module in pkgutil.iter_modules(root.__path__):
        importlib.import_module(f"{root.__name__}.{module.name}")
    return _WRITERS


# ---------------------------------------------------------------------------------------------------------------------
# What writers are called with and give


@dataclasses.dataclass(frozen=True)
class Column:
    """One input of the model: what `encode` gives for it, and what its encoder has learnt."""

    suffix: str  # of the feature's name: '' or 'bin'
    value: Any  # expression over `frame` and `learnt`
    learnt: Any = None  # what encoders.json keeps of it; None: nothing
    rows: int = 0  # of its embedding; 0: the numbers themselves are the input
    width: int = 1  # of its embedding, or of the numbers
    length: int = 0  # of a list
    pool: str = ""  # 'mean' or 'sum' of a list's embeddings


@dataclasses.dataclass(frozen=True)
class At:
    """Where an encoder is written."""

    functions: Functions
    column: Any  # expression of the table's column
    learnt: Callable[[str], Any]  # suffix -> expression of what encoders.json keeps of that input


@dataclasses.dataclass(frozen=True)
class BlockAt:
    """Where a block is written: inside `build()`."""

    functions: Functions
    key: str  # names its layers
    variable: str  # a free Python name for what its takers read
    source: str  # expression of its concatenated sources, (B, width)
    takers: tuple[str, ...]  # keys of what reads it, `Taker`s
    features: Callable[[tuple[str, ...]], str] = lambda names: ""  # expression of features side by side, (B, width)
    ids: Callable[[str], tuple[str, int]] = lambda name: (
        "",
        0,
    )  # that of a feature's one id (B,), and how many there are
    own: Callable[[str], str] = lambda taker: ""  # that of the block's features, of embeddings of the taker's own
    notes: list[str] = dataclasses.field(default_factory=list)  # sentences for the script's docstring, to be added to
    layer: Callable[[str], Any] = lambda name: None  # a layer of the run's trunk, by name


@dataclasses.dataclass(frozen=True)
class BlockText:
    """A block as code.

    Attributes:
        lines: statements of `build()`, indented once.
        read: key of a taker -> expression of what it reads, (B, width').
        layers: names of the layers that are the block's own.
        gates: key of a taker -> names of the layers that are its own.
        values: weights by the names of `model.pieces`, made of the run's: needed where several parts are one variable.
        copied: name of a layer of the script -> that layer of the run, all of whose weights it takes.
        notes: sentences for the script's docstring.
    """

    lines: list[str]
    read: Callable[[str], str]
    layers: tuple[str, ...] = ()
    gates: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    values: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]] = lambda pieces: {}
    copied: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TaskAt:
    """Where a task's label and prediction are written."""

    functions: Functions
    title: str  # of the output
    classes: Any  # expression of its classes
    task: Any  # TaskSchema


@dataclasses.dataclass(frozen=True)
class TaskText:
    """A task as code, its expressions as functions of others."""

    label: Callable[[Any], Any]  # column -> labels (rows,), NaN where there is none
    target: Callable[[Any], Any] | None  # labels -> what the loss reads; None: the labels
    columns: Callable[[Any], dict[str, Any]]  # logits (rows, units) -> columns of a prediction; '**': several
    predicted: Any  # expression over `predicted`, the table of predictions: what metrics read
    lists_classes: bool = False  # the script names its classes
    several: bool = False  # labels are (rows, classes), any number of them in a row


@dataclasses.dataclass(frozen=True)
class MetricAt:
    """Where a metric is written: expressions over the labelled rows."""

    labels: Any
    predicted: Any
    column: Callable[[str], Any]  # name of a column -> expression of its values
    kind: str = ""  # word of the task's kind


@dataclasses.dataclass(frozen=True)
class GivenAt:
    """Where a dependency is written, with all parents of a task by it; its names are expressions in `build()`."""

    functions: Functions
    child: Any  # TaskSchema
    parents: tuple[Any, ...]  # TaskSchema
    source: str  # what the child's tower reads
    tower: str  # what its head would read
    reads: Mapping[str, Any]  # key of a parent -> what its head reads
    logits: str  # of the child, so far
    above: tuple[str, ...]  # final ones of the parents
    units: tuple[int, ...]  # of the child's tower
    dropout: float  # of the child's tower


@dataclasses.dataclass(frozen=True)
class GivenText:
    """A dependency as code.

    Attributes:
        read: expression of what the child's head reads; None: its tower.
        layers: names of layers that belong to the child.
        logits: expressions of the child's logits, one after another.
        further: outputs of the network that only the loss reads -> their expressions.
        term: expression of a function, (labels (rows, 1 + parents), logits side by side) -> what is added to the loss of
            each row (`functions/risks.py`); None: nothing.
    """

    read: Any = None
    layers: tuple[str, ...] = ()
    logits: Sequence[Any] = ()
    further: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    term: Any = None


@dataclasses.dataclass(frozen=True)
class BalanceText:
    """A balancing method as code."""

    normalised: bool  # each loss counts over the best constant's
    model: Callable[[str], tuple[Any, Any]] | None = None  # network -> what is trained, and the loss of `compile`
    notes: tuple[str, ...] = ()  # sentences for the script's docstring
