"""The columns of a request: of what type and shape the tensor of each is, and what stands for a missing value."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.data.columns import family
from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.program import safe_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtl_magic.data.schema import Schema

TEXT, WHOLE, UNSIGNED, TRUTH, NUMBER, TIME, VECTOR = (
    "text", "whole numbers", "unsigned numbers", "yes/no", "numbers", "times", "vectors",
)  # fmt: skip
NO_NUMBER = -(2**63)  # int64 has no NaN
DTYPES = {
    TEXT: "string",
    WHOLE: "int64",
    UNSIGNED: "uint64",
    TRUTH: "int64",
    NUMBER: "float64",
    TIME: "float64",
    VECTOR: "float32",
}
MISSING: dict[str, Any] = {
    **dict.fromkeys((NUMBER, TIME, VECTOR), "NaN"),
    TEXT: "",
    WHOLE: NO_NUMBER,
    UNSIGNED: 2**63,
    TRUTH: NO_NUMBER,
}


@dataclasses.dataclass(frozen=True)
class Need:
    """What one feature reads of its column.

    Attributes:
        holds: one of the kinds above.
        many: a list of them a row.
        width: of a vector.
        loose: numbers that whole numbers hold as well: the training column was of them.
    """

    holds: str
    many: bool = False
    width: int = 0
    loose: bool = False


@dataclasses.dataclass(frozen=True)
class Field:
    """A column of a request."""

    column: str  # as a table calls it
    tensor: str  # as the signature calls it
    need: Need

    @property
    def dtype(self) -> str:
        return DTYPES[self.need.holds]

    @property
    def shape(self) -> tuple[int | None, ...]:
        """(None,); (None, None) of lists, which the missing value fills up; (None, width) of vectors."""
        return (None, None) if self.need.many else (None, self.need.width) if self.need.width else (None,)

    @property
    def missing(self) -> Any:
        """What a request sends for a value that is not there."""
        return MISSING[self.need.holds]

    def plain(self) -> dict[str, Any]:
        """As columns.json has it."""
        shape = [-1 if n is None else n for n in self.shape]
        return {
            "column": self.column,
            "tensor": self.tensor,
            "holds": self.need.holds,
            "dtype": self.dtype,
            "shape": shape,
            "missing": self.missing,
        }


def of_vocabulary(kind: Any, *, many: bool = False) -> Need:
    """The need of an encoder with a vocabulary of this Arrow type.

    Example:
        >>> import pyarrow as pa
        >>> of_vocabulary(pa.int64()).holds
        'whole numbers'
    """
    if str(kind) == "uint64":
        return Need(UNSIGNED, many)
    return Need({"bool": TRUTH, "int": WHOLE, "float": NUMBER}.get(family(kind), TEXT), many)


def fields(schema: Schema, needs: Mapping[str, Need]) -> tuple[Field, ...]:
    """The columns that the features read, in the features' order; `needs` by name of the feature.

    Raises:
        MtlError: MTL450 features read one column in ways that one tensor cannot be.
    """
    columns: dict[str, list[str]] = {}
    for feature in schema.features:
        columns.setdefault(feature.source, []).append(feature.name)
    tensors = safe_names(columns)
    return tuple(
        Field(column, tensors[column], _joined(column, names, [needs[n] for n in names]))
        for column, names in columns.items()
    )


def _joined(column: str, names: Sequence[str], needs: Sequence[Need]) -> Need:
    kept = set(needs)
    if len(kept) > 1:
        firm = {need for need in kept if not need.loose}
        kept = firm or {Need(NUMBER)}
    holds = {need.holds for need in kept}
    if holds == {WHOLE, NUMBER} and not any(need.many for need in kept):
        return Need(NUMBER)  # whole numbers with gaps are floats in a table
    if holds == {TEXT, NUMBER} and not any(need.many for need in kept):
        return Need(TEXT)
    if len(kept) > 1:
        read = listed([f"'{n}' {'lists of ' * need.many}{need.holds}" for n, need in zip(names, needs, strict=True)])
        message = f"the features of column '{column}' read it as different things, and a request has it once: {read}"
        raise MtlError(Problem("MTL450", message, hint="train them on columns of their own: a copy of it for each"))
    return dataclasses.replace(kept.pop(), loose=False)
