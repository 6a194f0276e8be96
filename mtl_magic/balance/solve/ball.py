"""min wᵀb + κ |Jᵀw| over the simplex: the dual of CAGrad's best worst-case direction in a ball of radius κ around g₀.

At the optimum x = κ w / |Jᵀw| meets x ≥ 0, Gx + b ≥ λa, x ⊥ Gx + b − λa, xᵀGx = κ², and λ is the optimum's value. On a
support these are linear equations and one quadratic for λ: up to eight tasks all supports are tried. Beyond, λ is found
between bounds: x(λ) minimises ½ xᵀGx + (b − λa)ᵀx over x ≥ 0, its xᵀGx grows with λ, and a few λ are tried at once.
"""

from __future__ import annotations

from typing import Any

from mtl_magic.balance.solve.quadratic import ALIKE, SMALL, nonnegative, restricted, supports

LEVELS = 12  # values of λ tried at once
ITERATIONS = 8
CONVERGED = 1e-9


def in_ball(g: Any, b: Any, a: Any, kappa: Any) -> tuple[Any, Any]:
    """x (K,) = κ w / |Jᵀw| at the optimum, and how far it is from the conditions above, over the scale of b ().

    Args:
        g: the matrix (K, K) float64, positive definite, with a diagonal of 1.
        b: (K,) products of the gradients with g₀, in units in which g has that diagonal.
        a: (K,) what the simplex sums: Σ aₖ wₖ = 1; above 0 for at least one, and where it is 0, so is x.
        kappa: () above 0.
    """
    import tensorflow as tf

    if g.shape[0] <= SMALL:
        return _on(tf.constant(supports(g.shape[0])[1:]), g, b, a, kappa)

    def going(*state: Any) -> Any:
        return state[-1] > CONVERGED

    def step(low: Any, high: Any, x: Any, wrong: Any) -> tuple[Any, ...]:
        levels = low + (high - low) * tf.cast(tf.range(1, LEVELS + 1), tf.float64) / (LEVELS + 1)
        tried, _ = nonnegative(g, b[None] - levels[:, None] * a[None])
        above = tf.reduce_sum(tried * tf.matmul(tried, g), axis=1) > kappa**2
        y = tf.matmul(tried, g) + b[None] - levels[:, None] * a[None]
        found, now = _on(tf.cast(tried > y, tf.float64), g, b, a, kappa)
        low = tf.reduce_max(tf.where(above, low, levels))
        high = tf.reduce_min(tf.where(above, levels, high))
        better = now < wrong
        return low, high, tf.where(better, found, x), tf.where(better, now, wrong)

    inside = a > 0
    each = tf.where(inside, a, 1.0)
    low = tf.reduce_min(tf.where(inside, b / each, 1e300))
    high = tf.reduce_min(tf.where(inside, (b + kappa) / each, 1e300))
    start = (low, high, tf.zeros_like(b), tf.constant(1e300, tf.float64))
    _, _, x, wrong = tf.while_loop(going, step, start, maximum_iterations=ITERATIONS)
    return x, wrong


def _on(support: Any, g: Any, b: Any, a: Any, kappa: Any) -> tuple[Any, Any]:
    """The best answer among those of some supports (S, K)."""
    import tensorflow as tf

    factor = tf.linalg.cholesky(restricted(g, support))
    ones = tf.linalg.cholesky_solve(factor, (a * support)[:, :, None])[:, :, 0]
    back = tf.linalg.cholesky_solve(factor, (b * support)[:, :, None])[:, :, 0]
    # x = λ·ones − back, xᵀGx = κ²: of its two roots the larger, for x is to be positive.
    aa, ab, bb = (tf.reduce_sum(p * q, axis=1) for p, q in ((ones, a), (back, a), (back, b)))
    level = (ab + tf.sqrt(tf.maximum(ab**2 - aa * (bb - kappa**2), 0.0))) / tf.maximum(aa, 1e-300)
    x = level[:, None] * ones - back
    y = tf.matmul(x, g) + b - level[:, None] * a
    radius = tf.abs(tf.reduce_sum(x * tf.matmul(x, g), axis=1) / kappa**2 - 1)
    scale = tf.reduce_max(tf.abs(b)) + kappa
    wrong = tf.maximum(tf.reduce_max(tf.maximum(-x, -y * (1 - support)), axis=1) / scale, radius)
    wrong = tf.where(tf.math.is_finite(wrong), wrong, 1e300)
    best = tf.argmin(tf.maximum(wrong, ALIKE))
    return tf.maximum(tf.gather(x, best), 0.0), tf.gather(wrong, best)
