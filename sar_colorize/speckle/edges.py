"""The refined Lee filter: the half of the window on the pixel's own side of an edge, out of eight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from .base import Filter
from .windows import box_sum, counts, inner, moments_of, run_sum, speckle_share, squared_cv

_FLATNESS = 1.5
"""Ground whose squared coefficient of variation is at most this many times that of speckle has no edge to keep."""


@dataclass(frozen=True)
class RefinedLee(Filter):
    """Lee's filter in one of eight half windows, aligned with the edge.

    Where the window varies more than speckle does, nine means of sub-windows give the direction of the strongest
    gradient (left-right, up-down and both diagonals), and of the two sides the one whose mean is nearer to that of the
    middle is taken, with the pixels on the edge's line. Then out = mean + w (power - mean) as in `Lee`, with the mean
    and variance of those pixels. Flat ground takes the whole window.

    For 7 px, sub-windows are 3 px wide and 2 px apart, as in the paper; for other sizes about half the window.

    Source: J.-S. Lee, Refined filtering of image noise using local statistics, Computer Graphics and Image Processing
    15 (1981) 380-389. The paper's threshold of local variance is 1.5 times that of speckle here.
    """

    name: ClassVar[str] = "refined-lee"
    default_size_px: ClassVar[int] = 7

    def _estimate(self, power: Any, present: Any) -> Any:
        xp, size = namespace(power), self.size_px
        squares, speckle = power * power, 1.0 / self.looks
        count = counts(present, size)
        mean, variance = moments_of(box_sum(power, size), box_sum(squares, size), count)
        rough = squared_cv(mean, variance) > np.float32(_FLATNESS * speckle)
        side = _side(_sub_means(power, present, size, mean))
        totals, square_totals = _half_sums(power, size), _half_sums(squares, size)
        half_counts = [np.float32(size * (size + 1) / 2)] * 8
        if present is not None:
            half_counts = [xp.clip(half, 1.0, None) for half in _half_sums(present, size)]
        for index in range(8):
            half = moments_of(totals[index], square_totals[index], half_counts[index])
            chosen = rough & (side == index)
            mean, variance = xp.where(chosen, half[0], mean), xp.where(chosen, half[1], variance)
        deviation = inner(power, self.halo_px) - mean
        return mean + (np.float32(1.0) - speckle_share(mean, variance, speckle)) * deviation


def _sub_means(power: Any, present: Any, size_px: int, fallback: Any) -> list[list[Any]]:
    """3 x 3 means of sub-windows, each (..., h, w); the fallback where one has no valid pixel."""
    width = size_px // 2 if size_px // 2 % 2 else size_px // 2 + 1
    step = (size_px - width) // 2
    total = box_sum(power, width)
    if present is None:
        means = total / np.float32(width * width)
    else:
        count = box_sum(present, width)
        means = total / namespace(count).clip(count, 1.0, None)
    height, across = fallback.shape[-2:]
    found = []
    for row in (0, step, 2 * step):
        found.append([means[..., row : row + height, col : col + across] for col in (0, step, 2 * step)])
    if present is None:
        return found
    seen = [[count[..., row : row + height, col : col + across] > 0 for col in (0, step, 2 * step)]
            for row in (0, step, 2 * step)]  # fmt: skip
    xp = namespace(power)
    return [[xp.where(seen[i][j], found[i][j], fallback) for j in range(3)] for i in range(3)]


def _side(m: list[list[Any]]) -> Any:
    """Which half window: 0 left, 1 right, 2 top, 3 bottom, 4 top left, 5 bottom right, 6 top right, 7 bottom left."""
    xp, middle = namespace(m[1][1]), m[1][1]
    gradients = [
        (m[0][0] + m[1][0] + m[2][0]) - (m[0][2] + m[1][2] + m[2][2]),
        (m[0][0] + m[0][1] + m[0][2]) - (m[2][0] + m[2][1] + m[2][2]),
        (m[0][1] + m[0][0] + m[1][0]) - (m[1][2] + m[2][2] + m[2][1]),
        (m[0][1] + m[0][2] + m[1][2]) - (m[1][0] + m[2][0] + m[2][1]),
    ]
    ends = [(m[1][0], m[1][2]), (m[0][1], m[2][1]), (m[0][0], m[2][2]), (m[0][2], m[2][0])]
    strongest, side = None, None
    for index, (gradient, (first, second)) in enumerate(zip(gradients, ends, strict=True)):
        strength = xp.abs(gradient)
        here = xp.where(xp.abs(first - middle) <= xp.abs(second - middle), 2 * index, 2 * index + 1)
        if strongest is None:
            strongest, side = strength, here
        else:
            side = xp.where(strength > strongest, here, side)
            strongest = xp.maximum(strength, strongest)
    return side


def _half_sums(values: Any, size_px: int) -> list[Any]:
    """Sums over the eight half windows with their edge line, in the order of `_side`: size (size + 1) / 2 pixels."""
    radius, half = size_px // 2, size_px // 2 + 1
    height, width = values.shape[-2] - 2 * radius, values.shape[-1] - 2 * radius
    columns, rows = run_sum(values, size_px, -2), run_sum(values, size_px, -1)
    left = run_sum(columns, half, -1)
    top = run_sum(rows, half, -2)
    triangles = _triangles(values, size_px)
    return [
        left[..., :width], left[..., radius : radius + width], top[..., :height, :],
        top[..., radius : radius + height, :], *triangles,
    ]  # fmt: skip


def _triangles(values: Any, size_px: int) -> list[Any]:
    """Sums over the four triangles with their diagonal: top left, bottom right, top right, bottom left.

    A row of a triangle is the first or the last n pixels of the window's row, n = 1 ... size; the sum of n + 1 is that
    of n and one pixel more.
    """
    height, width = values.shape[-2] - size_px + 1, values.shape[-1] - size_px + 1

    def column(offset: int) -> Any:
        return values[..., offset : offset + width]

    def row(array: Any, offset: int) -> Any:
        return array[..., offset : offset + height, :]

    from_left, from_right = column(0), column(size_px - 1)
    top_left = row(from_left, size_px - 1)
    bottom_left = row(from_left, 0)
    top_right, bottom_right = row(from_right, size_px - 1), row(from_right, 0)
    for length in range(2, size_px + 1):
        from_left = from_left + column(length - 1)
        from_right = from_right + column(size_px - length)
        top_left = top_left + row(from_left, size_px - length)
        bottom_left = bottom_left + row(from_left, length - 1)
        top_right = top_right + row(from_right, size_px - length)
        bottom_right = bottom_right + row(from_right, length - 1)
    return [top_left, bottom_right, top_right, bottom_left]
