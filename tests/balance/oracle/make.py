"""Writes torchjd.npz: what the library TorchJD answers for the Jacobians of `jacobians.py`. `make oracle` runs it.

PyTorch is large and no dependency of ours, so the answers are kept beside this script and the tests compare with them.
TorchJD's own tolerances are tightened: its projector adds 1e-4 of the trace to the diagonal, its CAGrad takes a direction
below 1e-4 for nought, and the solvers of its CAGrad and FairGrad stop at their defaults, which are reached into. Rows of zeros are left out, as our methods leave out a task without a gradient: TorchJD has no such rule.

Not asked, since no option makes it exact to 1e-5: MGDA beyond two tasks (Frank-Wolfe) and Nash-MTL (linearised programs,
stopped at a residual of 1e-3). PCGrad and GradVac draw orders, which two tasks do not have. FairGrad's solver works on
unscaled weights, so of norms over six orders of magnitude its small tasks are below its tolerance.
"""

from __future__ import annotations

import functools
import pathlib
import sys
from typing import TYPE_CHECKING

import cvxpy
import numpy as np
import torch
from scipy.optimize import least_squares
from torchjd import aggregation as jd
from torchjd.aggregation import _fairgrad
from torchjd.linalg import QuadprogProjector

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from tests.balance.jacobians import cases, draw  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Callable

SINGULAR = ("collinear", "deficient", "stationary")  # the solver of TorchJD wants a positive definite matrix


def projector(kind: str) -> QuadprogProjector:
    return QuadprogProjector(norm_eps=0.0, reg_eps=1e-12 if kind in SINGULAR else 0.0)


METHODS: dict[str, Callable[[str, int], jd.Aggregator | None]] = {
    "upgrad": lambda kind, k: jd.UPGrad(projector=projector(kind)),
    "dualproj": lambda kind, k: jd.DualProj(projector=projector(kind)),
    "mgda": lambda kind, k: jd.MGDA(epsilon=1e-12, max_iters=1000) if k == 2 else None,
    "cagrad": lambda kind, k: jd.CAGrad(c=0.4, norm_eps=1e-12) if kind != "spread" else None,
    "imtl_g": lambda kind, k: jd.IMTLG(),
    "config": lambda kind, k: jd.ConFIG(),
    "aligned_mtl": lambda kind, k: jd.AlignedMTL(),
    "aligned_mtl median": lambda kind, k: jd.AlignedMTL(scale_mode="median"),
    "aligned_mtl rmse": lambda kind, k: jd.AlignedMTL(scale_mode="rmse"),
    "fairgrad": lambda kind, k: jd.FairGrad(alpha=2.0) if kind not in ("spread", "stationary") else None,
    "pcgrad": lambda kind, k: jd.PCGrad() if k == 2 else None,
    "gradvac": lambda kind, k: jd.GradVac(beta=0.01, eps=0.0) if k == 2 else None,
}


def tighten() -> None:
    _fairgrad.least_squares = functools.partial(least_squares, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    solve = cvxpy.Problem.solve
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas", "tol_ktratio"), 1e-14) | {
        "static_regularization_constant": 1e-12,
        "iterative_refinement_max_iter": 50,
        "iterative_refinement_reltol": 1e-16,
        "iterative_refinement_abstol": 1e-16,
    }

    def tightly(self: cvxpy.Problem, solver: str) -> object:
        return solve(self, solver, **tight)

    cvxpy.Problem.solve = tightly


def main() -> None:
    tighten()
    answers = {}
    for kind, k, seed in cases():
        J = draw(kind, k, seed)
        rows = torch.tensor(J[np.linalg.norm(J, axis=1) > 0], dtype=torch.float64)
        for name, make in METHODS.items():
            method = make(kind, k)
            if method is not None:
                answers[f"{name}/{kind}/{k}/{seed}"] = method(rows).numpy()
    np.savez_compressed(HERE / "torchjd.npz", **answers)
    print(f"{len(answers)} answers of TorchJD")  # noqa: T201 - it is run from a terminal


if __name__ == "__main__":
    main()
