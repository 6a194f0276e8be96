"""Which variables look like tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from mtl_magic.magic.tables import tables, told


def test_tables():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    namespace = {
        "log": frame,
        "series": frame["a"],
        "cold": pl.DataFrame({"a": [1]}),
        "arrow": pa.table({"a": [1, 2, 3]}),
        "arrays": {"x": np.zeros((4, 2)), "y": np.zeros(4)},
        "uneven": {"x": [1], "y": [1, 2]},
        "numbered": {1: [1]},
        "scalars": {"x": 1},
        "empty": {},
        "_hidden": frame,
        "text": "train.csv",
    }
    assert tables(namespace) == {
        "log": "2 rows, 2 columns",
        "cold": "1 row, 1 column",
        "arrow": "3 rows, 1 column",
        "arrays": "4 rows, 2 columns",
    }


def test_told_cuts_a_long_list():
    assert told({f"t{i}": "1 rows" for i in range(10)}, limit=2) == "t0 (1 rows), t1 (1 rows) and 8 more"
