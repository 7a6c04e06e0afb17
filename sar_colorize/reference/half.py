"""Half the resolution, the same for every window: a coarse pixel lies on each pixel with even row and column.

Direct convolutions only, normalised by what is known: a value has the same bits whatever the window.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32

MARGIN_PX = 2
"""Pixels around a window that its coarse pixels need, besides one more for `double`."""
T = TypeVar("T", bound=np.generic)
Weights = NDArray[np.float64]
_ROWS = 32
_ALL = slice(None)
_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


def smooth(values: Float32, known: Float32, weights: Weights) -> Float32:
    """(C, H, W) weighted means along rows and columns of what is known, (H, W) of 0 and 1; 0 where nothing is."""
    return _means(values, known, weights, spread(known, weights), (_ALL, _ALL))


def spread(values: Float32, weights: Weights, of: tuple[slice, slice] = (_ALL, _ALL)) -> Float32:
    """(H, W) weighted sums along rows and columns, the same on both sides; what lies outside counts as nothing.

    Args:
        values: (H, W). weights: an odd number of them. of: rows and columns that are wanted, with no end.
    """
    return _spread(_spread(values, weights, 0, of[0]), weights, 1, of[1])


def _means(values: Float32, known: Float32, weights: Weights, total: Float32, of: tuple[slice, slice]) -> Float32:
    """Of each channel, where `total` is what the weights of what is known add up to."""
    total = np.where(total > 1e-3, total, np.float32(np.inf))
    return np.stack([spread(np.where(known > 0, each, np.float32(0.0)), weights, of) / total for each in values])


def _spread(values: Float32, weights: Weights, axis: int, of: slice) -> Float32:
    """Along one axis, in double precision, a few rows at a time, which stay in the processor's cache."""
    reach, start, step = len(weights) // 2, of.start or 0, of.step or 1
    margins, sides = [(0, 0), (0, 0)], list(values.shape)
    margins[axis], sides[axis] = (reach, reach), len(range(start, values.shape[axis], step))
    around, made = np.pad(values, margins), np.empty(sides, np.float32)
    for row in range(0, sides[0], _ROWS):
        rows = min(_ROWS, sides[0] - row)
        first = start + step * row
        read = slice(first, first + step * rows + 2 * reach) if axis == 0 else slice(row, row + rows)
        part = around[read].astype(np.float64)

        def moved(by: int, part: NDArray[np.float64] = part, rows: int = rows) -> NDArray[np.float64]:
            at = reach + by
            if axis == 0:
                return part[at : at + step * (rows - 1) + 1 : step]
            at += start
            return part[:, at : at + step * (sides[1] - 1) + 1 : step]

        total, pair = moved(0) * weights[reach], np.empty((rows, sides[1]))
        for by in range(reach, 0, -1):
            np.add(moved(-by), moved(by), out=pair)
            pair *= weights[reach - by]
            total += pair
        made[row : row + rows] = total
    return made


def grown(values: NDArray[T], margin_px: int) -> NDArray[T]:
    """(H, W) greatest value within a square of 2 margin_px + 1; what lies outside counts as nothing."""
    for axis in (0, 1):
        margins = [(0, 0), (0, 0)]
        margins[axis] = (margin_px, margin_px)
        around, width = np.pad(values, margins), 1
        while width < 2 * margin_px + 1:  # by doubling
            step = min(width, 2 * margin_px + 1 - width)
            length = around.shape[axis] - step
            first, second = (slice(0, length), slice(step, step + length))
            around = np.maximum(*(around[part] if axis == 0 else around[:, part] for part in (first, second)))
            width += step
        values = around
    return values


def halve(values: Float32, known: Bool, row: int, col: int) -> tuple[Float32, Float32]:
    """(C, h, w) means around the pixels with even row and column of the scene, and (h, w) the share that is known.

    Args:
        values: (C, H, W). known: (H, W). row, col: of its first pixel in the scene.
    """
    where, of = known.astype(np.float32), (slice(row % 2, None, 2), slice(col % 2, None, 2))
    share = spread(where, _BINOMIAL, of)
    return _means(values, where, _BINOMIAL, share, of), share


def double(values: Float32, row: int, col: int, shape: tuple[int, int]) -> Float32:
    """(..., H, W) linearly between (..., h, w) coarse pixels, for a window of that shape with its first pixel there.

    The first coarse pixel is that of `halve`; where a window starts between two, its first pixel takes the next one.
    """
    for axis, start, length in ((-2, row % 2, shape[0]), (-1, col % 2, shape[1])):
        at, last = np.arange(length) - start, values.shape[axis] - 1
        low, high = np.clip(at // 2, 0, last), np.clip((at + 1) // 2, 0, last)
        on, between = slice(start, None, 2), slice(1 - start, None, 2)
        sides = list(values.shape)
        sides[axis] = length
        out = np.empty(sides, np.float32)
        along = np.moveaxis(out, axis, 0)
        along[on] = np.moveaxis(np.take(values, low[on], axis), axis, 0)
        middle = np.take(values, low[between], axis) + np.take(values, high[between], axis)
        along[between] = np.moveaxis(np.float32(0.5) * middle, axis, 0)
        values = out
    return values


def gaussian(sigma: float, radius: int) -> Weights:
    """Weights of a Gaussian, 2 radius + 1 of them, with the sum 1."""
    weights: Weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    return weights


def box(width: int) -> Weights:
    """Equal weights with the sum 1."""
    return np.full(width, 1.0 / width)
