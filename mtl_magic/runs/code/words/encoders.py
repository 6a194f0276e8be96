"""Encoders as code."""

from __future__ import annotations

from typing import Any

import pyarrow.types as pt

from mtl_magic.data.columns import family
from mtl_magic.runs.code.functions import encoding
from mtl_magic.runs.code.text import Call, Raw, call, show
from mtl_magic.runs.code.writers import At, Column, writes


def spelling(functions: Any, kind: Any) -> Raw:
    """The function by which values meet a vocabulary of this Arrow type."""
    words = {"bool": encoding.as_truth, "int": encoding.as_whole, "string": encoding.as_text}
    short = encoding.as_short_number if pt.is_float32(kind) else encoding.as_number
    return Raw(functions.use(words.get(family(kind), short)))


@writes("encoder", "category")
def category(encoder: Any, at: At) -> list[Column]:
    spelt = spelling(at.functions, encoder.vocabulary.type)
    value = call(at.functions.use(encoding.category), at.column, at.learnt(""), spelt)
    return [Column("", value, encoder.vocabulary.to_pylist(), encoder.rows, encoder.dim)]


@writes("encoder", "hash")
def hashed(encoder: Any, at: At) -> list[Column]:
    value = call(at.functions.use(encoding.hashed), at.column, rows=encoder.size)
    return [Column("", value, None, encoder.rows, encoder.dim)]


@writes("encoder", "tags")
def tags(encoder: Any, at: At) -> list[Column]:
    spelt = spelling(at.functions, encoder.vocabulary.type)
    options: dict[str, Any] = {"length": encoder.length}
    function: Any = encoding.list_tags
    if encoder.separator:
        function, options = encoding.text_tags, {**options, "separator": encoder.separator}
    value = call(at.functions.use(function), at.column, at.learnt(""), spelt, **options)
    learnt = encoder.vocabulary.to_pylist()
    return [Column("", value, learnt, encoder.rows, encoder.dim, length=encoder.length, pool=encoder.pool)]


def _numbers(encoder: Any, at: At) -> Call:
    """The column as numbers; dates and times as seconds."""
    function = encoding.seconds if encoder.family == "time" else encoding.numbers
    return call(at.functions.use(function), at.column)


def _bins(encoder: Any, at: At, suffix: str) -> Column:
    value = call(at.functions.use(encoding.binned), _numbers(encoder, at), at.learnt(suffix))
    return Column(suffix, value, encoder.cuts.tolist(), encoder.rows, encoder.dim)


@writes("encoder", "bucket")
def bucket(encoder: Any, at: At) -> list[Column]:
    return [_bins(encoder, at, "")]


@writes("encoder", "number")
def number(encoder: Any, at: At) -> list[Column]:
    values = _numbers(encoder, at)
    spread = {"mean": float(encoder.mean), "std": float(encoder.std)}
    learnt: Any = spread
    if encoder.scale == "none" or (encoder.scale == "quantile" and not len(encoder.quantiles)):
        value, learnt = call(at.functions.use(encoding.filled), values), None
    elif encoder.scale == "quantile":
        value, learnt = call(at.functions.use(encoding.ranked), values, at.learnt("")), encoder.quantiles.tolist()
    else:
        function = {"log": encoding.log_scaled, "standard": encoding.scaled}[encoder.scale]
        value = Call(at.functions.use(function), (values,), (("**", at.learnt("")),))
    found = [_bins(encoder, at, "bin")] if len(encoder.cuts) else []
    found.append(Column("", value, learnt))
    if encoder.missing > 0:
        found.append(Column("missing", call(at.functions.use(encoding.missing), values)))
    return found


@writes("encoder", "vector")
def vector(encoder: Any, at: At) -> list[Column]:
    values = call(at.functions.use(encoding.vectors), at.column, width=encoder.width)
    spread = {"mean": float(encoder.mean), "std": float(encoder.std)}
    value = Call(at.functions.use(encoding.scaled_vectors), (values,), (("**", at.learnt("")),))
    found = [Column("", value, spread, width=encoder.width)]
    if encoder.missing > 0:
        first = Raw(f"{show(values)}[:, 0]")
        found.append(Column("missing", call(at.functions.use(encoding.missing), first)))
    return found
