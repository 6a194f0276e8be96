"""Categories to embedding rows: id 0 is the unknown value, id 1 the missing one, from 2 on the vocabulary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtl_magic.data.columns import Column, absent, dictionary, family, read, refuse_stranger, same
from mtl_magic.data.encoders import ONE_VALUE, Arrays, Encoded, Encoder, State, percent, phrase, stored
from mtl_magic.data.tally import Counts, Tally
from mtl_magic.data.values import align, canonical, ordered, valid
from mtl_magic.features import _defaults

UNKNOWN, MISSING, FIRST = 0, 1, 2


@dataclasses.dataclass(kw_only=True)
class CategoryEncoder(Encoder):
    """A vocabulary, most frequent value first (ties by value), so that ids do not depend on the order of rows.

    Attributes:
        fresh: the distinct values of the column it was just fitted on and the id of each, the last for a null: the
            first `encode`, which is of the same column, looks nothing up, and forgets it.
    """

    vocabulary: pa.Array
    dim: int | None
    min_count: int
    missing: float  # shares of the training rows
    rare: float
    fresh: tuple[pa.Array, np.ndarray] | None = dataclasses.field(default=None, repr=False, compare=False)
    id_width = 1

    word = "category"

    @classmethod
    def fit(cls, column: Column, *, dim: int | None = None, min_count: int | None = None) -> CategoryEncoder:
        """Learn the vocabulary. The values of a dictionary column are distinct: `coded` sees to it."""
        codes, values = dictionary(column)
        counts = (
            np.bincount(codes + 1, minlength=len(values) + 1)[1:]
            if codes.min(initial=0) < 0
            else np.bincount(codes, minlength=len(values))
        )
        return cls.of_counts(values, counts, len(codes), dim=dim, min_count=min_count)

    @classmethod
    def of_counts(
        cls, values: pa.Array, counts: np.ndarray, total: int, *, dim: int | None = None, min_count: int | None = None
    ) -> CategoryEncoder:
        """From distinct values (n,), how often the training rows show each (n,) int64, and how many rows there are."""
        least = _defaults.min_count(total) if min_count is None else min_count
        distinct = canonical(values)
        merged = family(values.type) == "float"
        if merged:
            distinct, counts = _merged(distinct, counts)
        places = ordered(distinct, counts, least)
        known = valid(distinct)
        rows = max(total, 1)
        present = int(counts[known].sum())
        table = np.append(np.where(known, UNKNOWN, MISSING), MISSING).astype("int32")
        table[places] = np.arange(FIRST, FIRST + len(places))
        return cls(
            vocabulary=distinct.take(pa.array(places)),
            dim=_defaults.dim(len(places)) if dim is None else dim,
            min_count=least,
            missing=(total - present) / rows,
            rare=(present - int(counts[places].sum())) / rows,
            fresh=None if merged else (values, table),
        )

    @property
    def rows(self) -> int:  # type: ignore[override]
        return FIRST + len(self.vocabulary)

    @property
    def silence(self) -> str:
        if self.rare > _defaults.SELDOM * (1 - self.missing):
            return f"{percent(self.rare / (1 - self.missing))} of its values are seen less than {self.min_count} times"
        if len(self.vocabulary) + (self.missing > 0) + (self.rare > 0) < 2:
            return ONE_VALUE
        return ""

    def encode(self, column: Column) -> Encoded:
        codes, values = dictionary(column)
        fresh, self.fresh = self.fresh, None
        if fresh is not None and same(values, fresh[0]):
            return read(fresh[1], codes)[:, None], None
        found = pc.index_in(align(values, self.vocabulary.type), self.vocabulary, skip_nulls=True)
        table = np.full(len(values) + 1, MISSING, "int32")  # code -1, a null, reads the last
        known = found.null_count < len(found)
        refuse_stranger(column, family(self.vocabulary.type) if len(self.vocabulary) else "", understood=known)
        table[:-1] = found.fill_null(UNKNOWN - FIRST).to_numpy(zero_copy_only=False) + FIRST
        table[:-1][absent(values)] = MISSING
        return read(table, codes)[:, None], None

    def describe(self) -> str:
        size = len(self.vocabulary)
        seen = f", seen ≥ {self.min_count} times" if self.min_count > 1 else ""
        return phrase(
            f"{size:,} value{'s' * (size != 1)}{seen}",
            f"{percent(self.rare)} of rows rarer" if self.rare else "",
            f"{percent(self.missing)} missing" if self.missing else "",
        )

    def _state(self) -> tuple[State, Arrays]:
        plain = {"dim": self.dim, "min_count": self.min_count, "missing": self.missing, "rare": self.rare}
        return plain, {"vocabulary": self.vocabulary}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> CategoryEncoder:
        return cls(vocabulary=stored(arrays["vocabulary"]), **plain)


class CategoryTally(Tally):
    """Counts values; the options are those of `CategoryEncoder.fit`."""

    def __init__(self, *, dim: int | None = None, min_count: int | None = None) -> None:
        self.dim, self.min_count = dim, min_count
        self.counts = Counts()

    def add(self, column: Column) -> None:
        self.counts.add(column)

    def encoder(self) -> CategoryEncoder:
        values, counts = self.counts.merged()
        made = CategoryEncoder.of_counts(values, counts, self.counts.rows, dim=self.dim, min_count=self.min_count)
        made.fresh = None  # no column is of these values' codes
        return made


def _merged(distinct: pa.Array, counts: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """One entry a value: entries that became equal, 0.0 and -0.0, add their counts."""
    again = distinct.dictionary_encode()
    if len(again.dictionary) == len(distinct):
        return distinct, counts
    codes = again.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    summed = np.bincount(codes[codes >= 0], counts[codes >= 0], len(again.dictionary)).astype("int64")
    return again.dictionary, summed
