"""The language keeps up with typing; `benchmarks/language.py` measures it, this only sees that nothing went wrong by far."""

from __future__ import annotations

import importlib.util
import statistics

import pytest


@pytest.fixture(scope="module")
def benchmark(root):
    found = importlib.util.spec_from_file_location("benchmark_language", root / "benchmarks" / "language.py")
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


def test_a_keystroke_in_a_long_cell(benchmark):
    """30 ms is the aim on an idle machine; ten times that is a fault on any."""
    lines = benchmark.cell()
    assert len(lines) == 300
    inside, above = benchmark.keystrokes(lines, 15)
    assert statistics.median(inside) < 0.3
    assert statistics.median(above) < 0.3


def test_time_grows_with_the_cell_and_no_faster(benchmark):
    """Four times the lines take less than twelve times the time: nothing in it is quadratic."""
    few, _ = benchmark.keystrokes(benchmark.cell(150), 15)
    many, _ = benchmark.keystrokes(benchmark.cell(600), 15)
    assert statistics.median(many) < 12 * statistics.median(few)
