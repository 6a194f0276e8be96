"""Categories without a vocabulary: a value's embedding row is its hash, the same on every machine and in every process."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from mtl_magic.data.category import FIRST, MISSING
from mtl_magic.data.columns import WORDS, Column, MisfitError, absent, dictionary, family, read, text
from mtl_magic.data.encoders import Arrays, Encoded, Encoder, State, percent, phrase
from mtl_magic.data.tally import Tally
from mtl_magic.features import _defaults

KEY = "mtl_magic hashes"  # 16 bytes, kept for ever: saved models are read by it


@dataclasses.dataclass(kw_only=True)
class HashEncoder(Encoder):
    """Ids from 2 on by hash, several values to a row; 1 is the missing value; 0, elsewhere the unknown one, is no value."""

    size: int  # rows that values are hashed to
    dim: int | None
    missing: float  # share of the training rows
    family: str = ""  # of the training column; '' in a run of before it was kept
    id_width = 1

    word = "hash"

    @classmethod
    def fit(cls, column: Column, *, size: int, dim: int | None = None) -> HashEncoder:
        dim = _defaults.dim(size) if dim is None else dim
        made = cls(size=size, dim=dim, missing=0.0, family=family(column.type))
        ids = made._ids(column)
        made.missing = float((ids == MISSING).mean()) if len(ids) else 0.0
        return made

    @property
    def rows(self) -> int:  # type: ignore[override]
        return FIRST + self.size

    @property
    def silence(self) -> str:
        return "every value is missing" if self.missing == 1 else ""

    def encode(self, column: Column) -> Encoded:
        return self._ids(column)[:, None], None

    def _ids(self, column: Column) -> np.ndarray:
        """(n,) int32"""
        codes, values = dictionary(column)
        table = np.full(len(values) + 1, MISSING, "int32")  # code -1, a null, reads the last
        known = ~absent(values)
        table[:-1][known] = FIRST + hashes(values.filter(pa.array(known))) % np.uint64(self.size)
        return read(table, codes)

    def describe(self) -> str:
        return phrase(f"hashed to {self.size:,} rows", f"{percent(self.missing)} missing" if self.missing else "")

    def _state(self) -> tuple[State, Arrays]:
        return dataclasses.asdict(self), {}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> HashEncoder:  # noqa: ARG003 - it has no arrays
        return cls(**plain)


class HashTally(Tally):
    """Counts what is missing."""

    def __init__(self, *, size: int, dim: int | None = None) -> None:
        self.size, self.dim = size, dim
        self.rows = self.missing = 0
        self.family = ""

    def add(self, column: Column) -> None:
        codes, values = dictionary(column)
        self.family = family(column.type)
        self.rows += len(codes)
        self.missing += int(np.append(absent(values), True)[codes].sum())

    def encoder(self) -> HashEncoder:
        dim = _defaults.dim(self.size) if self.dim is None else self.dim
        return HashEncoder(size=self.size, dim=dim, missing=self.missing / max(self.rows, 1), family=self.family)


def hashes(values: pa.Array) -> np.ndarray:
    """(n,) uint64 of plain values, none of them missing: of the text that a vocabulary of texts would spell them by.

    Raises:
        MisfitError: dates, lists and the like.
    """
    kind = family(values.type)
    if kind not in ("null", "string", "bool", "int", "float"):
        raise MisfitError(f"holds {WORDS[kind]}, which have no vocabulary")
    if kind == "bool":
        values = pc.if_else(values, "True", "False")
    elif pt.is_float32(values.type):  # its own shortest digits, so that 0.1 is 0.1 in either width
        values = pa.array(values.to_numpy(zero_copy_only=False).astype(str).astype("float64"))
    words = np.array(text(values).to_pylist(), dtype=object)
    return pd.util.hash_array(words, hash_key=KEY, categorize=False).astype("uint64", copy=False)
