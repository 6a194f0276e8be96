"""Auto: the kind is inferred from the column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.features._base import FeatureKind
from mtl_magic.registry import declare

if TYPE_CHECKING:
    from mtl_magic.data.encoders import Encoder


@declare("feature", "auto", example="feature *: auto")
class Auto(FeatureKind):
    """The kind that fits the column, by its type and values.

    The first that fits, judged on the training rows: yes/no is a category. Texts are tags where some join items by ','
    '|' or ';', in varying number, and four fifths of the items recur; else a category. Equally long lists of fractions
    are vectors, other lists tags. Fractions are numbers. Whole numbers are a category where the column's name says
    identifier (user_id, movieId, uuid) or they have few values (at most a twentieth of the rows, and at most 100); else
    a number: a time in milliseconds is one, a day such as 20220504 a category, whose values after a split by time are
    unknown ones; ignore it there.

    Left out, with a note, where no line names them: dates and times, columns without or with one value, and categories
    of which nine tenths of the rows hold values rarer than `min_count`.
    """

    def fit(self, column: Any, name: str) -> Encoder:
        from mtl_magic.data.columns import MisfitError
        from mtl_magic.data.infer import feature_kind

        guess = feature_kind(column, name)
        if guess.kind is None:
            raise MisfitError(guess.why, guess.hint)
        kind: Any = guess.kind
        return kind.fit(column, name)
