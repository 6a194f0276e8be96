"""Each method's direction against what its paper says, in NumPy, and against TorchJD, where it has the method."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import mtl_magic
from mtl_magic.balance._random import orders
from tests.balance import references as paper
from tests.balance.jacobians import KINDS, cases, draw

TORCHJD = np.load(pathlib.Path(__file__).parent / "oracle" / "torchjd.npz")
CLOSE = 1e-5

# name -> options, and the reference of J (rows that are not 0) and its losses
METHODS: dict[str, tuple[dict[str, Any], Any]] = {
    "mgda": ({"norm": None}, lambda J, losses, order: paper.mgda(J)),
    "mgda l2": ({"norm": "l2"}, lambda J, losses, order: paper.mgda(J, losses, "l2")),
    "mgda loss": ({"norm": "loss"}, lambda J, losses, order: paper.mgda(J, losses, "loss")),
    "mgda loss_plus": ({"norm": "loss_plus"}, lambda J, losses, order: paper.mgda(J, losses, "loss_plus")),
    "upgrad": ({}, lambda J, losses, order: paper.upgrad(J)),
    "dualproj": ({}, lambda J, losses, order: paper.dualproj(J)),
    "pcgrad": ({}, lambda J, losses, order: paper.pcgrad(J, order)),
    "gradvac": ({}, lambda J, losses, order: paper.gradvac(J, order, np.zeros((len(J), len(J))), 0.01)),
    "cagrad": ({"c": 0.4}, lambda J, losses, order: paper.cagrad(J, 0.4)),
    "cagrad far": ({"c": 0.9}, lambda J, losses, order: paper.cagrad(J, 0.9)),
    "imtl_g": ({}, lambda J, losses, order: paper.imtl_g(J)),
    "config": ({}, lambda J, losses, order: paper.config(J)),
    "aligned_mtl": ({}, lambda J, losses, order: paper.aligned_mtl(J)),
    "aligned_mtl median": ({"scale": "median"}, lambda J, losses, order: paper.aligned_mtl(J, "median")),
    "aligned_mtl rmse": ({"scale": "rmse"}, lambda J, losses, order: paper.aligned_mtl(J, "rmse")),
    "nash_mtl": ({}, lambda J, losses, order: paper.nash_mtl(J)),
    "fairgrad": ({"alpha": 2.0}, lambda J, losses, order: paper.fairgrad(J, 2.0)),
    "fairgrad half": ({"alpha": 0.5}, lambda J, losses, order: paper.fairgrad(J, 0.5)),
    "db_mtl": ({}, lambda J, losses, order: paper.db_mtl(J, losses)),
}


def direction(name: str, J: np.ndarray, losses: np.ndarray) -> np.ndarray:
    options, _ = METHODS[name]
    method = mtl_magic.balance.create(name.split(maxsplit=1)[0], tasks=len(J), **options)
    method._weights = method._weighed  # one step is sooner taken than traced
    return J.T @ method.update(losses=losses, gramian=J @ J.T)


def assert_alike(found: np.ndarray, wanted: np.ndarray, J: np.ndarray) -> None:
    """The same direction; where the wanted one is nought beside the gradients, the found one is too."""
    norms = np.linalg.norm(J, axis=1)
    least, size = norms[norms > 0].min(), np.linalg.norm(wanted)
    if size < 1e-6 * least:
        assert np.linalg.norm(found) < CLOSE * least
    else:
        assert np.abs(found / np.linalg.norm(found) - wanted / size).max() < CLOSE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_direction_is_the_papers(name: str, kind: str) -> None:
    for _, k, seed in [c for c in cases(1) if c[0] == kind] + [(kind, 12, 0)]:
        J = draw(kind, k, seed)
        if kind == "stationary" and name.startswith(("nash_mtl", "fairgrad")):
            continue  # the paper has no solution there: the next test
        losses = np.linspace(0.3, 2.0, k).astype("float32").astype("float64")
        rows = np.linalg.norm(J, axis=1) > 0
        place = np.cumsum(rows) - 1
        order = np.array([[place[j] for j in row if rows[j]] for row in orders(0, 0, k).numpy()[rows]])
        wanted = METHODS[name][1](J[rows], losses[rows], order)
        found = direction(name, J, losses)
        assert_alike(found, wanted, J)
        assert np.isclose(
            np.linalg.norm(found),
            np.linalg.norm(wanted),
            rtol=CLOSE,
            atol=CLOSE * np.linalg.norm(J[rows], axis=1).min(),
        )


@pytest.mark.parametrize("name", ["nash_mtl", "fairgrad", "fairgrad half"])
def test_bargain_of_a_stationary_point_is_nearly_nought(name: str) -> None:
    """Weights that sum to K, as in training, times gradients of size 5: without a bargain the step hardly moves."""
    for k in (2, 3, 5, 8):
        J = draw("stationary", k, 0)
        w = mtl_magic.balance.weights(name.split(maxsplit=1)[0], J @ J.T, **METHODS[name][0])
        assert (w > 0).all()
        assert np.linalg.norm(J.T @ w) / w.sum() < 1e-3


@pytest.mark.parametrize("name", sorted({key.split("/")[0] for key in TORCHJD.files}))
def test_direction_is_that_of_torchjd(name: str) -> None:
    mine = [key for key in TORCHJD.files if key.startswith(name + "/")]
    assert len(mine) >= 14
    for key in mine:
        _, kind, k, seed = key.split("/")
        J = draw(kind, int(k), int(seed))
        assert_alike(direction(name, J, np.ones(int(k))), TORCHJD[key], J)


def test_torchjd_was_asked_about_every_kind() -> None:
    assert {key.split("/")[1] for key in TORCHJD.files} == set(KINDS)
