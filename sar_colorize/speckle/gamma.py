"""The gamma distribution of speckle: its incomplete gamma function and the inverse, in plain Python.

SciPy has both, and would be a third of an installation that needs nothing else of it. Series and continued fraction:
Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29 and 6.5.31; tests hold them to SciPy's.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_ENOUGH = 1e-16


def gammainc(a: float, x: float) -> float:
    """Regularized lower incomplete gamma function P(a, x), 0..1; a > 0, x >= 0."""
    if x <= 0.0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    return front * _series(a, x) if x < a + 1.0 else 1.0 - front * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1.0 / a
    n = a
    while term > total * _ENOUGH:
        n += 1.0
        term *= x / n
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    """By Lentz's method."""
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    value, i = d, 0
    while True:
        i += 1
        factor = -i * (i - a)
        b += 2.0
        d, c = factor * d + b, b + factor / c
        d, c = 1.0 / (d if abs(d) > _TINY else _TINY), c if abs(c) > _TINY else _TINY
        step = d * c
        value *= step
        if abs(step - 1.0) < 4.0 * _ENOUGH or i > 100_000:
            return value


def gammaincinv(a: float, share: float) -> float:
    """The x with P(a, x) = share, 0 <= share < 1: Newton's steps, halved where they leave what is known to hold it."""
    if share <= 0.0:
        return 0.0
    low, high = 0.0, a + 10.0 * math.sqrt(a) + 10.0
    while gammainc(a, high) < share and high < 1e300:
        low, high = high, 2.0 * high
    # Of a small share the first term of the series is nearly all there is.
    x = min(high, math.exp((math.log(share) + math.lgamma(a + 1.0)) / a)) if share < 0.5 else 0.5 * (low + high)
    for _ in range(200):
        off = gammainc(a, x) - share
        low, high = (low, x) if off > 0.0 else (x, high)
        density = math.exp((a - 1.0) * math.log(x) - x - math.lgamma(a)) if x > 0.0 else 0.0
        nearer = x - off / density if density > 0.0 else low
        if not low < nearer < high:
            nearer = 0.5 * (low + high)
        if abs(nearer - x) <= 1e-15 * x or nearer in (low, high):
            return nearer
        x = nearer
    return x
