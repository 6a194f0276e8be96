"""What every test may ask for."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from lab import lab, page, server  # noqa: F401  fixtures

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _kept_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test keeps its runs in the folder from which the tests are started; kernels of a module share one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTL_MAGIC_RUNS", str(tmp_path_factory.mktemp("kept") / "runs"))
        yield


@pytest.fixture(autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Where this test's cells keep their runs; the folder is not there before the first."""
    place = tmp_path_factory.mktemp("kept") / "runs"
    monkeypatch.setenv("MTL_MAGIC_RUNS", str(place))
    return place


@pytest.fixture(scope="session")
def data_folder() -> pathlib.Path:
    """The folder of larger data sets that MTL_MAGIC_DATA names; without it the test is skipped."""
    named = os.environ.get("MTL_MAGIC_DATA", "")
    if not named or not pathlib.Path(named).is_dir():
        pytest.skip("MTL_MAGIC_DATA names no folder of data sets")
    return pathlib.Path(named)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser of the system, one for all tests: Playwright runs once in a process."""
    from browser import launched

    with launched() as found:
        yield found
