"""Labels counted batch by batch: their classes over all rows, their statistics over the training rows."""

from __future__ import annotations

import dataclasses
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.data.columns import MisfitError, absent, dictionary, numbers
from mtl_magic.data.encode import unmasked
from mtl_magic.data.flags import FlagTally
from mtl_magic.data.labels import LabelError, encode_label, fit_label, only
from mtl_magic.data.tally import Counts, Spread
from mtl_magic.data.targets import Target, described, of_flags, of_rates

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
        self.flags = {t.plan.name: FlagTally(t.columns, t.form, t.classes) for t in targets if t.flags is not None}

    def add(self, table: Table, train: np.ndarray, origin: np.ndarray) -> None:
        """Count a batch, of which the rows `train` (n,) bool train, each of the table with its number in `origin` (n,)."""
        ones: dict[str, np.ndarray] = {}
        for name in self.order:
            target = self.targets[name]
            values = table[target.column]
            counts = np.ones(len(table), bool)
            for parent in target.observed:
                counts &= ones[parent]
            mask = unmasked(table, target.mask)
            kept = counts if mask is None else counts & mask
            if name in self.flags:
                there = self.flags[name].add([table[c] for c in target.columns], kept, train)
            elif target.units:
                self.all[name].add(values, kept.astype("int64"))
                self.trained[name].add(values, (kept & train).astype("int64"))
                there = ~_absent(values)
                if name in self.parents:
                    ones[name] = kept & _is_one(table, target)
            else:
                labels = encode_label(values if kept.all() else only(values, kept), target.kind, ())
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
        if name in self.flags:
            return self._several(target, found)
        there = self.train[~np.isnan(target.labels[self.train])]  # of the sample, for what is made of single rows
        sampled = target.labels[there].astype("float64")
        weights = None if target.weights is None else target.weights[there]
        if not target.units:
            return described(target, self.spreads[name], np.empty(0), sampled, found, weights=weights)
        try:
            classes = fit_label(self.all[name].merged()[0], target.kind)
            target = dataclasses.replace(target, classes=classes)
            values, seen = self.trained[name].merged()
            places = encode_label(values, target.kind, classes)
        except MisfitError as error:
            code = error.code if isinstance(error, LabelError) else "MTL204"
            found.add(code, f"{target.about} {error.message}", target.plan.span, error.hint)
            return None
        known = ~np.isnan(places)
        counts = np.bincount(places[known].astype("int64"), seen[known], target.units).astype("int64")
        if weights is not None:
            return described(target, _spread(counts), counts, sampled, found, weights=weights)
        return described(target, _spread(counts), counts, _like(counts), found)

    def _several(self, target: Target, found: Found) -> TaskSchema | None:
        """A multilabel task."""
        tally = self.flags[target.plan.name]
        try:
            classes, rates = tally.result()
        except LabelError as error:
            found.add(error.code, f"{target.about} {error.message}", target.plan.span, error.hint)
            return None
        same = classes == target.classes
        target = dataclasses.replace(target, classes=classes)
        if target.weights is None or not same or target.flags is None:
            return of_rates(target, tally.rows, rates, found)
        there = self.train[~np.isnan(target.labels[self.train])]
        made = of_flags(target, target.flags[there], target.weights[there], found)
        return made and dataclasses.replace(made, rows=tally.rows, frequencies=tuple(rates.tolist()))


def _absent(column: Column) -> np.ndarray:
    codes, values = dictionary(column)
    gone: np.ndarray = np.append(absent(values), True)[codes]  # code -1, a null, reads the last
    return gone


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
