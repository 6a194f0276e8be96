"""G w = w^(−p) over w > 0: the α-fair allocation, of which the Nash bargaining solution is p = 1.

It is the stationary point of the strictly convex ½ wᵀGw − Σ ψ(w), ψ' = w^(−p), so Newton's method with a line search finds it; no
solver package, no sequence of convex programs. In u = D w: C u = b u^(−p) with b = D^(p−1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl_magic.balance.solve.scaled import Scaled

RIDGE = 1e-11  # on the cosines: near a Pareto stationary point there is no w
ITERATIONS = 100
CONVERGED = 1e-13
LENGTHS = 6  # of a step, each half of the one before


def fair(problem: Scaled, p: Any) -> tuple[Any, Any]:
    """w (K,) > 0 with G w = w^(−p) over the active tasks, and the largest residual, relative to its terms ().

    p is a number, or () float64.
    """
    import tensorflow as tf

    c = problem.cosines + RIDGE * tf.eye(problem.cosines.shape[0], dtype=tf.float64)
    logs = (p - 1) * tf.math.log(problem.norms) * problem.active
    middle = tf.reduce_sum(logs) / problem.count
    b = tf.exp((logs - middle) * problem.active)

    def far(u: Any) -> Any:
        """|Cu · u^p / b − 1| over the terms of its sum (K,): near a stationary point they cancel to many digits."""
        terms = tf.linalg.matvec(tf.abs(c), u) * u**p / b
        return tf.abs(tf.linalg.matvec(c, u) * u**p / b - 1) / tf.maximum(terms, 1.0) * problem.active

    def going(u: Any) -> Any:
        return tf.reduce_max(far(u)) > CONVERGED

    def gradient(u: Any) -> Any:
        return tf.linalg.matvec(c, u) - b * u ** (-p)

    def step(u: Any) -> Any:
        """Newton's direction, of which the length that comes nearest to the minimum along it is taken."""
        down = gradient(u)
        hessian = c + tf.linalg.diag(p * b * u ** (-p - 1))
        move = -tf.linalg.cholesky_solve(tf.linalg.cholesky(hessian), down[:, None])[:, 0]
        shrinking = tf.reduce_min(tf.where(move < 0, -u / tf.where(move < 0, move, -1.0), 1e300))
        lengths = tf.minimum(0.95 * shrinking, 1.0) * halves
        slopes = tf.linalg.matvec(gradient_each(u + lengths[:, None] * move), move)
        return u + tf.gather(lengths, tf.argmin(tf.abs(slopes))) * move

    def gradient_each(u: Any) -> Any:
        return tf.matmul(u, c) - b * u ** (-p)

    halves = tf.constant([0.5**i for i in range(LENGTHS)], tf.float64)
    start = b ** (1 / (1 + p))
    # At the optimum over the scale alone: s^(1+p) uᵀCu = Σ b u^(1−p).
    fit = tf.reduce_sum(b * start ** (1 - p)) / tf.reduce_sum(start * tf.linalg.matvec(c, start))
    (u,) = tf.while_loop(going, lambda u: (step(u),), (start * fit ** (1 / (1 + p)),), maximum_iterations=ITERATIONS)
    wrong = tf.reduce_max(far(u))
    # b was divided by e^middle: u grows by its (1 + p)-th root.
    return problem.active * u * tf.exp(middle / (1 + p)) / problem.norms, tf.where(tf.math.is_finite(wrong), wrong, 1.0)
