"""The tasks' labels: kinds inferred, classes fixed, statistics of the training rows."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.data.beside import CODE, sample_weights
from mtl_magic.data.columns import MisfitError
from mtl_magic.data.encode import measured, unmasked
from mtl_magic.data.flags import classes_of, encode_flags, form_of, summed
from mtl_magic.data.infer import task_kind
from mtl_magic.data.labels import CLASSES, LabelError, encode_label, fit_label, only, shown
from mtl_magic.data.negatives import share
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
    columns: tuple[str, ...] = ()  # of the label: of a multilabel task there may be several
    form: str = ""  # of a multilabel label, see `data/flags.py`
    flags: np.ndarray | None = None  # (n, classes) of a multilabel label
    weights: np.ndarray | None = None  # the rows' `sample_weight` (n,)

    @property
    def where(self) -> str:
        """For the end of a sentence about the rows that count."""
        return _where(self.observed)

    @property
    def units(self) -> int:
        """Classes of which a row has one, two of a binary task; 0 where the label is a number, or any number of classes."""
        return 2 if self.kind.word == "binary" else len(self.classes) if self.kind.word in CLASSES else 0

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

    @property
    def about(self) -> str:
        """For the beginning of a sentence."""
        return _about(self.plan, self.column)


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
    names = getattr(plan.kind, "labels", None) or (plan.label,)
    columns = [table.resolve(name) for name in names]
    for name, column in zip(names, columns, strict=True):
        if column is None:
            span = plan.label_span or (plan.kind_span if len(names) > 1 else None) or plan.span
            found.unknown(f"the label of task '{plan.name}'", name, table.names, span)
    there = tuple(column for column in columns if column is not None)
    if len(there) < len(columns):
        return None
    if any(g.parent not in made and getattr(g.method, "masks", True) for g in plan.givens):
        return None  # which labels count is not known; the parent has a problem of its own
    column, values, kind = there[0], table[there[0]], plan.kind
    kept = _kept(plan, table, found)
    if kind is None:
        said = tuple(g.parent for g in plan.givens if g.method is not None and g.method.masks)
        guess = task_kind(_counted(values, said, made))
        if guess.kind is None:
            found.add("MTL209", f"label '{column}' of task '{plan.name}' {guess.why}", plan.span, guess.hint)
            return None
        kind = guess.kind
    observed = tuple(g.parent for g in plan.givens if g.parent in made and _masks(g, kind, made[g.parent].kind))
    form, flags = "", None
    try:
        weights = sample_weights(kind, table)
        counted = [_counted(table[c] if kept is None else only(table[c], kept), observed, made) for c in there]
        if kind.word == "multilabel":
            form = form_of(counted)
            classes: tuple[Any, ...] = classes_of(counted, there, form)
            flags = encode_flags(counted, there, form, classes)
            labels = summed(flags)
        else:
            classes = fit_label(counted[0], kind)
            labels = encode_label(counted[0], kind, classes)
    except MisfitError as error:
        code = error.code if isinstance(error, LabelError) else "MTL204"
        where = _where(observed) if code in ("MTL203", "MTL205") else ""
        place = plan.kind_span or plan.span if code == CODE else plan.span
        about = f"task '{plan.name}'" if code == CODE else _about(plan, column)
        found.add(code, f"{about} {error.message}{where}", place, error.hint)
        return None
    raw = labels
    if observed and kind.word != "multilabel":
        try:
            raw = encode_label(values if kept is None else only(values, kept), kind, classes)
        except MisfitError:  # something else stands where it does not count
            raw = labels.copy()
    if kind.word == "binary" and classes:
        found.note(f"Task '{plan.name}': 1 is {shown(classes[1])}, 0 is {shown(classes[0])}.")
    return Target(
        plan,
        column,
        kind,  # type: ignore[arg-type]
        plan.kind is None,
        classes,
        labels,
        raw,
        observed,
        columns=there,
        form=form,
        flags=flags,
        weights=weights,
    )


def _about(plan: TaskPlan, column: str) -> str:
    several = getattr(plan.kind, "labels", None)
    return f"the label of task '{plan.name}'" if several else f"label '{column}' of task '{plan.name}'"


def _kept(plan: TaskPlan, table: Table, found: Found) -> np.ndarray | None:
    """Which rows the task's mask leaves (n,) bool; None: it has none, or what is wrong with it is said."""
    try:
        return unmasked(table, getattr(plan.kind, "mask", None))
    except MisfitError as error:
        mask = getattr(plan.kind, "mask", None)
        hint = "a mask is a column of numbers or of yes and no"
        found.add(CODE, f"the mask '{mask}' of task '{plan.name}' {error.message}", plan.kind_span or plan.span, hint)
        return None


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
    there = ~np.isnan(labels)
    known = labels[there].astype("float64")
    weights = None if target.weights is None else target.weights[train][there]
    if target.flags is not None:
        return of_flags(target, target.flags[train][there], weights, found)
    counts = np.bincount(known.astype("int64"), minlength=target.units) if target.units else np.empty(0)
    return described(target, Spread.of(known), counts, known, found, weights=weights)


