"""Two small runs of one table, and a notebook's shell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from magic.conftest import shell  # noqa: F401  a fixture

import mtl_magic

TEXT = """split valid=0.2 test=0.3
ignore who
task click: binary(metrics=[auc, gauc(who), logloss])
task watch: regression
train epochs=8 batch=64 lr=0.01"""


def table(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    """`a` and `x` decide `click` and `watch`; `who` says nothing."""
    draw = np.random.default_rng(seed)
    a, x = draw.integers(0, 8, rows), draw.normal(size=rows)
    click = (draw.random(rows) < 1 / (1 + np.exp(2 - 0.5 * a - 2 * x))) * 1
    watch = a + 2 * x + draw.normal(size=rows)
    return pd.DataFrame({"a": a.astype(str), "x": x, "who": draw.integers(0, 60, rows), "click": click, "watch": watch})


@pytest.fixture(scope="session")
def log():
    return table()


@pytest.fixture(scope="session")
def feed(log):
    return mtl_magic.fit(TEXT, log, name="feed")


@pytest.fixture(scope="session")
def blind(log):
    """As `feed`, but it does not see `x`."""
    return mtl_magic.fit(TEXT.replace("ignore who", "ignore who, x"), log, name="blind")
