"""What the checks say of a cell and its tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mtl_magic.checks import run_checks
from mtl_magic.data.prepare import prepare
from mtl_magic.problems import Problem
from mtl_magic.runs.fitting import compile_program


def found(text: str, *data: Any, valid: Any = None, test: Any = None) -> tuple[Problem, ...]:
    program = compile_program(text)
    return run_checks(program, prepare(program, list(data), valid, test))


def said(text: str, *data: Any, valid: Any = None, test: Any = None) -> list[str]:
    """Each warning as a person reads it."""
    return [p.render(compile_program(text).text) for p in found(text, *data, valid=valid, test=test)]


def codes(text: str, *data: Any, valid: Any = None, test: Any = None) -> list[str]:
    return [p.code for p in found(text, *data, valid=valid, test=test)]


def log(rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    """A log in which nothing is amiss."""
    rng = np.random.default_rng(seed)
    score = rng.standard_normal(rows)
    click = (score + rng.standard_normal(rows) > 0) * 1
    return pd.DataFrame(
        {
            "user_id": rng.integers(0, 300, rows),
            "price": np.round(np.exp(score), 4),
            "city": rng.choice(["Rome", "Oslo", "Lima"], rows),
            "day": np.arange(rows) // 100,
            "click": click,
            "buy": click * (rng.random(rows) < 0.4),
            "watch": rng.random(rows) * 100,
        }
    )
