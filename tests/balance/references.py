"""The methods in NumPy float64, written from their papers on the Jacobian J (K, P) itself: slow, and independent of ours.

Each gives the direction Jᵀw (P,) of the rows that are not 0, for that is how we read the papers: a task without a gradient
is left out. Where a paper leaves a scale open, so does a comparison of directions.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls


def _hull(points: np.ndarray) -> np.ndarray:
    """Weights of the point of the convex hull of the rows that is nearest to 0.

    With the rows over their norms as columns and a row of 1/norms below: the nearest point of a cone to (0, 1).
    """
    norms = np.linalg.norm(points, axis=1)
    over = norms.min() / norms
    x, _ = nnls(np.vstack([(points / norms[:, None]).T, over]), np.r_[np.zeros(points.shape[1]), 1.0], maxiter=10_000)
    return (x / norms) / (x / norms).sum()


def mgda(J: np.ndarray, losses: np.ndarray | None = None, norm: str | None = None) -> np.ndarray:
    """Désidéri 2012: the shortest vector of the convex hull; Sener & Koltun's normalisations of the rows first."""
    by = np.ones(len(J))
    if norm in ("l2", "loss_plus"):
        by = by * np.linalg.norm(J, axis=1)
    if norm in ("loss", "loss_plus"):
        by = by * losses
    return J.T @ (_hull(J / by[:, None]) / by)


