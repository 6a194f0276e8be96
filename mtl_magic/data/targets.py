"""The tasks' labels: kinds inferred, classes fixed, statistics of the training rows."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encode import mask, measured
from mtl_magic.data.infer import task_kind
from mtl_magic.data.labels import LabelError, encode_label, fit_label, only, shown
from mtl_magic.data.schema import TaskSchema
from mtl_magic.data.tally import Spread
from mtl_magic.language.check import default_given
from mtl_magic.problems import listed
from mtl_magic.registry import REGISTRY, Declaration

if TYPE_CHECKING:
    from mtl_magic.data.columns import Column
    from mtl_magic.data.problems import Found
    from mtl_magic.data.sources import Table
    from mtl_magic.program import GivenPlan, Program, TaskPlan
    from mtl_magic.tasks._base import TaskKind


STEPS = 10  # of 32-bit numbers that a standard deviation of a regression's label must span


@dataclasses.dataclass(frozen=True)
class Target:
    """A task with its label on every row, (n,), where it counts; the classes are those of all such rows of the data."""

    plan: TaskPlan
    column: str
    kind: TaskKind
    inferred: bool
    classes: tuple[Any, ...]
    labels: np.ndarray
    raw: np.ndarray  # the labels before `observed`
    observed: tuple[str, ...] = ()  # parents whose label must be 1 for this task's label to count

    @property
    def where(self) -> str:
        """For the end of a sentence about the rows that count."""
        return _where(self.observed)

    @property
    def units(self) -> int:
        """Classes, two of a binary task; 0 of a regression."""
        return {"binary": 2, "multiclass": len(self.classes)}.get(self.kind.word, 0)

    @property
    def mask(self) -> str | None:
        return _column(self.kind, "mask")

    @property
    def sample_weight(self) -> str | None:
        return _column(self.kind, "sample_weight")

    def extras(self) -> list[tuple[str, str]]:
        """Columns that the task needs beside its label, and what each is to it."""
        found = [(word, c) for word, c in (("sample weight", self.sample_weight), ("mask", self.mask)) if c]
        return found + measured(self.kind)


def _column(kind: Declaration, option: str) -> str | None:
    value = getattr(kind, option, None)
    return value if isinstance(value, str) else None


def fit_targets(program: Program, table: Table, found: Found) -> list[Target]:
    """Every task whose label can be read; what is wrong with the others is kept in `found`."""
    plans = {plan.name: plan for plan in program.tasks}
    made: dict[str, Target] = {}
    for name in TopologicalSorter({p.name: [g.parent for g in p.givens] for p in program.tasks}).static_order():
        target = _target(plans[name], table, made, found)
        if target is not None:
            made[name] = target
    return [made[name] for name in plans if name in made]


def _target(plan: TaskPlan, table: Table, made: dict[str, Target], found: Found) -> Target | None:
    """One task, its parents being `made`."""
    column = table.resolve(plan.label)
    if column is None:
        span = plan.label_span or plan.span
        found.unknown(f"the label of task '{plan.name}'", plan.label, table.names, span)
        return None
    if any(g.parent not in made and getattr(g.method, "masks", True) for g in plan.givens):
        return None  # which labels count is not known; the parent has a problem of its own
    values, kind = table[column], plan.kind
    if kind is None:
        said = tuple(g.parent for g in plan.givens if g.method is not None and g.method.masks)
        guess = task_kind(_counted(values, said, made))
        if guess.kind is None:
            found.add("MTL209", f"label '{column}' of task '{plan.name}' {guess.why}", plan.span, guess.hint)
            return None
        kind = guess.kind
    observed = tuple(g.parent for g in plan.givens if g.parent in made and _masks(g, kind, made[g.parent].kind))
    counted = _counted(values, observed, made)
    try:
        classes = fit_label(counted, kind)
        labels = encode_label(counted, kind, classes)
    except MisfitError as error:
        code = error.code if isinstance(error, LabelError) else "MTL204"
        where = _where(observed) if code in ("MTL203", "MTL205") else ""
        found.add(code, f"label '{column}' of task '{plan.name}' {error.message}{where}", plan.span, error.hint)
        return None
    raw = labels
    if observed:
        try:
            raw = encode_label(values, kind, classes)
        except MisfitError:  # something else stands where it does not count
            raw = labels.copy()
        mask(raw, table, getattr(kind, "mask", None))
    mask(labels, table, getattr(kind, "mask", None))
    if kind.word == "binary" and classes:
        found.note(f"Task '{plan.name}': 1 is {shown(classes[1])}, 0 is {shown(classes[0])}.")
    return Target(plan, column, kind, plan.kind is None, classes, labels, raw, observed)  # type: ignore[arg-type]


def _masks(given: GivenPlan, child: Declaration, parent: Declaration) -> bool:
    """Whether the child's label counts only where the parent's is 1. A method that does not fit is a problem for later."""
    default = default_given(child, parent, REGISTRY) if given.method is None else None
    method: Any = default() if default else given.method
    return method is not None and bool(method.masks and method.serves(child, parent))


def _counted(values: Column, observed: tuple[str, ...], made: dict[str, Target]) -> Column:
    return only(values, np.all([made[parent].labels == 1 for parent in observed], axis=0)) if observed else values


def _where(observed: tuple[str, ...]) -> str:
    names = listed([f"'{parent}'" for parent in observed])
    return f" in which {names} is 1" if observed else ""


def statistics(target: Target, train: np.ndarray, found: Found) -> TaskSchema | None:
    """The task with what its labels are like on the training rows; its key is set later."""
    labels = target.labels[train]
    known = labels[~np.isnan(labels)].astype("float64")
    counts = np.bincount(known.astype("int64"), minlength=target.units) if target.units else np.empty(0)
    return described(target, Spread.of(known), counts, known, found)


def described(target: Target, spread: Spread, counts: np.ndarray, known: np.ndarray, found: Found) -> TaskSchema | None:
    """The task with what its labels are like.

    Args:
        spread: of the labels of the training rows.
        counts: how often each class is there, (`target.units`,).
        known: labels (n,) float64 that are like those of the training rows, for the constant's loss.
    """
    plan, kind = target.plan, target.kind
    about = f"label '{target.column}' of task '{plan.name}'"
    if not spread.count:
        found.add("MTL205", f"{about} has no value in any training row{target.where}", plan.span)
        return None
    if spread.low == spread.high:
        value = shown(target.classes[int(spread.low)]) if target.classes else f"{spread.low:g}"
        hint = "the split leaves no other value to train on"
        found.add("MTL203", f"{about} is {value} in every labelled training row{target.where}", plan.span, hint)
        return None
    std = spread.std or 1.0
    size = max(abs(spread.low), abs(spread.high))
    if kind.word == "regression" and (step := float(np.spacing(np.float32(size)))) > std / STEPS:
        varies = f"varies by {std:.3g} about {spread.mean:.3g}"
        message = f"{about} {varies}, where the model's 32-bit numbers are {step:.3g} apart"
        hint = "subtract a constant from the label before, and add it to the predictions"
        found.add("MTL204", message, plan.span, hint)
        return None
    frequencies = tuple((counts / spread.count).tolist())
    return TaskSchema(
        name=plan.name,
        key=plan.name,
        label=target.column,
        kind=kind,
        inferred=target.inferred,
        classes=target.classes,
        rows=spread.count,
        mean=spread.mean,
        std=std,
        frequencies=frequencies,
        observed=target.observed,
        constant_loss=float(kind.constant_loss(known, frequencies)),
    )
