"""min ½ zᵀQz + cᵀz over z ≥ 0: what the methods with a convex hull or a cone come down to.

Up to eight unknowns, all 2ᴷ supports are solved at once and the one that meets the optimality conditions is taken: exact,
and no loop. Beyond, Mehrotra's predictor-corrector method.
"""

from __future__ import annotations

from typing import Any

SMALL = 8  # up to so many unknowns all supports are tried
ITERATIONS = 40
CONVERGED = 1e-13  # of the interior point's complementarity and residual, over the scale of c
ALIKE = 1e-12  # violations below this part of the scale are all as good: then the smallest support is taken


def nonnegative(q: Any, c: Any) -> tuple[Any, Any]:
    """The minimisers of R such problems with one matrix.

    Args:
        q: Q (K, K) float64, positive definite, with a diagonal near 1.
        c: (R, K) float64, a problem a row.

    Returns:
        z (R, K), and how far each is from the optimality conditions z ≥ 0, Qz + c ≥ 0, z ⊥ Qz + c, over the scale of
        its c (R,).
    """
    import tensorflow as tf

    scale = tf.maximum(tf.reduce_max(tf.abs(c), axis=1), 1e-300)
    z = _by_supports(q, c / scale[:, None]) if q.shape[0] <= SMALL else _interior(q, c / scale[:, None])
    z = tf.maximum(z, 0.0)
    y = tf.matmul(z, q) + c / scale[:, None]
    wrong = tf.reduce_max(tf.maximum(-y, tf.minimum(z, tf.maximum(y, 0.0))), axis=1)
    return z * scale[:, None], tf.where(tf.math.is_finite(wrong), wrong, 1.0)


def supports(k: int) -> Any:
    """All subsets of k unknowns, the smaller ones first: (2ᵏ, k) float64."""
    import numpy as np

    every = (np.arange(2**k)[:, None] >> np.arange(k)[None, :]) & 1
    return every[np.argsort(every.sum(axis=1), kind="stable")].astype("float64")


def restricted(q: Any, support: Any) -> Any:
    """Q of each support, and the identity elsewhere: (S, K, K)."""
    import tensorflow as tf

    return support[:, :, None] * support[:, None, :] * q + tf.linalg.diag(1.0 - support)


def _by_supports(q: Any, c: Any) -> Any:
    import tensorflow as tf

    support = tf.constant(supports(q.shape[0]))
    right = -tf.transpose(c)[None] * support[:, :, None]
    z = tf.linalg.cholesky_solve(tf.linalg.cholesky(restricted(q, support)), right)  # (S, K, R)
    y = tf.einsum("ij,sjr->sir", q, z) + tf.transpose(c)[None]
    wrong = tf.reduce_max(tf.maximum(-z, -y * (1 - support[:, :, None])), axis=1)  # (S, R)
    best = tf.argmin(tf.maximum(wrong, ALIKE), axis=0)  # the first of equals
    return tf.gather(tf.transpose(z, (2, 0, 1)), best, batch_dims=1)


def _interior(q: Any, c: Any) -> Any:
    import tensorflow as tf

    k = q.shape[0]

    def solved(factor: Any, right: Any) -> Any:
        return tf.linalg.cholesky_solve(factor, right[..., None])[..., 0]

    def length(z: Any, dz: Any) -> Any:
        """The longest step that keeps z ≥ 0, of at most 1: (R, 1)."""
        blocked = tf.where(dz < 0, -z / tf.where(dz < 0, dz, -1.0), 1e300)
        return tf.minimum(tf.reduce_min(blocked, axis=1, keepdims=True), 1.0)

    def far(z: Any, y: Any) -> Any:
        residual = tf.reduce_max(tf.abs(tf.matmul(z, q) + c - y))
        return tf.maximum(residual, tf.reduce_max(z * y))

    def going(z: Any, y: Any) -> Any:
        return far(z, y) > CONVERGED

    def step(z: Any, y: Any) -> tuple[Any, Any]:
        residual = tf.matmul(z, q) + c - y
        mu = tf.reduce_sum(z * y, axis=1, keepdims=True) / k
        factor = tf.linalg.cholesky(q[None] + tf.linalg.diag(y / z))
        dz = solved(factor, -residual - y)
        dy = -y - (y / z) * dz
        after = tf.reduce_sum((z + length(z, dz) * dz) * (y + length(y, dy) * dy), axis=1, keepdims=True) / k
        centred = (after / mu) ** 3 * mu - dz * dy
        dz = solved(factor, -residual - y + centred / z)
        dy = -y + centred / z - (y / z) * dz
        move = 0.995 * tf.minimum(length(z, dz), length(y, dy))
        return tf.maximum(z + move * dz, 1e-30), tf.maximum(y + move * dy, 1e-30)

    start = tf.ones_like(c)
    z, _ = tf.while_loop(going, step, (start, start), maximum_iterations=ITERATIONS)
    return z
