"""The dark border of products made before IPF 2.90: low digital numbers at the edges that are no measurement.

Found once for a product, along its rows and, at its first and last lines, along its columns: from each edge inwards
until the signal stands above the thermal noise. After the method of Masking "No-value" Pixels on GRD Products Generated
by the Sentinel-1 ESA IPF (MPC-0243, OI-MPC-OTH-MPCS, 2015), with a running mean instead of single pixels, because one
bright speckle inside the border would end the search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...raster import Bool, Window
from .measurement import Measurement
from .vectors import Noise

MARGIN_PX = 2000
"""The widest border that is looked for at the sides."""
MARGIN_LINES = 500
"""The deepest border that is looked for at the first and last lines."""
MEAN_PX = 15
SIGNAL_OVER_NOISE = 0.7
"""Of a mean: a measurement holds the noise too, so that its mean is at least 1; a border's is a tenth."""
_STRIP_LINES = 256


@dataclass(frozen=True, eq=False)
class Border:
    """First and last valid column of each row, and first and last valid row of each column; ends inclusive."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]

    def inside(self, window: Window) -> Bool:
        """(height, width), true where no border is."""
        rows = np.arange(window.row, window.row + window.height)[:, None]
        cols = np.arange(window.col, window.col + window.width)[None]
        r, c = slice(window.row, window.row + window.height), slice(window.col, window.col + window.width)
        across = (cols >= self.left[r, None]) & (cols <= self.right[r, None])
        return across & (rows >= self.top[None, c]) & (rows <= self.bottom[None, c])

    def describe(self) -> str:
        """How much is cut, in words."""
        height, width = len(self.left), len(self.top)
        return (
            f"dark border masked: on average {self.left.mean():.0f} px at the first column, "
            f"{width - 1 - self.right.mean():.0f} at the last, {self.top.mean():.0f} at the first line, "
            f"{height - 1 - self.bottom.mean():.0f} at the last"
        )


def find_border(measurement: Measurement, noise: Noise, height: int, width: int) -> Border:
    """The border of a product, from one of its channels; reads the whole measurement once, strip by strip."""
    side, depth = min(MARGIN_PX, width // 4), min(MARGIN_LINES, height // 4)
    left, right = np.empty(height, np.int64), np.empty(height, np.int64)
    for row in range(0, height, _STRIP_LINES):
        lines = min(_STRIP_LINES, height - row)
        near_end = _near_end(np.arange(row, row + lines), depth, height)
        strip = slice(row, row + lines)
        left[strip] = _first(_signal(measurement, noise, Window(row, 0, lines, side)), near_end)
        far = _signal(measurement, noise, Window(row, width - side, lines, side))
        right[strip] = width - 1 - _first(far[:, ::-1], near_end)
    near_end = _near_end(np.arange(width), side, width)
    top = _first(_signal(measurement, noise, Window(0, 0, depth, width)).T, near_end)
    last = _signal(measurement, noise, Window(height - depth, 0, depth, width)).T
    bottom = height - 1 - _first(last[:, ::-1], near_end)
    return Border(left, right, top, bottom)


def _near_end(numbers: NDArray[np.int64], margin: int, length: int) -> Bool:
    """True for lines or columns in the margins, where a corner of the border may be all that they show."""
    return (numbers < margin) | (numbers >= length - margin)


def _signal(measurement: Measurement, noise: Noise, window: Window) -> NDArray[np.float32]:
    """Power over thermal noise, or over 1 where it is not known; 0 where nothing was measured; (height, width)."""
    dn = measurement.read(window).astype(np.float32)
    floor = np.fmax(noise.at(window), 1.0).astype(np.float32)
    return dn * dn / floor


def _first(signal: NDArray[np.float32], all_may_be_border: Bool) -> NDArray[np.int64]:
    """First column, for each row, that stands above the noise with the mean of the MEAN_PX from it on.

    Where no column does: the width of the signal where all of it may be border, else 0, for a border ends somewhere.
    """
    total = np.cumsum(np.pad(signal, ((0, 0), (1, MEAN_PX))), axis=1, dtype=np.float64)
    mean = (total[:, MEAN_PX:] - total[:, :-MEAN_PX])[:, : signal.shape[1]] / MEAN_PX
    above = (mean > SIGNAL_OVER_NOISE) & (signal > 0.5 * SIGNAL_OVER_NOISE)
    return np.where(above.any(axis=1), above.argmax(axis=1), np.where(all_may_be_border, signal.shape[1], 0))
