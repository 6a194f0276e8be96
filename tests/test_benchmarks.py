"""The benchmarks drive parts of the package that change: what they share still runs."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

import numpy as np
import pytest


def test_our_side_of_the_speed_benchmarks_runs():
    source = pathlib.Path(__file__).parents[1] / "benchmarks" / "common.py"
    if not source.exists():
        pytest.skip("the benchmarks do not stand beside the tests")
    spec = importlib.util.spec_from_file_location("benchmarks_common", source)
    common = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = common  # dataclasses look their module up
    spec.loader.exec_module(common)
    draw = np.random.default_rng(0)
    ids = draw.integers(0, 30, (256, 2)).astype("int32")
    numbers, labels = draw.normal(size=(256, 3)).astype("float32"), draw.integers(0, 2, (256, 2)).astype("float32")
    assert common.Ours([30, 40], (ids, numbers, labels), 32).run(3) > 0
    median, low, high = common.interval(np.linspace(1, 3, 21))
    assert low < median == 2 < high
