"""MTL101: identifiers that are read as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mtl_magic.checks.places import feature_span, warning
from mtl_magic.data.columns import MisfitError, numbers
from mtl_magic.data.infer import THINGS, is_id
from mtl_magic.language.format import name
from mtl_magic.language.spec import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtl_magic.data.schema import Prepared
    from mtl_magic.data.sources import Table
    from mtl_magic.problems import Problem
    from mtl_magic.program import Program

COUNTED = ("page", "request", "ad", "place", "session")  # words for things that a plain number may count or rank
NAMES = re.compile(rf"(?i)^({THINGS})$|(^|_)(zip|zip_?code|post(al)?_?code|phone)$|_code$")
ROWS = 100  # fewer rows have numbers that run on by chance


def identifiers(program: Program, prepared: Prepared) -> Iterator[Problem]:
    """For each number whose name says identifier, or that numbers the rows."""
    if prepared.raw is None:
        return
    for feature in prepared.schema.features:
        if feature.kind.word not in ("number", "bucket"):
            continue
        said = next(filter(None, (_said(table, feature.source) for table in prepared.raw.tables())), "")
        if said:
            span = feature_span(program, feature)
            word = name(Word(feature.name))
            kind = "is taken as a number" if feature.inferred else f"is a {feature.kind.word}"
            way = f"write 'feature {word}: category'" if "name" in said else f"write 'ignore {word}'"
            message = f"feature '{feature.name}' {kind}, and {said}"
            yield warning("MTL101", message, span, way, line=span is not None)


def _said(table: Table, column: str) -> str:
    found = table.resolve(column)
    try:
        values = numbers(table[found]) if found else np.empty(0)
    except MisfitError:
        return ""
    known = values[~np.isnan(values)]
    if not len(known) or (known != np.floor(known)).any():
        return ""
    if is_id(column) or (NAMES.search(column) and column.lower() not in COUNTED):
        return "its name says that its values are names: their order and distance mean nothing"
    running = ROWS <= len(known) == len(values) and known.max() - known.min() == len(known) - 1
    if running and len(np.unique(known)) == len(known):
        return "it numbers the rows one by one: new rows lie outside everything that was learnt"
    return ""
