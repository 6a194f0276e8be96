"""Tables from files."""

from __future__ import annotations

import pathlib

import pandas as pd


def read(path: str) -> pd.DataFrame:
    """The table of a Parquet or CSV file."""
    found = pathlib.Path(path)
    return pd.read_parquet(found) if found.suffix == ".parquet" else pd.read_csv(found)
