"""Tags to embedding rows: id 0 is padding, id 1 an unknown tag, from 2 on the vocabulary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.category import FIRST, CategoryEncoder
from mtl_magic.data.columns import WORDS, Column, MisfitError, absent, coded, dictionary, family, flat
from mtl_magic.data.encoders import Arrays, Encoded, Encoder, State, percent, phrase, stored
from mtl_magic.data.tally import Counts, Tally
from mtl_magic.data.values import align
from mtl_magic.features import _defaults

PADDING, UNKNOWN = 0, 1
SEPARATORS = (",", "|", ";")


def separator(texts: pa.Array) -> str:
    """The separator that most of the distinct texts hold, or ''."""
    found = {mark: pc.sum(pc.match_substring(texts, mark)).as_py() or 0 for mark in SEPARATORS}
    best = max(found, key=lambda mark: found[mark])
    return best if found[best] else ""


@dataclasses.dataclass(kw_only=True)
class TagsEncoder(Encoder):
    """A vocabulary of tags, and how many of them a row holds at most."""

    vocabulary: pa.Array
    length: int
    separator: str  # of texts; '' where a text is one tag
    pool: str
    dim: int | None
    min_count: int
    missing: float  # share of the training rows without a tag
    cut: float  # share of the training rows with more tags than `length`
    family: str = ""  # of the training column; '' in a run of before it was kept

    word = "tags"

    @classmethod
    def fit(
        cls, column: Column, *, dim: int | None = None, pool: str = "mean", min_count: int | None = None
    ) -> TagsEncoder:
        kind = family(column.type)
        least = _defaults.min_count(len(column)) if min_count is None else min_count
        mark = separator(dictionary(column)[1]) if kind == "string" else ""
        codes, counts, items = items_of(column, mark)
        weights = np.bincount(codes[codes >= 0], minlength=len(counts)) if codes is not None else None
        sizes = counts if codes is None else np.append(counts, 0)[codes]
        known = CategoryEncoder.fit(_repeated(items, counts, weights), min_count=least)
        return cls.of_sizes(known, _sizes(sizes), separator=mark, pool=pool, dim=dim, family=kind)

    @classmethod
    def of_sizes(
        cls, known: CategoryEncoder, sizes: np.ndarray, *, separator: str, pool: str, dim: int | None, family: str
    ) -> TagsEncoder:
        """From the tags as categories, and rows with 0, 1, … tags (`_sizes`)."""
        rows = max(int(sizes.sum()), 1)
        longest = min(int(np.flatnonzero(sizes).max(initial=1)), _defaults.TAGS_LENGTH) or 1
        return cls(
            vocabulary=known.vocabulary,
            length=longest,
            separator=separator,
            pool=pool,
            dim=_defaults.dim(len(known.vocabulary)) if dim is None else dim,
            min_count=known.min_count,
            missing=float(sizes[0]) / rows,
            cut=float(sizes[longest + 1 :].sum()) / rows,
            family=family,
        )

    @property
    def id_width(self) -> int:  # type: ignore[override]
        return self.length

    @property
    def rows(self) -> int:  # type: ignore[override]
        return FIRST + len(self.vocabulary)

    @property
    def silence(self) -> str:
        if len(self.vocabulary):
            return ""
        return "no row has a tag" if self.missing == 1 else f"none of its tags is seen {self.min_count} times"

    def encode(self, column: Column) -> Encoded:
        codes, counts, items = items_of(column, self.separator)
        places, distinct = dictionary(items)
        found = pc.index_in(align(distinct, self.vocabulary.type), self.vocabulary, skip_nulls=True)
        ids = found.fill_null(UNKNOWN - FIRST).to_numpy(zero_copy_only=False).astype("int32") + FIRST
        matrix = np.full((len(counts) + 1, self.length), PADDING, "int32")  # code -1, a null, reads the last
        row = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        inside = place < self.length
        matrix[row[inside], place[inside]] = ids[places][inside]
        return matrix[codes] if codes is not None else matrix[:-1], None

    def describe(self) -> str:
        size = len(self.vocabulary)
        seen = f", seen ≥ {self.min_count} times" if self.min_count > 1 else ""
        return phrase(
            f"{size:,} tag{'s' * (size != 1)}{seen}, at most {self.length} a row",
            f"{percent(self.cut)} of rows cut" if self.cut else "",
            f"{percent(self.missing)} without any" if self.missing else "",
        )

    def _state(self) -> tuple[State, Arrays]:
        names = ("length", "separator", "pool", "dim", "min_count", "missing", "cut", "family")
        return {name: getattr(self, name) for name in names}, {"vocabulary": self.vocabulary}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> TagsEncoder:
        return cls(vocabulary=stored(arrays["vocabulary"]), **plain)


class TagsTally(Tally):
    """Counts tags, and rows by how many of them they have; the separator is the sample's."""

    def __init__(self, separator: str, *, dim: int | None, pool: str, min_count: int | None) -> None:
        self.separator, self.dim, self.pool, self.min_count = separator, dim, pool, min_count
        self.sizes = np.zeros(_defaults.TAGS_LENGTH + 2, "int64")
        self.counts = Counts()
        self.family = ""

    def add(self, column: Column) -> None:
        codes, counts, items = items_of(column, self.separator)
        self.family = family(column.type)
        lists = None if codes is None else np.bincount(codes[codes >= 0], minlength=len(counts))
        self.sizes += _sizes(counts if codes is None else np.append(counts, 0)[codes])
        self.counts.add(items, None if lists is None else np.repeat(lists, counts))

    def encoder(self) -> TagsEncoder:
        rows = int(self.sizes.sum())
        least = _defaults.min_count(rows) if self.min_count is None else self.min_count
        values, counts = self.counts.merged()
        known = CategoryEncoder.of_counts(values, counts, self.counts.rows, min_count=least)
        return TagsEncoder.of_sizes(
            known, self.sizes, separator=self.separator, pool=self.pool, dim=self.dim, family=self.family
        )


