"""Jacobians of every kind that a method may meet, from fixed seeds."""

from __future__ import annotations

import numpy as np

KINDS = ("well", "conflicting", "collinear", "deficient", "spread", "stationary", "zeros")


def draw(kind: str, k: int, seed: int, width: int = 24) -> np.ndarray:
    """A Jacobian (k, width) float64 of a kind."""
    rng = np.random.default_rng([KINDS.index(kind), k, seed])
    J = rng.normal(size=(k, width))
    match kind:
        case "conflicting":  # every gradient against the mean of the others
            J -= 0.7 * J.mean(axis=0) * k / (k - 1)
        case "collinear":  # one the double of another, one nearly opposite to it
            J[1] = 2 * J[0]
            if k > 2:
                J[2] = -J[0] + 1e-2 * J[2]
        case "deficient":
            rank = max(k // 2, 1)
            J = np.abs(rng.normal(size=(k, rank))) @ rng.normal(size=(rank, width))
        case "spread":  # norms from 1e-3 to 1e3
            J /= np.linalg.norm(J, axis=1, keepdims=True)
            J *= 10.0 ** np.linspace(-3, 3, k)[rng.permutation(k), None]
        case "stationary":  # a convex combination of the rows is 0
            w = rng.uniform(0.5, 1.5, size=k)
            J[-1] = -(w[:-1] @ J[:-1]) / w[-1]
        case "zeros":
            J[0] = 0
    return J


def cases(seeds: int = 2) -> list[tuple[str, int, int]]:
    """(kind, K, seed) of all Jacobians of the oracle."""
    return [(kind, k, seed) for kind in KINDS for k in (2, 3, 5, 8) for seed in range(seeds)]
