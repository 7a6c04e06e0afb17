"""Another raster on the grid of a scene: where its pixels stand, how far it overlaps, its values there by windows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine

from ..raster import Bool, Float32, Grid, Window
from .control import Float64, unwrapped
from .resample import Nodes, Read, resample, tile_side, tiles_of

MOST_FINER = 64
"""Pixels of the source along a side of a target pixel: memory is bounded however fine the source is."""
_ON_PIXEL = 1e-3
"""Pixels that a grid may be off at its corners and still count as pixel on pixel."""
_LATTICE = 65
"""Points along a side with which an overlap is sought."""


@dataclass(frozen=True)
class Alignment:
    """Two grids of the same ground.

    A source whose pixels are less than half as wide as the target's is averaged by whole pixels; any other is
    interpolated between four of its pixels. Grids that agree to a thousandth of a pixel are read pixel on pixel, and so
    are two of one size without a CRS.
    """

    target: Grid
    """Of the scene."""
    source: Grid
    """Of the other raster."""

    @property
    def is_possible(self) -> bool:
        """Whether one can be drawn on the other: both have a georeference, or neither has and the sizes agree."""
        return self._has_positions or self.shift is not None

    @property
    def _has_positions(self) -> bool:
        return all(grid.crs_wkt is not None and grid.transform is not None for grid in (self.target, self.source))

    @cached_property
    def shift(self) -> tuple[int, int] | None:
        """Rows and columns from a target pixel to the same pixel of the source; None where they are not the same."""
        if self.target.crs_wkt is None and self.source.crs_wkt is None:
            return (0, 0) if self.target.window == self.source.window else None
        if not self._has_positions or not self._is_one_crs:
            return None
        corners = (
            np.array([0.0, 0.0, self.target.height, self.target.height]),
            np.array([0.0, self.target.width, 0.0, self.target.width]),
        )
        rows, cols = self.positions(*corners)
        down, right = rows - corners[0], cols - corners[1]
        row, col = round(float(down[0])), round(float(right[0]))
        on_pixel = np.abs(down - row).max() < _ON_PIXEL and np.abs(right - col).max() < _ON_PIXEL
        return (row, col) if on_pixel else None

    @cached_property
    def _is_one_crs(self) -> bool:
        from rasterio.crs import CRS

        return self.target.crs_wkt == self.source.crs_wkt or bool(
            CRS.from_wkt(self.target.crs_wkt) == CRS.from_wkt(self.source.crs_wkt)
        )

    def positions(self, rows: Float64, cols: Float64) -> tuple[Float64, Float64]:
        """Source rows and columns (n,) of target positions (n,); all not finite where the CRS has none of one."""
        return _across(self.target, self.source, rows, cols, one_crs=self._is_one_crs)

    @cached_property
    def overlap(self) -> Window:
        """The target's pixels under the source, at most a few per cent too many; empty where there are none."""
        whole = self.target.window
        if not self._has_positions:
            return whole
        rows, cols = _lattice(self.target)
        inside = _inside(self.source, *self._spread(self.target, self.source))
        step = (self.target.height / (_LATTICE - 1), self.target.width / (_LATTICE - 1))
        if not inside.any():  # a small source between the points
            rows, cols = self._spread(self.source, self.target)
            inside, step = _inside(self.target, rows, cols), (2.0, 2.0)
        if not inside.any():
            return Window(0, 0, 0, 0)
        top, left = int(rows[inside].min() - step[0]), int(cols[inside].min() - step[1])
        bottom, right = int(np.ceil(rows[inside].max() + step[0])), int(np.ceil(cols[inside].max() + step[1]))
        return Window(top, left, bottom - top, right - left).intersect(whole)

    def _spread(self, start: Grid, end: Grid) -> tuple[Float64, Float64]:
        """Positions in one grid of a lattice over another, row by row: one that has none takes no other row with it."""
        rows, cols = (values.reshape(_LATTICE, _LATTICE) for values in _lattice(start))
        parts = [_across(start, end, *line, one_crs=self._is_one_crs) for line in zip(rows, cols, strict=True)]
        down, right = zip(*parts, strict=True)
        return np.concatenate(down), np.concatenate(right)

    @cached_property
    def finer(self) -> float:
        """How many source pixels go along a side of a target pixel, in the middle of the overlap."""
        if not self._has_positions:
            return 1.0
        part = self.overlap
        row, col = part.row + part.height / 2, part.col + part.width / 2
        rows, cols = self.positions(np.array([row, row + 1.0, row]), np.array([col, col, col + 1.0]))
        area = (rows[1] - rows[0]) * (cols[2] - cols[0]) - (rows[2] - rows[0]) * (cols[1] - cols[0])
        return float(np.sqrt(abs(area))) if np.isfinite(area) else 1.0

    def read(self, read: Read, window: Window, bands: int) -> tuple[Float32, Bool]:
        """Values (bands, height, width) of a window of the target and where they are valid; 0 elsewhere.

        Args:
            read: of the source, see `resample.Read`. window: it may reach outside the target.
        """
        if self.shift is not None:
            row, col = self.shift
            return read(Window(window.row + row, window.col + col, window.height, window.width))
        values, valid = np.zeros((bands, *window.shape), np.float32), np.zeros(window.shape, bool)
        block = max(1, min(MOST_FINER, int(self.finer)))
        extent = self.source.window
        extent = Window(0, 0, -(-extent.height // block), -(-extent.width // block))

        def averaged(part: Window) -> tuple[Float32, Bool]:
            return _mean_of_blocks(read, part, block)

        def positions(rows: Float64, cols: Float64) -> tuple[Float64, Float64]:
            down, right = self.positions(rows, cols)
            return down / block, right / block

        side = tile_side(block)
        for tile in tiles_of(window, side):
            # Of the whole square: PROJ chooses its operation by all points of a call.
            square = Window(tile.row // side * side, tile.col // side * side, side, side)
            made = resample(read if block == 1 else averaged, Nodes.of(square, positions), tile, bands, extent)
            if made is not None:
                inside = tile.within(window)
                values[:, *inside], valid[inside] = made
        return values, valid


def _mean_of_blocks(read: Read, part: Window, block: int) -> tuple[Float32, Bool]:
    """Means of `block` x `block` valid pixels; valid where at least half of them are. Terms are added in one order."""
    values, valid = read(Window(part.row * block, part.col * block, part.height * block, part.width * block))
    weight = valid.astype(np.float32)
    total = values * weight
    for axis in (-2, -1):
        total, weight = _added(total, axis, block), _added(weight, axis, block)
    known = weight >= np.float32(0.5 * block * block)
    return np.where(known, total / np.where(known, weight, np.float32(1.0)), np.float32(0.0)), known


def _added(values: Float32, axis: int, block: int) -> Float32:
    """Sums of every `block` values along an axis."""
    parts = [values[..., i::block, :] if axis == -2 else values[..., i::block] for i in range(block)]
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _across(start: Grid, end: Grid, rows: Float64, cols: Float64, *, one_crs: bool) -> tuple[Float64, Float64]:
    """Rows and columns of one grid in another; all not finite where the CRS has no place for one."""
    from rasterio._err import CPLE_BaseError
    from rasterio.crs import CRS
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    assert start.transform is not None
    assert end.transform is not None
    x, y = _applied(start.transform, cols, rows)
    if not one_crs:
        crs = CRS.from_wkt(end.crs_wkt)
        try:
            xs, ys = transform(CRS.from_wkt(start.crs_wkt), crs, x, y)
        except (RasterioError, CPLE_BaseError):
            xs = ys = np.full(len(x), np.nan)
        x, y = np.asarray(xs), np.asarray(ys)
        if crs.is_geographic:
            a, b, c = tuple(end.transform)[:3]
            x = unwrapped(x, a * end.width / 2 + b * end.height / 2 + c)
    right, down = _applied(~end.transform, x, y)
    return down, right


def _applied(affine: Affine, x: Float64, y: Float64) -> tuple[Float64, Float64]:
    a, b, c, d, e, f = tuple(affine)[:6]
    with np.errstate(invalid="ignore"):
        return a * x + b * y + c, d * x + e * y + f


def _lattice(grid: Grid) -> tuple[Float64, Float64]:
    """Positions spread over a grid, its corners among them."""
    rows, cols = np.meshgrid(
        np.linspace(0.0, grid.height, _LATTICE), np.linspace(0.0, grid.width, _LATTICE), indexing="ij"
    )
    return rows.ravel(), cols.ravel()


def _inside(grid: Grid, rows: Float64, cols: Float64) -> Bool:
    """Which positions lie on a grid."""
    with np.errstate(invalid="ignore"):
        inside: Bool = (rows > 0) & (rows < grid.height) & (cols > 0) & (cols < grid.width)
    return inside
