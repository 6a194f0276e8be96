"""Vectors: equally many floats a row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from mtl_magic.data.columns import WORDS, Column, MisfitError, family, flat, numbers
from mtl_magic.data.encoders import Arrays, Encoded, Encoder, State, percent, phrase
from mtl_magic.data.tally import Spread, Tally

HUGE = 1e150  # larger numbers are cut: their squares must stay finite


def matrix(column: Column) -> tuple[np.ndarray, np.ndarray]:
    """A column of vectors as float64 (n, width), zero where missing, and which rows are missing (n,).

    A component that is missing or infinite makes its row missing. Width is 0 where every row is missing.

    Raises:
        MisfitError: no lists of numbers, or of different lengths.
    """
    kind = family(column.type)
    if kind == "null":
        return np.zeros((len(column), 0)), np.ones(len(column), bool)
    if kind in ("int", "float", "bool"):
        values = numbers(column)
        return np.nan_to_num(values)[:, None], np.isnan(values)
    array = flat(column)
    inner = family(array.type.value_type) if kind in ("list", "vector") else kind
    if inner not in ("int", "float", "bool", "null"):
        what = f"lists of {WORDS[inner]}" if kind in ("list", "vector") else WORDS[kind]
        raise MisfitError(f"holds {what}, not vectors of numbers")
    gone = array.is_null().to_numpy(zero_copy_only=False)
    if pt.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    given = array.filter(pa.array(~gone))
    lengths = np.unique(given.value_lengths().to_numpy(zero_copy_only=False))
    if len(lengths) > 1:
        raise MisfitError(
            f"holds vectors of different lengths, from {lengths[0]} to {lengths[-1]}", "tags is the kind for lists"
        )
    width = int(lengths[0]) if len(lengths) else 0
    found = np.zeros((len(array), width))
    found[~gone] = numbers(given.flatten()).clip(-HUGE, HUGE).reshape(len(given), width)
    holes = np.isnan(found).any(axis=1)
    found[holes] = 0.0
    return found, gone | holes


@dataclasses.dataclass(kw_only=True)
class VectorEncoder(Encoder):
    """(x - mean) / std with one mean and one std for all of the components; then whether the vector was missing."""

    width: int
    scale: str
    mean: float
    std: float
    missing: float  # share of the training rows

    word = "vector"

    @classmethod
    def fit(cls, column: Column, *, scale: str = "standard") -> VectorEncoder:
        values, gone = matrix(column)
        if not values.shape[1]:
            raise MisfitError("has no vector in the training rows")
        return cls.of_spread(Spread.of(values[~gone]), values.shape[1], float(gone.mean()) if len(gone) else 0.0, scale)

    @classmethod
    def of_spread(cls, spread: Spread, width: int, missing: float, scale: str) -> VectorEncoder:
        """From what the components of the training rows are like, and the share of rows without a vector."""
        scaled = scale == "standard" and spread.count > 0
        std = spread.std if scaled else 1.0
        return cls(
            width=width,
            scale=scale,
            mean=spread.mean if scaled else 0.0,
            std=std if std > 0 else 1.0,
            missing=missing,
        )

    @property
    def float_width(self) -> int:  # type: ignore[override]
        return self.width + (self.missing > 0)

    def encode(self, column: Column) -> Encoded:
        values, gone = matrix(column)
        if values.shape[1] not in (self.width, 0):
            raise MisfitError(f"holds vectors of {values.shape[1]} numbers, the training rows of {self.width}")
        floats = np.zeros((len(values), self.float_width), "float32")
        if values.shape[1]:
            floats[:, : self.width] = np.where(gone[:, None], 0.0, (values - self.mean) / self.std)
        if self.missing > 0:
            floats[:, self.width] = gone
        return None, floats

    def describe(self) -> str:
        return phrase(f"{self.width} numbers", f"{percent(self.missing)} missing" if self.missing else "")

    def _state(self) -> tuple[State, Arrays]:
        return dataclasses.asdict(self), {}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> VectorEncoder:  # noqa: ARG003 - it has none
        return cls(**plain)


class VectorTally(Tally):
    """The spread of the components; the width is the sample's."""

    def __init__(self, width: int, *, scale: str) -> None:
        self.width, self.scale = width, scale
        self.spread, self.rows, self.missing = Spread(), 0, 0

    def add(self, column: Column) -> None:
        values, gone = matrix(column)
        if values.shape[1] not in (self.width, 0):
            raise MisfitError(
                f"holds vectors of {values.shape[1]} and of {self.width} numbers", "tags is the kind for lists"
            )
        self.rows += len(gone)
        self.missing += int(gone.sum())
        self.spread += Spread.of(values[~gone])

    def encoder(self) -> VectorEncoder:
        return VectorEncoder.of_spread(self.spread, self.width, self.missing / max(self.rows, 1), self.scale)