def _onto_cone(J: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The projection of v onto {d: Jd ≥ 0}: v + Jᵀz with the z ≥ 0 that makes it shortest (Moreau)."""
    units = J / np.linalg.norm(J, axis=1, keepdims=True)
    size = np.linalg.norm(v)
    z, _ = nnls(units.T, -v / size, maxiter=10_000)
    return v + size * units.T @ z


def upgrad(J: np.ndarray) -> np.ndarray:
    """Quinton & Rey 2024, eq. 5: the mean of the projected rows."""
    return np.mean([_onto_cone(J, g) for g in J], axis=0)


def dualproj(J: np.ndarray) -> np.ndarray:
    """Lopez-Paz & Ranzato 2017, eq. 11: the projected mean."""
    return _onto_cone(J, J.mean(axis=0))


def pcgrad(J: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Yu et al. 2020, algorithm 1, with the orders (K, K) given."""
    total = np.zeros(J.shape[1])
    for i, order in enumerate(orders):
        g = J[i].copy()
        for j in order:
            if j != i and g @ J[j] < 0:
                g -= (g @ J[j]) / (J[j] @ J[j]) * J[j]
        total += g
    return total


def gradvac(J: np.ndarray, orders: np.ndarray, phi: np.ndarray, beta: float) -> np.ndarray:
    """Wang et al. 2021, eq. 3 and 4; `phi` (K, K) is moved in place."""
    total = np.zeros(J.shape[1])
    for i, order in enumerate(orders):
        g = J[i].copy()
        for j in order:
            if j == i:
                continue
            size, other = np.linalg.norm(g), np.linalg.norm(J[j])
            c, p = np.clip(g @ J[j] / (size * other), -1, 1), phi[i, j]
            if c < p:
                g = g + size * (p * np.sqrt(1 - c**2) - c * np.sqrt(1 - p**2)) / (other * np.sqrt(1 - p**2)) * J[j]
            phi[i, j] = (1 - beta) * p + beta * c
        total += g
    return total


def cagrad(J: np.ndarray, c: float) -> np.ndarray:
    """Liu et al. 2021, eq. 4: d = g₀ + Jᵀx, where x(λ) = argmin ½‖Jᵀx‖² + (Jg₀ − λ1)ᵀx over x ≥ 0 and ‖Jᵀx(λ)‖ = c ‖g₀‖.

    ‖Jᵀx(λ)‖ grows with λ, the worst task's improvement: halved a hundred times.
    """
    g0 = J.mean(axis=0)
    scale = np.linalg.norm(g0)
    norms = np.linalg.norm(J, axis=1)
    units, b = J / norms[:, None], (J / norms[:, None]) @ g0 / scale
    a = norms.min() / norms

    def x(level: float) -> np.ndarray:
        return nonnegative(units @ units.T, level * a - b)

    low, high = np.min(b / a), np.min((b + c) / a)
    for _ in range(100):
        level = 0.5 * (low + high)
        if np.linalg.norm(units.T @ x(level)) > c:
            high = level
        else:
            low = level
    return g0 + scale * units.T @ x(high)


def nonnegative(Q: np.ndarray, q: np.ndarray) -> np.ndarray:
    """argmin ½ xᵀQx − qᵀx over x ≥ 0, by Lawson and Hanson's active sets."""
    x, free = np.zeros(len(q)), np.zeros(len(q), bool)
    for _ in range(50 * len(q)):
        gain = np.where(free, -np.inf, q - Q @ x)
        if gain.max() <= 1e-13:
            break
        free[gain.argmax()] = True
        while True:
            new = np.zeros(len(q))
            new[free] = np.linalg.lstsq(Q[np.ix_(free, free)], q[free], rcond=None)[0]
            if new[free].min() > 0:
                break
            down = free & (new <= 0)
            step = np.min(x[down] / np.maximum(x[down] - new[down], 1e-300))
            x = x + step * (new - x)
            free &= x > 1e-15
            if not free.any():
                new = np.zeros(len(q))
                break
        x = new
    return x


def imtl_g(J: np.ndarray) -> np.ndarray:
    """Liu et al. 2021, eq. 6, by the pseudo-inverse of J: the d of the row space with J d = n, brought to Σw = 1."""
    norms = np.linalg.norm(J, axis=1)
    left, s, _ = np.linalg.svd(J, full_matrices=False)
    kept = s > 1e-7 * s[0]
    inverse = (left[:, kept] / s[kept] ** 2) @ (left[:, kept].T @ norms)
    return J.T @ inverse / inverse.sum()


def config(J: np.ndarray) -> np.ndarray:
    """Liu et al. 2024, eq. 2, on the unit rows themselves."""
    units = J / np.linalg.norm(J, axis=1, keepdims=True)
    u = np.linalg.pinv(units, rcond=1e-6) @ np.ones(len(J))
    if np.linalg.norm(u) < 1e-8:  # of opposite gradients: none has equal cosines
        return np.zeros_like(u)
    u /= np.linalg.norm(u)
    return (J @ u).sum() * u


def aligned_mtl(J: np.ndarray, scale: str = "min") -> np.ndarray:
    """Senushkin et al. 2023, algorithm 1, by the singular values of J: d = σ right leftᵀ 1/K."""
    left, s, right = np.linalg.svd(J, full_matrices=False)
    kept = s > 1e-7 * s[0]
    left, s, right = left[:, kept], s[kept], right[kept]
    common = {"min": s[-1], "median": np.sort(s)[(len(s) - 1) // 2], "rmse": np.sqrt(np.mean(s**2))}[scale]
    return common * right.T @ (left.T @ np.full(len(J), 1 / len(J)))


def fairgrad(J: np.ndarray, alpha: float) -> np.ndarray:
    """Ban & Ji 2024, eq. 4: Gw = w^(−1/α), by Newton's method on log w for log (Gw) + log w / α = 0.

    With the ridge of 1e-11 on the cosines that ours documents.
    """
    norms = np.linalg.norm(J, axis=1)
    units = J / norms[:, None]
    C = units @ units.T + 1e-11 * np.eye(len(J))
    p = 1 / alpha
    # In u = w n: n (Cu) = (u/n)^(−p), or log Cu + p log u = (p − 1) log n.
    right = (p - 1) * np.log(norms)
    best = None
    # From the solution for orthogonal gradients to that of these: C(t) = (1 − t) I + t C.
    t = right / (1 + p)
    for part in np.linspace(0, 1, 41):
        A = (1 - part) * np.eye(len(J)) + part * C
        for _ in range(60):
            u = np.exp(t)
            Au = A @ u
            F = u * Au / np.exp(right + (1 - p) * t) - 1
            # Newton in u on the convex function, cut to stay positive.
            b = np.exp(right)
            grad = Au - b * u ** (-p)
            step = -np.linalg.solve(A + np.diag(p * b * u ** (-p - 1)), grad)
            room = np.min(np.where(step < 0, -u / np.where(step < 0, step, -1), np.inf))
            u = u + min(1.0, 0.5 * room) * step
            t = np.log(u)
            if np.abs(F).max() < 1e-13:
                break
        best = u
    return J.T @ (best / norms)


def nash_mtl(J: np.ndarray) -> np.ndarray:
    """Navon et al. 2022, eq. 3: Gw = 1/w."""
    return fairgrad(J, 1.0)


def db_mtl(J: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Lin et al. 2023, algorithm 1 with β = 0: gradients of the log losses, brought to the largest norm."""
    logs = J / losses[:, None]
    norms = np.linalg.norm(logs, axis=1)
    return (logs * (norms.max() / norms)[:, None]).sum(axis=0)
