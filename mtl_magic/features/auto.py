"""Auto: the kind is inferred from the column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind, column_option
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder


@declare("feature", "auto", example="feature *: auto")
class Auto(FeatureKind):
    """The kind that fits the column, by its type and values.

    Text, yes/no, identifiers and whole numbers of few values are categories; lists and texts that join recurring items
    are tags; equally long lists of fractions are vectors; other numbers are numbers. A column of one value, or of
    values that never recur, is left out where no line names it.

    Dates and times are left out, and the run says so.
    """

    column: str | None = column_option()

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.columns import MisfitError
        from mtl_magic.data.infer import feature_kind

        guess = feature_kind(column, name)
        if guess.kind is None:
            raise MisfitError(guess.why, guess.hint)
        kind: Any = guess.kind
        return kind.fit(column, name)