def of_flags(target: Target, flags: np.ndarray, weights: np.ndarray | None, found: Found) -> TaskSchema | None:
    """A multilabel task by its labelled training rows (n, classes), of which some have weights (n,)."""
    known = ~np.isnan(flags)
    rates = np.nansum(flags, axis=0) / np.maximum(known.sum(axis=0), 1)
    weighed = None
    if weights is not None:
        mass = (known * weights[:, None]).sum(axis=0)
        weighed = np.nansum(flags * weights[:, None], axis=0) / np.maximum(mass, 1e-30)
    return of_rates(
        target, len(flags), rates, found, mass=None if weights is None or weights.any() else 0.0, weighed=weighed
    )


def of_rates(
    target: Target,
    rows: int,
    rates: np.ndarray,
    found: Found,
    *,
    mass: float | None = None,
    weighed: np.ndarray | None = None,
) -> TaskSchema | None:
    """A multilabel task by the rate of each class on its labelled training rows.

    Args:
        mass: 0 where the rows weigh nothing.
        weighed: the rates by what rows weigh; None: they weigh alike.
    """
    plan, kind = target.plan, target.kind
    if not rows:
        found.add("MTL205", f"{target.about} has no value in any training row{target.where}", plan.span)
        return None
    if ((rates == 0) | (rates == 1)).all():
        message = f"{target.about} has the same classes in every labelled training row{target.where}"
        found.add("MTL203", message, plan.span, "there is nothing to tell apart")
        return None
    if mass == 0:
        _weightless(target, found)
        return None
    shares = rates if weighed is None else weighed
    made = TaskSchema(
        name=plan.name,
        key=plan.name,
        label=target.column,
        kind=kind,
        inferred=target.inferred,
        classes=target.classes,
        rows=rows,
        mean=float(rates.mean()),
        frequencies=tuple(rates.tolist()),
        observed=target.observed,
        constant_loss=float(kind.constant_loss(np.empty(0), tuple(shares.tolist()))),
        form=target.form,
    )
    if weighed is None:
        return made
    start = kind.begin(dataclasses.replace(made, frequencies=tuple(weighed.tolist())))
    return dataclasses.replace(made, start=tuple(start))


def _weightless(target: Target, found: Found) -> None:
    hint = "a row with weight 0 does not teach"
    message = f"task '{target.plan.name}': every labelled training row has the sample weight 0"
    found.add(CODE, message, target.plan.kind_span or target.plan.span, hint)


def described(
    target: Target,
    spread: Spread,
    counts: np.ndarray,
    known: np.ndarray,
    found: Found,
    *,
    weights: np.ndarray | None = None,
) -> TaskSchema | None:
    """The task with what its labels are like.

    Args:
        spread: of the labels of the training rows.
        counts: how often each class is there, (`target.units`,).
        known: labels (n,) float64 that are like those of the training rows, for the constant's loss.
        weights: what the rows of `known` weigh, (n,); None: alike.
    """
    plan, kind = target.plan, target.kind
    about = target.about
    if not spread.count:
        found.add("MTL205", f"{about} has no value in any training row{target.where}", plan.span)
        return None
    if spread.low == spread.high:
        value = shown(target.classes[int(spread.low)]) if target.classes else f"{spread.low:g}"
        hint = "the split leaves no other value to train on"
        found.add("MTL203", f"{about} is {value} in every labelled training row{target.where}", plan.span, hint)
        return None
    if weights is not None and not weights.any():
        _weightless(target, found)
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
    try:
        own = kind.class_weights(target.classes or (0, 1), frequencies) if target.units else ()
    except ValueError as error:
        found.add("MTL221", f"task '{plan.name}': {error}", plan.kind_span or plan.span)
        return None
    if own:
        each = np.array(own)[known.astype("int64")]
        weights = each if weights is None else weights * each
    sampled = None
    if (left := share(kind)) < 1:
        drawn = np.where(known == 0, left, 1.0) * (1.0 if weights is None else weights)
        sampled = float(kind.constant_loss(known, frequencies, drawn))
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
        sampled_loss=sampled,
        frequencies=frequencies,
        observed=target.observed,
        constant_loss=float(kind.constant_loss(known, frequencies, weights)),
        class_weights=own,
        learnt=kind.learnt(known, weights),
        start=kind.start(known, weights),
    )
