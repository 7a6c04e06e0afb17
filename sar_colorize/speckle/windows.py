"""Sums, means and variances of square windows: normalised, and the same to the last bit wherever a pixel stands.

Arrays come with a margin of half a window on each side and lose it: (..., h + size - 1, w + size - 1) -> (..., h, w).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import namespace

TINY = 1e-30
"""Divisors are at least this: 0 / TINY is 0, and no power of a scene has a square as small."""


def inner(values: Any, margin_px: int) -> Any:
    """The values without `margin_px` on each side, as a view."""
    if margin_px == 0:
        return values
    return values[..., margin_px:-margin_px, margin_px:-margin_px]


def box_sum(values: Any, height_px: int, width_px: int | None = None) -> Any:
    """Sum over a window of height_px x width_px (square where no width is given).

    A running sum would be faster for large windows, but its rounding depends on where it began.
    """
    return run_sum(run_sum(values, height_px, -2), height_px if width_px is None else width_px, -1)


def run_sum(x: Any, count: int, axis: int) -> Any:
    """Sum of `count` neighbours along the last (-1) or the last but one (-2) axis, by doubling."""

    def take(array: Any, start: int, stop: int) -> Any:
        return array[..., start:stop] if axis == -1 else array[..., start:stop, :]

    length = x.shape[axis] - count + 1
    total, offset, width = None, 0, 1
    while True:
        if count & 1:
            part = take(x, offset, offset + length)
            total = part if total is None else total + part
            offset += width
        count >>= 1
        if not count:
            return total
        x = take(x, 0, x.shape[axis] - width) + take(x, width, x.shape[axis])
        width *= 2


def counts(present: Any, size_px: int) -> Any:
    """Number of valid pixels of each window, at least 1."""
    if present is None:
        return np.float32(size_px * size_px)
    return namespace(present).clip(box_sum(present, size_px), 1.0, None)


def moments(power: Any, present: Any, size_px: int) -> tuple[Any, Any]:
    """Mean and unbiased variance, sum (x - mean)**2 / (n - 1), of the valid pixels of each window.

    Returns:
        Each (..., h, w); the variance is 0 where a window has one valid pixel, and may be below 0 by rounding.
    """
    count = counts(present, size_px)
    return moments_of(box_sum(power, size_px), box_sum(power * power, size_px), count)


def moments_of(total: Any, squares: Any, count: Any) -> tuple[Any, Any]:
    """Mean and unbiased variance from a sum, a sum of squares and a count >= 1."""
    xp = np if isinstance(count, np.float32) else namespace(count)
    others = np.maximum(count - np.float32(1.0), np.float32(1.0)) if xp is np else xp.clip(count - 1.0, 1.0, None)
    mean = total / count
    variance = squares / count
    variance -= mean * mean
    variance *= count / others
    return mean, variance


def speckle_share(mean: Any, variance: Any, speckle_cv2: float) -> Any:
    """What part of a window's variance speckle explains: speckle_cv2 mean**2 / variance, from 0 to 1.

    speckle_cv2: squared coefficient of variation of speckle, 1 / looks.
    """
    speckle = mean * mean
    speckle *= np.float32(speckle_cv2)
    speckle += np.float32(TINY)
    speckle /= namespace(mean).maximum(variance, speckle)
    return speckle


def squared_cv(mean: Any, variance: Any) -> Any:
    """Squared coefficient of variation, variance / mean**2, at least 0."""
    xp = namespace(mean)
    return xp.clip(variance, 0.0, None) / xp.clip(mean * mean, np.float32(TINY), None)
