"""The features: chosen by the cell's lines, fitted on the training rows, reported where something was left out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mtl_magic.data.choose import Chosen, choose
from mtl_magic.data.columns import Column, MisfitError, coded, family
from mtl_magic.data.infer import feature_kind
from mtl_magic.data.problems import Found, several
from mtl_magic.data.stage import Tell, untold
from mtl_magic.language.names import did_you_mean, nfc
from mtl_magic.parts import carried
from mtl_magic.program import INPUTS, NONE, FeatureRule, Program

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.data.encoders import Encoder
    from mtl_magic.data.sources import Table
    from mtl_magic.problems import Span
    from mtl_magic.registry import Declaration

CODED = ("string", "int", "bool")  # kinds of values that are hashed once and then read by code


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A feature with its encoder, and its column over all rows."""

    name: str
    column: str
    kind: Declaration
    encoder: Encoder
    coded: Column
    inferred: bool
    span: Span | None = None
    named: bool = False  # an exact name asked for it


def fit_features(
    program: Program,
    table: Table,
    train: np.ndarray,
    found: Found,
    kept_out: tuple[set[str], set[str]],
    *,
    judged: bool = True,
    tell: Tell = untold,
) -> list[Fitted]:
    """Every feature that can be fitted; what is wrong with the others is kept in `found`.

    Args:
        judged: leave out those that say nothing of the training rows; else `telling` does it later.
    """
    choice = choose(program, table.names, *kept_out)
    for rule, statement, column in choice.unknown:
        found.unknown(f"{statement} '{rule.pattern}'", column, table.names, rule.span)
    for rule, statement in choice.idle:
        found.add(
            "MTL214",
            f"{statement} '{rule.pattern}' matches no column",
            rule.span,
            did_you_mean(rule.pattern, table.names),
        )
    for rule in choice.wild_columns:
        found.add(
            "MTL033", f"column= belongs to one feature, and '{rule.pattern}' names several", rule.kind_span or rule.span
        )
    before = len(found.problems)
    rows = pa.array(train) if len(train) < len(table) else None
    features = []
    for k, chosen in enumerate(choice.features):
        tell("counting", k, len(choice.features), "columns")
        fitted = _fit(chosen, table[chosen.column], rows, found)
        if fitted is not None and (not judged or _tells(fitted, found)):
            features.append(fitted)
    if choice.left:
        found.note(f"No feature line takes {several(choice.left)}.")
    if not features and len(found.problems) == before and not choice.unknown:
        _nothing_left(found)
    return features


def telling(features: list[Fitted], found: Found) -> list[Fitted]:
    """Those of features that are not judged yet that say something, or that the cell asks for."""
    kept = [f for f in features if _tells(f, found)]
    if features and not kept:
        _nothing_left(found)
    return kept


def _tells(feature: Fitted, found: Found) -> bool:
    if feature.encoder.silence and feature.inferred and not feature.named:
        found.note(f"Left out '{feature.name}': {feature.encoder.silence}.")
        return False
    if feature.encoder.silence:
        found.note(f"Feature '{feature.name}' says next to nothing: {feature.encoder.silence}.")
    return True


def _nothing_left(found: Found) -> None:
    hint = "every column is ignored, a label, or has nothing to learn from"
    found.add("MTL207", "no feature is left", None, hint)


def _fit(chosen: Chosen, column: Column, train: pa.Array | None, found: Found) -> Fitted | None:
    inferred = chosen.kind is None or chosen.kind.word == "auto"
    kind, hashed = chosen.kind, column
    try:
        if family(column.type) in CODED and (kind is None or kind.word in ("auto", "category", "tags")):
            hashed = coded(column)
        if inferred:
            guess = feature_kind(_rows(hashed, train), chosen.name)
            if guess.kind is None:
                if not chosen.named:
                    found.note(f"Left out '{chosen.name}': {guess.why}.")
                    return None
                raise MisfitError(guess.why, guess.hint)
            kind = carried(chosen.kind, guess.kind)
        assert kind is not None
        if chosen.name != chosen.column:
            kind = dataclasses.replace(kind, column=chosen.column)  # type: ignore[call-arg]
        seen = hashed if kind.word in ("category", "tags") else column
        encoder: Encoder = kind.fit(_rows(seen, train), chosen.name)  # type: ignore[attr-defined]
    except MisfitError as error:
        about = f"feature '{chosen.name}'" + (f" (column '{chosen.column}')" if chosen.name != chosen.column else "")
        code = "MTL209" if kind is None or kind.word == "auto" else "MTL208"
        found.add(code, f"{about}: {_sentence(error.message)}", chosen.kind_span or chosen.span, error.hint)
        return None
    return Fitted(chosen.name, chosen.column, kind, encoder, seen, inferred, chosen.span, chosen.named)


def _rows(column: Column, rows: pa.Array | None) -> Column:
    return column if rows is None else column.take(rows)


def _sentence(message: str) -> str:
    return f"its column {message}" if message.startswith(("holds", "has")) else message


def check_sources(program: Program, features: list[str], columns: list[str], found: Found) -> None:
    """Sources of blocks and tasks that are neither a block nor a feature."""
    blocks = [b.name for b in program.blocks if b.name]
    known = {nfc(n) for n in [*blocks, INPUTS, NONE, ""]}
    takers: list[tuple[str, Any, tuple[Span | None, ...]]] = [
        (f"block '{b.title}'", b, b.source_spans) for b in program.blocks
    ]
    takers += [(f"task '{t.name}'", t, getattr(t, "source_spans", ())) for t in program.tasks]
    for what, taker, spans in takers:
        for place, source in enumerate(taker.sources):
            if nfc(source) in known or matches(source, features):
                continue
            span = spans[place] if place < len(spans) else taker.span
            message = f"{what} comes from '{source}', which is neither a block nor a feature"
            hint = (
                did_you_mean(source, [*blocks, *features])
                or f"blocks: {several(blocks)}; features: {several(features)}"
            )
            if source in columns:
                message = f"{what} comes from '{source}', a column that is no feature"
                hint = "it is ignored, a label, or left out"
            found.add("MTL021", message, span, hint)


def matches(source: str, features: list[str]) -> bool:
    """Whether a name or wildcard is that of a feature."""
    rule = FeatureRule(source, literal=False, kind=None)
    return any(rule.matches(f) or nfc(f) == nfc(source) for f in features)
