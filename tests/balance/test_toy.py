"""The two-task problem of the CAGrad and Nash-MTL papers: every method reaches the Pareto front from every start."""

from __future__ import annotations

import importlib.util
import pathlib
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(scope="module")
def toy() -> ModuleType:
    path = pathlib.Path(__file__).parents[2] / "experiments" / "toy_pareto.py"
    spec = importlib.util.spec_from_file_location("toy_pareto", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["mgda", "cagrad", "nash_mtl", "imtl_g", "upgrad"])
def test_the_front_is_reached_from_every_start(toy: ModuleType, name: str) -> None:
    goal = toy.front()
    found = toy.paths(name)
    assert len(found) == 5
    for start, points in zip(toy.STARTS, found, strict=True):
        if start != (9.0, 9.0):  # from where CAGrad and UPGrad take longer, see docs/balancing.md
            assert (len(points) - 1) * toy.EVERY <= 35_000
        assert (len(points) - 1) * toy.EVERY <= toy.STEPS[name]
        assert toy.distance(toy.losses(tf.constant(points[-1])).numpy(), goal) < 1e-2


def test_the_front_is_one(toy: ModuleType) -> None:
    """No point of a fine grid is better in both losses than a point of the front, and its ends are the two minima."""
    goal = toy.front(401)
    x1, x2 = np.meshgrid(np.linspace(-10, 10, 201), np.linspace(-10, 10, 201))
    grid = toy.losses(tf.constant([x1.ravel(), x2.ravel()])).numpy().T
    for point in goal[::40]:
        assert not (grid < point - 1e-6).all(axis=1).any()
    assert (np.diff(goal[:, 0]) <= 1e-9).all()
    assert (np.diff(goal[:, 1]) >= -1e-9).all()
