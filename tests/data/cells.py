"""Cells as programs, and the data that they are prepared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mtl_magic.data.prepare import prepare
from mtl_magic.data.schema import Prepared
from mtl_magic.language import parse
from mtl_magic.language.resolve import resolve
from mtl_magic.problems import MtlError
from mtl_magic.program import Program
from mtl_magic.vocabulary import vocabulary


def program(text: str) -> Program:
    return resolve(parse(text, vocabulary()), vocabulary(), {})


def prepared(text: str, *data: Any, valid: Any = None, test: Any = None) -> Prepared:
    return prepare(program(text), list(data), valid, test)


def problems(text: str, *data: Any, valid: Any = None, test: Any = None) -> list[str]:
    """Each problem as a person reads it."""
    with pytest.raises(MtlError) as caught:
        prepared(text, *data, valid=valid, test=test)
    return [p.render(caught.value.text) for p in caught.value.problems]


def feed(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """A small log: ids, a number with gaps, tags, labels of each kind."""
    rng = np.random.default_rng(seed)
    price = np.exp(rng.standard_normal(rows))
    price[::7] = np.nan
    genres = np.array(["comedy", "comedy|drama", "drama|thriller|comedy", "thriller", "drama"], object)
    return pd.DataFrame(
        {
            "user_id": rng.integers(0, 40, rows),
            "city": rng.choice(["Rome", "Oslo", "Lima"], rows),
            "price": price,
            "genres": rng.choice(genres, rows),
            "day": rng.integers(1, 11, rows),
            "click": rng.integers(0, 2, rows),
            "rating": rng.integers(1, 6, rows),
            "watch": np.where(rng.random(rows) < 0.3, np.nan, rng.random(rows) * 100),
        },
        index=pd.Index(np.arange(rows) * 3 + 5, name="row"),
    )


CELL = """\
task click: binary
task rating: multiclass
task watch: regression
ignore day
"""
