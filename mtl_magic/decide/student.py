"""Student's t, for the package needs nothing else of SciPy."""

from __future__ import annotations

import math
from statistics import NormalDist

SMALL = 1e-300


def cumulative(t: float, freedom: float) -> float:
    """P(T ≤ t) of Student's t; `freedom` need not be whole.

    Example:
        >>> round(cumulative(2.262157, 9), 4), round(cumulative(-1.96, 1e9), 4)
        (0.975, 0.025)
    """
    if freedom > 1e7 or not math.isfinite(freedom):
        return NormalDist().cdf(t)
    tail = 0.5 * beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return 1 - tail if t > 0 else tail


def quantile(share: float, freedom: float) -> float:
    """The t with P(T ≤ t) = `share`, by halving: to ten digits.

    Example:
        >>> round(quantile(0.975, 9), 4), round(quantile(0.025, 1e9), 2)
        (2.2622, -1.96)
    """
    if share < 0.5:
        return -quantile(1 - share, freedom)
    low, high = 0.0, 2.0
    while cumulative(high, freedom) < share and high < 1e12:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cumulative(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function Iₓ(a, b), by Lentz's continued fraction (Press et al. 2007, §6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, _away(1 - (a + b) * x / (a + 1))
    d = 1 / d
    found = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > SMALL else SMALL
