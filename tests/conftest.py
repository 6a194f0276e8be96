"""What every test may ask for."""

from __future__ import annotations

import os
import pathlib

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> pathlib.Path:
    """The folder of larger data sets that MTL_MAGIC_DATA names; without it the test is skipped."""
    named = os.environ.get("MTL_MAGIC_DATA", "")
    if not named or not pathlib.Path(named).is_dir():
        pytest.skip("MTL_MAGIC_DATA names no folder of data sets")
    return pathlib.Path(named)
