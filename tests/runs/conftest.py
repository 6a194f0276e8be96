"""Fixtures of this room."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from runs.handmade import small_run


@pytest.fixture(scope="session")
def run():
    return small_run()


@pytest.fixture
def table():
    return pd.DataFrame({"the age": [1.0, np.nan, 5.0], "名": ["a", "new", None]}, index=[7, 8, 9])
