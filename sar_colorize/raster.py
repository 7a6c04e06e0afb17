"""The three things every stage speaks of: a window, a grid, and values with their validity and unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from .errors import SettingError

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


class Unit(StrEnum):
    """What the numbers of a raster measure.

    DN: uncalibrated digital numbers, proportional to amplitude, no absolute scale.
    AMPLITUDE: square root of power.
    POWER: linear backscatter.
    DB: 10 log10 of power.
    DISPLAY: already a picture; 0..255 is the lightness.
    """

    DN = "dn"
    AMPLITUDE = "amplitude"
    POWER = "power"
    DB = "db"
    DISPLAY = "display"


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: first row, first column, height and width, in pixels of its grid."""

    row: int
    col: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 0 or self.width < 0:
            raise SettingError(
                f"window must not have a negative size, got {self.height} x {self.width}; swap its corners"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.height == 0 or self.width == 0

    def pad(self, margin_px: int) -> Window:
        """The window grown by `margin_px` on each side; it may reach outside the grid."""
        return Window(
            self.row - margin_px, self.col - margin_px, self.height + 2 * margin_px, self.width + 2 * margin_px
        )

    def intersect(self, other: Window) -> Window:
        """The pixels that both have; an empty window where they share none."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        bottom = min(self.row + self.height, other.row + other.height)
        right = min(self.col + self.width, other.col + other.width)
        return Window(row, col, max(0, bottom - row), max(0, right - col))

    def union(self, other: Window) -> Window:
        """The smallest window that holds both."""
        row, col = min(self.row, other.row), min(self.col, other.col)
        bottom = max(self.row + self.height, other.row + other.height)
        right = max(self.col + self.width, other.col + other.width)
        return Window(row, col, bottom - row, right - col)

    def within(self, outer: Window) -> tuple[slice, slice]:
        """Row and column slices of this window in an array that holds `outer`."""
        row, col = self.row - outer.row, self.col - outer.col
        return slice(row, row + self.height), slice(col, col + self.width)


@dataclass(frozen=True)
class Grid:
    """Where the pixels are: size in pixels, affine transform pixel -> CRS, and the CRS as WKT.

    `transform` and `crs_wkt` are None where the file does not say.
    """

    height: int
    width: int
    transform: Affine | None = None
    crs_wkt: str | None = None

    @property
    def window(self) -> Window:
        """The whole grid as a window."""
        return Window(0, 0, self.height, self.width)

    def crop(self, window: Window) -> Grid:
        """The grid of `window`, same pixels, same CRS."""
        transform = self.transform
        if transform is not None:
            transform = transform @ Affine.translation(window.col, window.row)
        return Grid(window.height, window.width, transform, self.crs_wkt)


@dataclass(frozen=True)
class Raster:
    """Values with what is known of them.

    values: (C, H, W); float32 for radar, uint8 for a picture. Where `valid` is false a value means nothing.
    valid: (H, W), true where every band holds a measurement.
    bands: C names, polarisations ("VV", "VH", ...) or ("red", "green", "blue").
    """

    values: NDArray[np.float32] | NDArray[np.uint8]
    valid: Bool
    bands: tuple[str, ...]
    unit: Unit

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[1:] != self.valid.shape or len(self.bands) != len(self.values):
            raise SettingError(
                f"raster values must be (bands, rows, columns) like its mask {self.valid.shape} and its band names "
                f"{self.bands}, got {self.values.shape}; stack the bands on the first axis"
            )

    def crop(self, rows: slice, cols: slice) -> Raster:
        """The same raster on fewer pixels, as a view."""
        return replace(self, values=self.values[:, rows, cols], valid=self.valid[rows, cols])
