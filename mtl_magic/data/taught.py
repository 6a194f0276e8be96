"""Which of several tables teaches what, and what is wrong with how they are mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.data.problems import several
from mtl_magic.data.schema import Taught
from mtl_magic.language.names import did_you_mean, nfc
from mtl_magic.numbers import short

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mtl_magic.data.problems import Found
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.data.selection import Fitted
    from mtl_magic.data.targets import Target
    from mtl_magic.program import Program, TaskPlan


class Tables:
    """The training tables of a cell by their names, titles and columns, before any row is looked at."""

    def __init__(
        self, names: Sequence[str], titles: Sequence[str], columns: Sequence[Collection[str]], rows: Sequence[int]
    ) -> None:
        self.names, self.titles, self.columns = list(names), list(titles), [set(c) for c in columns]
        self._idle: set[int] = set()  # tables without any task's label
        self.starts = [int(start) for start in np.cumsum([0, *rows[:-1]])]  # each one's first row, under one another

    def __len__(self) -> int:
        return len(self.names)

    def has(self, k: int, column: str) -> bool:
        """Whether table k has a column of this name."""
        return column in self.columns[k] or nfc(column) in map(nfc, self.columns[k])

    def origin(self, numbers: np.ndarray) -> np.ndarray:
        """Which table each row is of, by its number in all of them: (n,) int64."""
        found: np.ndarray = np.searchsorted(self.starts, numbers, side="right") - 1
        return found

    def lacking(self, column: str) -> list[int]:
        """The tables that have no column of this name."""
        return [k for k in range(len(self)) if not self.has(k, column)]

    # -- what is wrong ------------------------------------------------------------------------------------------------

    def check(self, program: Program, found: Found) -> None:
        """A table without any task's label, a mix that does not fit the tables."""
        labels = list(dict.fromkeys(c for task in program.tasks for c in labels_of(task)))
        there = [label for label in labels if len(self.lacking(label)) < len(self)]
        for k, title in enumerate(self.titles):
            if len(self) > 1 and there and not any(self.has(k, label) for label in labels):
                self._idle.add(k)
                hint = f"give it the column of a label ({several(labels)}), or leave it out"
                found.add("MTL219", f"{title} teaches nothing: it has no task's label", None, hint)
        self._check_mix(program, found)

    def _check_mix(self, program: Program, found: Found) -> None:
        mix, place = program.train.mix, program.places.get("train.mix")
        if mix is None:
            return
        if len(self) < 2:
            hint = "leave mix out, or give several tables: --data feed --data shop"
            found.add("MTL220", "train mix= is for several tables, and there is one", place, hint)
            return
        said = f"the tables are {several(self.names)}"
        for name in mix:
            if name not in self.names:
                hint = did_you_mean(name, self.names) or said
                found.add(
                    "MTL220",
                    f"train mix= names '{name}', which is no table",
                    place,
                    f"{hint}; {said}" if hint != said else hint,
                )
        left = [name for name in self.names if name not in mix]
        if left and set(mix) <= set(self.names):
            hint = "give each table its part, or leave a table out"
            found.add("MTL220", f"train mix= says nothing of {several(left)}", place, hint)

    def check_extras(self, targets: Sequence[Target], found: Found) -> None:
        """Columns that a task needs beside its label, in each table that has the label."""
        for target in targets if len(self) > 1 else ():
            for k, title in enumerate(self.titles):
                for what, column in target.extras():
                    if self.has(k, target.column) and not self.has(k, column) and len(self.lacking(column)) < len(self):
                        message = f"{title} has the label of task '{target.plan.name}', and lacks the column '{column}' of its {what}"
                        found.add("MTL206", message, target.plan.kind_span or target.plan.span)

    # -- what they teach ----------------------------------------------------------------------------------------------

    def taught(
        self,
        rows: Sequence[int],
        labels: Sequence[dict[str, int]],
        features: Sequence[Fitted],
        found: Found,
        *,
        sampled: bool = False,
    ) -> tuple[Taught, ...]:
        """What each teaches; nothing where there is one.

        Args:
            rows: of each table, those that train.
            labels: of each table, labelled training rows by task.
            sampled: whether these are what a sample of negatives has left.
        """
        if len(self) < 2:
            return ()
        made = []
        for k, name in enumerate(self.names):
            counted = {task: count for task, count in labels[k].items() if count}
            if not counted and k not in self._idle:
                why = "has a label that counts" if rows[k] else "trains"
                found.add(
                    "MTL219",
                    f"{self.titles[k]} teaches nothing: none of its rows {why}",
                    hint="a larger share of negatives= leaves some" if sampled and not rows[k] else "",
                )
            lacks = tuple(f.name for f in features if not self.has(k, f.column))
            made.append(Taught(name, rows[k], counted, lacks))
        return tuple(made)

    def labelled(self, tasks: Sequence[TaskSchema], labels: np.ndarray) -> dict[str, int]:
        """Labelled rows of each task, of labels (n, width)."""
        counts = np.isfinite(labels[:, : len(tasks)]).sum(axis=0)
        return {task.name: int(count) for task, count in zip(tasks, counts, strict=True)}

    def optional(self, features: Sequence[Fitted]) -> set[str]:
        """Features whose column a table lacks."""
        return {f.name for f in features if self.lacking(f.column)}


def labels_of(task: TaskPlan) -> tuple[str, ...]:
    """The columns of a task's label; a multilabel one may have several."""
    return getattr(task.kind, "labels", None) or (task.label,)


def sentences(program: Program, tables: Sequence[Taught]) -> list[str]:
    """'feed (800 training rows) teaches 'click' and 'like'; shop (200 training rows) teaches 'buy'.' Nothing of one table."""
    if not tables:
        return []
    said = [f"{t.name} ({t.rows:,} training rows) teaches {several(t.labels)}" for t in tables]
    found = [f"{'; '.join(said)}."]
    if program.train.mix:
        plan = program.train.plan(tables)
        passes = [f"{short(taken / t.rows)} times over {t.name}" for t, taken in zip(tables, plan, strict=True)]
        found.append(f"By train mix= an epoch goes {', '.join(passes)}.")
    return found
