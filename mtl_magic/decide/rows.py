"""Rows on which runs are judged side by side: labels once, predictions of each run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.runs.judged import recalled
from mtl_magic.train.conditional import conditionals

if TYPE_CHECKING:
    from mtl_magic.data.schema import Part
    from mtl_magic.runs.run import Run
    from mtl_magic.tasks._base import Metric

TITLES = {"test": "test", "valid": "validation", "table": "given", "train": "training"}


@dataclasses.dataclass(frozen=True)
class Judged:
    """What one run says of some rows."""

    labels: Mapping[
        str, np.ndarray
    ]  # title of an output -> (n,), NaN where there is no label; of several labels (n, classes)
    predictions: Mapping[str, np.ndarray]  # the same -> (n,) or (n, classes)
    extras: Mapping[str, np.ndarray]  # columns that metrics read, (n,)
    index: Any  # of the table, (n,)

    def __len__(self) -> int:
        return len(self.index)


def directed(run: Run, task: str) -> Metric | None:
    """A task's first metric of which it is known which way is better."""
    return next((m for m in run.schema.task(task).kind.metrics_of() if m.higher_is_better is not None), None)


def judged(run: Run, parts: Sequence[Part]) -> Judged:
    """A run's predictions on encoded rows."""
    made: dict[str, list[np.ndarray]] = {}
    for part in parts:
        for key, values in run.predictor(part).items():
            made.setdefault(key, []).append(values[:, 0] if values.shape[1] == 1 else values)
    joined = {key: np.concatenate(values) for key, values in made.items()}
    known = np.concatenate([part.labels for part in parts])
    labels = {task.name: known[:, k] for k, task in enumerate(run.schema.tasks)}
    for task, place in zip(run.schema.tasks, run.schema.beside.flags, strict=True):
        if not task.exclusive:
            labels[task.name] = known[:, slice(*place)]
    predictions = {task.name: joined[task.key] for task in run.schema.tasks}
    for one in conditionals(run.outputs, run.schema):
        labels[one.title], predictions[one.title] = one.labels(known), joined[one.key]
    extras = {name: np.concatenate([part.extras[name] for part in parts]) for name in parts[0].extras}
    index = parts[0].index if len(parts) == 1 else np.concatenate([np.asarray(part.index) for part in parts])
    return Judged(labels, predictions, extras, index)


@dataclasses.dataclass(frozen=True)
class SideBySide:
    """Several runs on the same rows.

    Attributes:
        part: 'test', 'valid', 'table' or 'train'.
        each: of each run.
        groups: what is resampled together (n,); None: rows.
        by: the column of the groups.
    """

    part: str
    each: tuple[Judged, ...]
    groups: np.ndarray | None = None
    by: str = ""

    @property
    def rows(self) -> int:
        return len(self.each[0])

    def described(self) -> str:
        """'the 2,999 test rows, by user_id'."""
        return f"{self.rows:,} {TITLES[self.part]} rows" + (f", grouped by {self.by}" if self.by else "")


def side_by_side(runs: Sequence[Run], table: Any = None, by: str | None = None) -> SideBySide:
    """The rows on which all of the runs were judged, or those of a table.

    Args:
        runs: of which the predictions are wanted.
        table: rows with the features and labels; None: the test rows of the runs, else their validation rows, which this
            process must have seen.
        by: a column: rows of one value are resampled together; None: the `group` of the cells' `split`, if any.

    Raises:
        MtlError: MTL480 the rows are not known, MTL481 the runs were judged on other rows than one another, MTL201 there is
            no such column.
    """
    if table is not None:
        return of_table(runs, table, by)
    found = [recalled(run.facts) for run in runs]
    for run, (part, rows) in zip(runs, found, strict=True):
        if not part or rows is None:
            why = "has no test or validation part" if not part else "was not trained in this process"
            hint = "give rows that neither run has learnt from: --data TABLE, or compare(a, b, table)"
            raise MtlError(
                Problem("MTL480", f"the run '{run.name}' {why}, so the rows that judge it are not known", hint=hint)
            )
    return of_parts(runs, found[0][0], [[rows] for _, rows in found if rows is not None], by)


