"""A small log and a cell for it, as files."""

from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd

CELL = """\
feature user: category
feature x: number
share mlp(units=[8], dropout=0)
task click: binary
task buy: binary
train epochs={epochs} batch=64 early_stop=none
"""


def written(folder: pathlib.Path, epochs: int = 2, rows: int = 700, text: str = CELL) -> tuple[str, str]:
    """The paths of a spec and of its table."""
    rng = np.random.default_rng(0)
    user, x = rng.integers(0, 30, rows), rng.standard_normal(rows)
    score = rng.standard_normal(30)[user] + x
    click = rng.random(rows) < 1 / (1 + np.exp(-score))
    buy = click & (rng.random(rows) < 0.4)
    table = {"user": [f"u{i}" for i in user], "x": x, "click": click.astype(int), "buy": buy.astype(int)}
    pd.DataFrame(table).to_parquet(folder / "log.parquet")
    (folder / "feed.mtl").write_text(text.replace("{epochs}", str(epochs)), encoding="utf-8")
    return str(folder / "feed.mtl"), str(folder / "log.parquet")
