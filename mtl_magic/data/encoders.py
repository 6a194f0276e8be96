"""Encoders: how a feature's column becomes embedding rows (ids) and floats. Fitted on training rows, kept with the run.

An encoder's `state` is a JSON-able dict and named arrays, so that a run folder holds it as standard files; nothing is
pickled. What the ids mean never changes: see each encoder.
"""

from __future__ import annotations

import abc
import importlib
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import pyarrow as pa

from mtl_magic.data.columns import Column, flat

if TYPE_CHECKING:
    import numpy as np

State: TypeAlias = dict[str, Any]
Arrays: TypeAlias = dict[str, "np.ndarray | pa.Array"]
Encoded: TypeAlias = tuple["np.ndarray | None", "np.ndarray | None"]

HOMES = {
    "category": ("mtl_magic.data.category", "CategoryEncoder"),
    "hash": ("mtl_magic.data.hashed", "HashEncoder"),
    "tags": ("mtl_magic.data.tags", "TagsEncoder"),
    "number": ("mtl_magic.data.number", "NumberEncoder"),
    "bucket": ("mtl_magic.data.number", "BucketEncoder"),
    "vector": ("mtl_magic.data.vector", "VectorEncoder"),
}


class Encoder(abc.ABC):
    """One feature's encoder.

    Attributes:
        id_width: embedding rows a table row looks up.
        float_width: floats a table row has.
        rows: rows that the embedding needs; ids are in [0, rows), counted from 0 for every feature.
        dim: width of the embedding; None where there is none.
        pool: None, or 'mean' or 'sum' over the looked-up rows; id 0 is then padding and takes no part.
    """

    word: ClassVar[str] = ""
    id_width: int = 0
    float_width: int = 0
    rows: int = 0
    dim: int | None = None
    pool: str | None = None

    @abc.abstractmethod
    def encode(self, column: Column) -> Encoded:
        """ids (n, id_width) int32 and floats (n, float_width) float32; None in place of one that has no width.

        Raises:
            MisfitError: the column holds something else than the training rows did.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """A phrase for the feature table: '1,204 values, seen ≥ 2 times; 3.1% missing'."""

    @property
    def silence(self) -> str:
        """Why it tells next to nothing about a training row: 'it has one value only in the training rows'; or ''."""
        return ""

    def state(self) -> tuple[State, Arrays]:
        """The encoder as plain values (JSON) and named one-dimensional arrays (NumPy or Arrow)."""
        plain, arrays = self._state()
        return {"encoder": self.word, **plain}, arrays

    @abc.abstractmethod
    def _state(self) -> tuple[State, Arrays]: ...

    @classmethod
    @abc.abstractmethod
    def restore(cls, plain: State, arrays: Arrays) -> Encoder:
        """From what `_state` gave; use `from_state`."""

    @staticmethod
    def from_state(plain: State, arrays: Arrays) -> Encoder:
        """The encoder whose `state` this is.

        Example:
            >>> import pyarrow as pa
            >>> from mtl_magic.data.category import CategoryEncoder
            >>> encoder = CategoryEncoder.fit(pa.array(["a", "b", "a"]), min_count=1)
            >>> Encoder.from_state(*encoder.state()).encode(pa.array(["b", "x", None]))[0].tolist()
            [[3], [0], [1]]
        """
        plain = dict(plain)
        module, name = HOMES[plain.pop("encoder")]
        made: Encoder = getattr(importlib.import_module(module), name).restore(plain, arrays)
        return made


def stored(array: np.ndarray | Column) -> pa.Array:
    """An array as it comes back from a file, as one Arrow array."""
    return flat(array) if isinstance(array, (pa.Array, pa.ChunkedArray)) else pa.array(array)


ONE_VALUE = "it has one value only in the training rows"


def percent(share: float) -> str:
    """A share for a phrase: '3.1%', '<0.1%'."""
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def phrase(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
