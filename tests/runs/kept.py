"""A small log and cells whose training is cut short, here or in a process of its own."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd

import mtl_magic
from mtl_magic.train import team
from mtl_magic.train.control import Control
from mtl_magic.train.events import Evaluated, Progress

BASE = """\
feature user: category(dim=4)
feature x: number(bins=0)
share mlp(units=[8], dropout=0.3)
task click: binary
task watch: regression
balance uncertainty
train epochs=4 batch=64 early_stop=2 seed=3"""
SLICES = BASE.replace("batch=64", "batch=32 accumulate=2 tables=lazy_adam schedule=cosine")
CELLS: dict[str, tuple[str, dict[str, Any]]] = {"memory": (BASE, {}), "streamed": (SLICES, {"stream": True})}
MIDDLE = 17  # of 11 steps an epoch: within the second


def log(rows: int = 760, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    user, x = draw.integers(0, 20, rows), draw.standard_normal(rows)
    score = draw.standard_normal(20)[user] + x
    return pd.DataFrame(
        {
            "user": [f"u{i}" for i in user],
            "x": x,
            "click": (draw.random(rows) < 1 / (1 + np.exp(-score))).astype(int),
            "watch": score + draw.standard_normal(rows) / 2,
        }
    )


class Stops:
    """A listener that stops a training at a step, or calls something else there."""

    def __init__(self, step: int, does: Any = None) -> None:
        self.control = Control()
        self.step, self.does = step, does or self.control.stop

    def __call__(self, event: Any) -> None:
        if isinstance(event, (Progress, Evaluated)) and event.step >= self.step:
            self.does()


def cut(text: str, frame: pd.DataFrame, step: int = MIDDLE, does: Any = None, **options: Any) -> mtl_magic.Run:
    """A training that ends at this step. `team.TICK` is 0 for it: every step is looked at."""
    before, team.TICK = team.TICK, 0.0
    stops = Stops(step, does)
    try:
        return mtl_magic.fit(text, frame, control=stops.control, listeners=[stops], **options)
    finally:
        team.TICK = before


def weights(run: mtl_magic.Run) -> list[np.ndarray]:
    """Of the model, without the seeds of its random layers."""
    return [np.array(v) for v in run.model.variables if v.dtype == "float32"]


if __name__ == "__main__":  # go on with what lies in a store, in a fresh process
    for name in sys.argv[2:]:
        cell, options = CELLS[name]
        mtl_magic.fit(cell, log(), store=sys.argv[1], name=name, resume=True, **options)
