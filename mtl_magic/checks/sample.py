"""The training rows that the checks of values look at: a sample, drawn alike every time, in two halves.

A table of more than `LOOK` rows is looked at in `LOOK` of them, drawn evenly with a fixed seed; to these come, for each
binary task that they show less than `RARE` positives of, as many more of its positives. All scores are made from one
half and measured on the other, so that an identifier of many values, which fits any label, tells nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.data.number import edges
from mtl_magic.data.schema import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.data.schema import EncodedFeature, Prepared

LOOK = 30_000
RARE = 200
BINS = 64  # of a number; a value that fills more rows than a bin does has one of its own
CUTS = 10_000  # rows that the bins are made from


@dataclasses.dataclass(frozen=True)
class Sample:
    """Encoded training rows in random order; the first `half` of them fit, the others are held out."""

    ids: np.ndarray  # (n, id_width) int32
    floats: np.ndarray  # (n, float_width) float32
    labels: np.ndarray  # (n, tasks) float64, NaN where there is no label

    @classmethod
    def of(cls, prepared: Prepared) -> Sample:
        parts = [part for part in prepared.train if isinstance(part, Part)]  # what is on disk has a sample of its own
        rng = np.random.default_rng(0)
        total = sum(map(len, parts))
        rows = rng.permutation(total)[:LOOK] if len(parts) == 1 or total <= LOOK else _of_each(parts, rng)
        labels = np.concatenate([part.labels for part in parts]) if len(parts) > 1 else parts[0].labels
        if total > LOOK:
            binary = [k for k, task in enumerate(prepared.schema.tasks) if task.kind.word == "binary"]
            more = [rng.permutation(np.flatnonzero(labels[:, k] == 1))[:RARE] for k in binary if _few(labels[rows, k])]
            rows = rng.permutation(np.unique(np.concatenate([rows, *more])))
        starts = np.cumsum([0, *map(len, parts)])
        ids = np.empty((len(rows), parts[0].ids.shape[1]), "int32")
        floats = np.empty((len(rows), parts[0].floats.shape[1]), "float32")
        for part, start in zip(parts, starts, strict=False):
            here = (rows >= start) & (rows < start + len(part))
            ids[here], floats[here] = part.ids[rows[here] - start], part.floats[rows[here] - start]
        return cls(ids, floats, labels[rows].astype("float64"))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def half(self) -> int:
        return len(self) // 2

    def codes(self, feature: EncodedFeature) -> np.ndarray:
        """The feature's values as codes from 0 without gaps, (n,): vocabulary rows, or the bins of a number."""
        if feature.floats[1] > feature.floats[0]:
            return self._bins(feature)
        ids = self.ids[:, slice(*feature.ids)].astype("int64")
        if ids.shape[1] > 1:  # the whole list is the value
            weights = np.random.default_rng(1).integers(1, 2**31, ids.shape[1]) * 2 + 1
            ids = (ids * weights).sum(axis=1, keepdims=True)
        found: np.ndarray = np.unique(ids[:, 0], return_inverse=True)[1]
        return found

    def _bins(self, feature: EncodedFeature) -> np.ndarray:
        start, stop = feature.floats
        values = self.floats[:, start].astype("float64")
        gone = self.floats[:, start + 1] > 0 if stop - start > 1 else np.zeros(len(values), bool)
        known = values[~gone][:CUTS]
        cuts = edges(known, BINS) if len(known) else np.empty(0)
        return np.where(gone, len(cuts) + 1, np.searchsorted(cuts, values, side="right"))

    def lists(self, feature: EncodedFeature) -> np.ndarray | None:
        """The items of a list, (n, length), none twice and 0 where there is none; None for a feature of one value."""
        ids = np.sort(self.ids[:, slice(*feature.ids)], axis=1)
        if ids.shape[1] < 2 or feature.floats[1] > feature.floats[0]:
            return None
        ids[:, 1:][ids[:, 1:] == ids[:, :-1]] = 0
        return ids

    def vector(self, feature: EncodedFeature) -> np.ndarray:
        """The floats of a vector, (n, width)."""
        return self.floats[:, slice(*feature.floats)]


def _of_each(parts: Sequence[Part], rng: np.random.Generator) -> np.ndarray:
    """Rows of several tables, as many of each as it has and the others leave: a large one hides no small one."""
    left, chosen = LOOK, []
    starts = np.cumsum([0, *map(len, parts)])
    order = sorted(range(len(parts)), key=lambda k: len(parts[k]))
    for place, k in enumerate(order):
        some = rng.permutation(len(parts[k]))[: left // (len(order) - place)]
        left -= len(some)
        chosen.append(starts[k] + some)
    mixed: np.ndarray = rng.permutation(np.concatenate(chosen))
    return mixed


def _few(labels: np.ndarray) -> bool:
    return int((labels == 1).sum()) < RARE
