"""The tasks' labels: kinds inferred, classes fixed, statistics of the training rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encode import mask
from mtl_magic.data.infer import task_kind
from mtl_magic.data.labels import encode_label, fit_label, shown
from mtl_magic.data.schema import TaskSchema
from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from mtl_magic.data.problems import Found
    from mtl_magic.data.sources import Table
    from mtl_magic.program import Program, TaskPlan
    from mtl_magic.tasks._base import TaskKind


@dataclasses.dataclass(frozen=True)
class Target:
    """A task with its label on every row, (n,) float32; the classes are those of all rows of the data."""

    plan: TaskPlan
    column: str
    kind: TaskKind
    inferred: bool
    classes: tuple[Any, ...]
    labels: np.ndarray

    @property
    def mask(self) -> str | None:
        return _column(self.kind, "mask")

    @property
    def sample_weight(self) -> str | None:
        return _column(self.kind, "sample_weight")

    def extras(self) -> list[tuple[str, str]]:
        """Columns that the task needs beside its label, and what each is to it."""
        found = [(word, c) for word, c in (("sample weight", self.sample_weight), ("mask", self.mask)) if c]
        metrics: tuple[Any, ...] = getattr(self.kind, "metrics_of", tuple)()
        parts = [("metric", m) for m in metrics] + [("loss", getattr(self.kind, "loss", None))]
        for word, part in parts:
            columns = getattr(part, "columns", None)
            if callable(columns) and isinstance(part, Declaration):
                found += [(f"{word} '{part.word}'", c) for c in columns()]
        return found


def _column(kind: Declaration, option: str) -> str | None:
    value = getattr(kind, option, None)
    return value if isinstance(value, str) else None


def fit_targets(program: Program, table: Table, found: Found) -> list[Target]:
    """Every task whose label can be read; what is wrong with the others is kept in `found`."""
    targets = []
    for plan in program.tasks:
        column = table.resolve(plan.label)
        if column is None:
            span = plan.kind_span if plan.label != plan.name else plan.span
            found.unknown(f"the label of task '{plan.name}'", plan.label, table.names, span)
            continue
        kind: Any = plan.kind
        if kind is None:
            guess = task_kind(table[column])
            if guess.kind is None:
                found.add("MTL209", f"label '{column}' of task '{plan.name}' {guess.why}", plan.span, guess.hint)
                continue
            kind = guess.kind
        try:
            classes = fit_label(table[column], kind)
            labels = encode_label(table[column], kind, classes)
        except MisfitError as error:
            code = getattr(error, "code", "MTL204")
            found.add(code, f"label '{column}' of task '{plan.name}' {error.message}", plan.span, error.hint)
            continue
        mask(labels, table, getattr(kind, "mask", None))
        if kind.word == "binary" and classes:
            found.note(f"Task '{plan.name}': 1 is {shown(classes[1])}, 0 is {shown(classes[0])}.")
        targets.append(Target(plan, column, kind, plan.kind is None, classes, labels))
    return targets


def statistics(target: Target, train: np.ndarray, found: Found) -> TaskSchema | None:
    """The task with what its labels are like on the training rows; its key is set later."""
    plan, kind = target.plan, target.kind
    labels = target.labels[train]
    known = labels[~np.isnan(labels)].astype("float64")
    about = f"label '{target.column}' of task '{plan.name}'"
    if not len(known):
        found.add("MTL205", f"{about} has no value in any training row", plan.span)
        return None
    if known.min() == known.max():
        value = shown(target.classes[int(known[0])]) if target.classes else f"{known[0]:g}"
        hint = "the split leaves no other value to train on"
        found.add("MTL203", f"{about} is {value} in every labelled training row", plan.span, hint)
        return None
    frequencies: tuple[float, ...] = ()
    if kind.word in ("binary", "multiclass"):
        size = 2 if kind.word == "binary" else len(target.classes)
        frequencies = tuple((np.bincount(known.astype("int64"), minlength=size) / len(known)).tolist())
    return TaskSchema(
        name=plan.name,
        key=plan.name,
        label=target.column,
        kind=kind,
        inferred=target.inferred,
        classes=target.classes,
        rows=len(known),
        mean=float(known.mean()),
        std=float(known.std()) or 1.0,
        frequencies=frequencies,
        constant_loss=float(kind.constant_loss(known.astype("float32"), frequencies)),
    )
