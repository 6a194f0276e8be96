"""Labels counted batch by batch: their classes over all rows, their statistics over the training rows."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.data.columns import MisfitError, absent, dictionary, numbers
from mtl_magic.data.encode import mask
from mtl_magic.data.labels import LabelError, encode_label, fit_label
from mtl_magic.data.tally import Counts, Spread
from mtl_magic.data.targets import Target, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.columns import Column
    from mtl_magic.data.problems import Found
    from mtl_magic.data.schema import TaskSchema
    from mtl_magic.data.sources import Table

LIKE = 1 << 20  # labels that stand for all of them where a loss wants to see some


class LabelTally:
    """Counts the labels of all tasks.

    Args:
        targets: the tasks as a sample shows them.
        train: rows of the sample that train, for the best constant's loss of a regression.
        tables: how many tables there are.
    """

    def __init__(self, targets: Sequence[Target], train: np.ndarray, tables: int = 1) -> None:
        self.labelled = {t.plan.name: np.zeros(tables, "int64") for t in targets}  # training rows, by table
        self.targets = {t.plan.name: t for t in targets}
        self.order = list(TopologicalSorter({t.plan.name: t.observed for t in targets}).static_order())
        self.parents = {parent for t in targets for parent in t.observed}
        self.train = train
        self.all = {name: Counts() for name in self.targets}  # of classes: values of rows whose label counts
        self.trained = {name: Counts() for name in self.targets}  # of these the training rows, less the masked ones
        self.spreads = dict.fromkeys(self.targets, Spread())  # of numbers

    def add(self, table: Table, train: np.ndarray, origin: np.ndarray) -> None:
        """Count a batch, of which the rows `train` (n,) bool train, each of the table with its number in `origin` (n,)."""
        ones: dict[str, np.ndarray] = {}
        for name in self.order:
            target = self.targets[name]
            values = table[target.column]
            counts = np.ones(len(table), bool)
            for parent in target.observed:
                counts &= ones[parent]
            kept = counts & _unmasked(table, target.mask)
            if target.units:
                self.all[name].add(values, counts.astype("int64"))
                self.trained[name].add(values, (kept & train).astype("int64"))
                there = ~_absent(values)
                if name in self.parents:
                    ones[name] = kept & _is_one(table, target)
            else:
                labels = encode_label(values, target.kind, ())
                there = ~np.isnan(labels)
                self.spreads[name] += Spread.of(labels[kept & train & there].astype("float64"))
                ones[name] = kept & (labels == 1)
            counted = self.labelled[name]
            counted += np.bincount(origin[kept & train & there], minlength=len(counted))

    def tasks(self, found: Found) -> list[TaskSchema]:
        """The tasks that can be learnt; what is wrong with the others is kept in `found`. Keys are set later."""
        made = [self._task(target, found) for target in self.targets.values()]
        return [task for task in made if task is not None]

    def _task(self, target: Target, found: Found) -> TaskSchema | None:
        name = target.plan.name
        if not target.units:
            known = target.labels[self.train]
            return described(target, self.spreads[name], np.empty(0), known[~np.isnan(known)].astype("float64"), found)
        try:
            classes = fit_label(self.all[name].merged()[0], target.kind)
            target = dataclasses.replace(target, classes=classes)
            values, seen = self.trained[name].merged()
            places = encode_label(values, target.kind, classes)
        except MisfitError as error:
            code = error.code if isinstance(error, LabelError) else "MTL204"
            message = f"label '{target.column}' of task '{name}' {error.message}"
            found.add(code, message, target.plan.span, error.hint)
            return None
        there = ~np.isnan(places)
        counts = np.bincount(places[there].astype("int64"), seen[there], target.units).astype("int64")
        return described(target, _spread(counts), counts, _like(counts), found)


def _absent(column: Column) -> np.ndarray:
    codes, values = dictionary(column)
    gone: np.ndarray = np.append(absent(values), True)[codes]  # code -1, a null, reads the last
    return gone


def _unmasked(table: Table, column: str | None) -> np.ndarray:
    kept = np.zeros(len(table), "float32")
    mask(kept, table, column)
    return ~np.isnan(kept)


def _is_one(table: Table, target: Target) -> np.ndarray:
    try:
        return encode_label(table[target.column], target.kind, target.classes) == 1
    except LabelError:  # a value that the sample has not: `tasks` says so once all are counted
        return numbers(table[target.column], texts=True) == 1


def _spread(counts: np.ndarray) -> Spread:
    total = int(counts.sum())
    if not total:
        return Spread()
    places = np.arange(len(counts))
    mean = float((counts * places).sum() / total)
    used = np.flatnonzero(counts)
    return Spread(total, mean, float((counts * (places - mean) ** 2).sum()), float(used[0]), float(used[-1]))


def _like(counts: np.ndarray) -> np.ndarray:
    """Classes (n,) float64 in these shares, at most about `LIKE` of them."""
    some = np.minimum(counts, np.ceil(counts * min(1.0, LIKE / max(counts.sum(), 1)))).astype("int64")
    return np.repeat(np.arange(len(counts)), some).astype("float64")
