"""Requests to an exported model: tables as its columns.json says."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd

FILL = {"string": "", "int64": -(2**63), "float64": np.nan, "float32": np.nan}


def columns(folder: pathlib.Path) -> list[dict[str, Any]]:
    return json.loads((folder / "assets.extra" / "columns.json").read_text(encoding="utf-8"))["inputs"]


def request(inputs: list[dict[str, Any]], table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Each column as NumPy, what is missing as the model wants it."""
    return {i["tensor"]: values(table[i["column"]], i) for i in inputs}


def values(column: pd.Series, field: dict[str, Any]) -> np.ndarray:
    dtype, shape, missing = field["dtype"], field["shape"], FILL[field["dtype"]]
    kind = object if dtype == "string" else dtype
    if field["holds"] == "times":
        since = pd.to_datetime(column) - pd.Timestamp(0)
        return (since / pd.Timedelta(seconds=1)).to_numpy("float64", na_value=np.nan)
    if len(shape) == 1:
        one = [missing if pd.isna(v) else spelt(v) if dtype == "string" else v for v in column]
        return np.array(one, kind)
    lists = [[] if not isinstance(v, (list, tuple, np.ndarray)) else list(v) for v in column]
    width = max(shape[1] if shape[1] > 0 else max(map(len, lists)), 1)
    rows = [[missing if pd.isna(v) else v for v in r] + [missing] * (width - len(r)) for r in lists]
    return np.array(rows, kind).reshape(len(rows), width)


def spelt(value: Any) -> str:
    """A number as Python writes it, without an empty fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