def of_table(runs: Sequence[Run], table: Any, by: str | None = None) -> SideBySide:
    """The runs on the rows of a table; groups are those of the column `by`, else of the cells' split where the table has it."""
    from mtl_magic.data.encode import extra
    from mtl_magic.data.sources import read_table
    from mtl_magic.data.streaming.encode import encoded

    groups, column = None, by or group_of(runs[0])
    if column:
        found = read_table(table, "the table")
        if found.resolve(column) is not None:
            groups = extra(found, column)
        elif by is not None:
            hint = f"its columns are {listed(list(found.names))}"
            raise MtlError(Problem("MTL201", f"the table has no column '{by}' to group rows by", hint=hint))
    each = tuple(judged(run, list(encoded(run.schema, table))) for run in runs)
    return checked(runs, SideBySide("table", each, groups, column if groups is not None else ""))


def of_parts(runs: Sequence[Run], part: str, rows: Sequence[Sequence[Part]], by: str | None = None) -> SideBySide:
    """The runs on encoded rows, of each run as it was encoded for it."""
    each = tuple(judged(run, some) for run, some in zip(runs, rows, strict=True))
    column = grouped_by(runs[0], by, part, each[0].extras)
    return checked(runs, SideBySide(part, each, each[0].extras.get(column) if column else None, column))


def grouped_by(run: Run, by: str | None, part: str, there: Mapping[str, np.ndarray]) -> str:
    """The column by which rows of a part are resampled together: `by`, else that of the cell's split; '' by none.

    Args:
        run: whose cell.
        by: what a person asks for.
        part: of which rows.
        there: columns that were kept beside them.

    Raises:
        MtlError: MTL201 the column that a person asks for was not kept.
    """
    if by is None:
        column = group_of(run)
        return column if column in there else ""
    if by not in there:
        kept = listed(list(there)) or "none"
        hint = f"columns that were kept beside the rows: {kept}; a table has all of its own: compare(a, b, table, by='{by}')"
        message = f"'{by}' is no column that was kept beside the {TITLES[part]} rows"
        raise MtlError(Problem("MTL201", message, hint=hint))
    return by


def group_of(run: Run) -> str:
    """The column by which the cell keeps rows together."""
    return next((str(getattr(a.value, "text", "")) for s in run.spec.statements for a in getattr(s, "args", ())
                 if getattr(s, "word", "") == "split" and a.name == "group"), "")  # fmt: skip


def checked(runs: Sequence[Run], found: SideBySide) -> SideBySide:
    """The same rows in the same order, with the same labels; else an error."""
    first, name = found.each[0], runs[0].name
    for run, other in zip(runs[1:], found.each[1:], strict=True):
        same = len(first) == len(other) and bool(np.all(np.asarray(first.index == other.index)))
        for title in first.labels:
            if same and title in other.labels and alike(runs[0], run, title):
                same = np.array_equal(first.labels[title], other.labels[title], equal_nan=True)
        if not same:
            message = f"'{name}' and '{run.name}' were judged on different {TITLES[found.part]} rows"
            hint = "give rows that neither has learnt from: --data TABLE, or compare(a, b, table)"
            raise MtlError(Problem("MTL481", message, hint=hint))
    return found


def common_metrics(runs: Sequence[Run], titles: Sequence[str]) -> dict[str, tuple[Metric, ...]]:
    """Of each output that all of the runs have, the metrics that they have in common, in the order of the first run."""
    found: dict[str, tuple[Metric, ...]] = {}
    for title in titles:
        each = [{m.title: m for m in _task(run, title).kind.metrics_of()} for run in runs]
        found[title] = tuple(m for name, m in each[0].items() if all(other.get(name) == m for other in each[1:]))
    return found


def alike(a: Run, b: Run, title: str) -> bool:
    """Whether an output of both has labels and predictions that compare: one kind, and the same classes."""
    one, two = _task(a, title), _task(b, title)
    return bool(one.kind.word == two.kind.word and one.classes == two.classes)


def _task(run: Run, title: str) -> Any:
    """The task of an output: of a conditional its child."""
    tasks = {t.name: t for t in run.schema.tasks}
    if title in tasks:
        return tasks[title]
    return next(run.schema.tasks[one.task] for one in conditionals(run.outputs, run.schema) if one.title == title)