def _sizes(sizes: np.ndarray) -> np.ndarray:
    """Rows with 0, 1, … tags, the last entry for those with more than are ever kept; sizes (n,) int."""
    most = _defaults.TAGS_LENGTH + 1
    return np.bincount(np.minimum(sizes, most), minlength=most + 1)


def items_of(column: Column, mark: str) -> tuple[np.ndarray | None, np.ndarray, pa.Array]:
    """A column's tags without the missing ones: (codes of rows into lists, or None where row i is list i; tags of
    each list (lists,) int64; all tags, list by list).
    """
    kind = family(column.type)
    if kind in ("list", "vector"):
        counts, items = _lists(flat(column))
        return None, counts, items
    if kind in ("string", "int", "bool", "float", "null"):
        codes, values = dictionary(column)
        gone = absent(values)
        if kind == "string":
            texts = pc.if_else(pa.array(gone), pa.scalar(None, values.type), values)
            lists = pc.split_pattern(texts, mark) if mark else _single(texts)
            counts, items = _lists(lists, trim=True)
        else:
            counts, items = (~gone).astype("int64"), values.filter(pa.array(~gone))
        return codes, counts, items
    raise MisfitError(f"holds {WORDS[kind]}, not lists of tags")


def _single(texts: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.arange(len(texts) + 1), pa.int32()), texts)


def _lists(lists: pa.Array, *, trim: bool = False) -> tuple[np.ndarray, pa.Array]:
    if pt.is_fixed_size_list(lists.type):
        lists = lists.cast(pa.list_(lists.type.value_type))
    if family(lists.type.value_type) in ("list", "vector", "other", "time"):
        raise MisfitError(f"holds lists of {WORDS[family(lists.type.value_type)]}, not lists of tags")
    items = lists.flatten()  # skips missing lists
    sizes = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    owner = np.repeat(np.arange(len(lists)), sizes)
    if trim:
        items = pc.utf8_trim_whitespace(items)
    gone = absent(items)
    if gone.any():
        items, owner = items.filter(pa.array(~gone)), owner[~gone]
    return np.bincount(owner, minlength=len(lists)).astype("int64"), items


def _repeated(items: pa.Array, counts: np.ndarray, weights: np.ndarray | None) -> pa.Array:
    """Each tag as often as training rows hold it, dictionary-coded."""
    if weights is None:
        return coded(items)
    codes, values = dictionary(items)
    times = np.repeat(weights, counts)
    return pa.DictionaryArray.from_arrays(pa.array(np.repeat(codes, times)), values)
