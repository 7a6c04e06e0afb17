"""What a scene covers on Earth: the map grid on which a mosaic is drawn for it, and which tiles it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..errors import SettingError
from ..raster import Bool, Grid, Window
from ..scene.control import unwrapped
from ..scene.map_grid import map_crs

Float64 = NDArray[np.float64]
USUAL_PIXELS = 4e6
"""Pixels of a scene's area up to which it is drawn at the finest usual resolution; then at half of that, and so on."""
MOST_PIXELS = 4e7
"""Of the whole grid; they are held in memory, 6 bytes each."""
_POINTS = 65
"""Along a side of the lattice by which tiles are found: 4 km apart in the largest scenes."""
_FARTHEST_M = 1.5e6
"""From the middle of a scene to its corners, up to which one UTM zone will do."""
_EARTH_M = 6.371e6
_MARGIN_PX = 3


@dataclass(frozen=True)
class Extent:
    """The ground under a scene."""

    crs: str
    """UTM of its middle, or polar stereographic."""
    lons: Float64
    lats: Float64
    """(65, 65) of a lattice over the scene, degrees; longitudes within 180 of the middle's, so that none jumps."""
    xs: Float64
    ys: Float64
    """The same points in `crs`, metres."""

    @property
    def area_m2(self) -> float:
        """Of the scene's rectangle."""
        x, y = (np.concatenate([v[0, :-1], v[:-1, -1], v[-1, :0:-1], v[:0:-1, 0]]) for v in (self.xs, self.ys))
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)

    @property
    def latitude(self) -> float:
        """Of the middle, degrees."""
        return float(self.lats[_POINTS // 2, _POINTS // 2])

    def usual_resolution(self, finest_m: float) -> float:
        """The finest of `finest_m`, twice that, four times that ... at which the scene has not too many pixels."""
        resolution = finest_m
        while self.area_m2 / resolution**2 > USUAL_PIXELS:
            resolution *= 2.0
        return resolution

    def grid(self, resolution: float) -> Grid:
        """The grid in `crs` around the scene, its corners at whole multiples of the resolution.

        Raises:
            SettingError: it would have too many pixels.
        """
        from rasterio.crs import CRS

        # A thousandth of a pixel is rounding of coordinates, not a wish for one more.
        left, top = _floor(self.xs.min() / resolution) - _MARGIN_PX, -_floor(-self.ys.max() / resolution) + _MARGIN_PX
        width = -_floor(-self.xs.max() / resolution) + _MARGIN_PX - left
        height = top - _floor(self.ys.min() / resolution) + _MARGIN_PX
        if width * height > MOST_PIXELS:
            least = resolution * math.sqrt(width * height / MOST_PIXELS)
            raise SettingError(
                f"reference_resolution must be at least {math.ceil(least)} for a scene of this size, got "
                f"{resolution:g}; leave it out for the usual one"
            )
        placed = Affine(resolution, 0.0, left * resolution, 0.0, -resolution, top * resolution)
        return Grid(height, width, placed, CRS.from_user_input(self.crs).to_wkt())

    def inside(self, grid: Grid) -> Bool:
        """(H, W) which pixels of a grid in `crs` the scene covers."""
        from rasterio.features import geometry_mask

        x, y = (np.concatenate([v[0, :-1], v[:-1, -1], v[-1, :0:-1], v[:0:-1, 0]]) for v in (self.xs, self.ys))
        ring = [*zip(x.tolist(), y.tolist(), strict=True)]
        shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        found: Bool = geometry_mask([shape], grid.window.shape, grid.transform, invert=True, all_touched=True)
        return found

    def tiles(self, grid: Grid, name: Callable[[float, float], Any]) -> dict[Any, Window]:
        """The window of a grid in `crs` that each tile may fill.

        Args:
            name: of the tile at a longitude in -180..180 and a latitude; None where there is none.
        """
        assert grid.transform is not None
        step_x = float(np.abs(np.diff(self.xs, axis=1)).max() + np.abs(np.diff(self.xs, axis=0)).max())
        step_y = float(np.abs(np.diff(self.ys, axis=1)).max() + np.abs(np.diff(self.ys, axis=0)).max())
        points: dict[Any, list[tuple[float, float]]] = {}
        for lon, lat, x, y in zip(*(v.ravel().tolist() for v in (self.lons, self.lats, self.xs, self.ys)), strict=True):
            tile = name((lon + 180.0) % 360.0 - 180.0, lat)
            if tile is not None:
                points.setdefault(tile, []).append((x, y))
        found = {}
        for tile, places in points.items():
            x, y = (np.array(values) for values in zip(*places, strict=True))
            left, top = ~grid.transform @ (x.min() - step_x, y.max() + step_y)
            right, bottom = ~grid.transform @ (x.max() + step_x, y.min() - step_y)
            row, col = math.floor(top), math.floor(left)
            window = Window(row, col, math.ceil(bottom) - row, math.ceil(right) - col).pad(_MARGIN_PX)
            window = window.intersect(grid.window)
            if not window.is_empty:
                found[tile] = window
        return dict(sorted(found.items()))


def extent_of(grid: Grid, what: str) -> Extent:
    """The ground under a scene's grid.

    Args:
        what: the setting and source, for messages.

    Raises:
        SettingError: the grid has no georeference, lies partly nowhere on Earth, or is too large.
    """
    if grid.crs_wkt is None or grid.transform is None:
        raise SettingError(f"{what} must be a file for a scene without a georeference; georeference the scene first")
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    rows, cols = np.meshgrid(
        np.linspace(0.0, grid.height, _POINTS), np.linspace(0.0, grid.width, _POINTS), indexing="ij"
    )
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    try:
        places = transform(
            grid.crs_wkt, "EPSG:4326", (a * cols + b * rows + c).ravel(), (d * cols + e * rows + f).ravel()
        )
        lons, lats = (np.asarray(values).reshape(_POINTS, _POINTS) for values in places)
        middle = float(lons[_POINTS // 2, _POINTS // 2]), float(lats[_POINTS // 2, _POINTS // 2])
        if not (np.isfinite(lons).all() and np.isfinite(lats).all() and np.abs(lats).max() <= 90.0):
            raise SettingError(f"{what} must be a file for a scene that lies partly nowhere on Earth; cut the scene")
        lons = unwrapped(lons, middle[0])
        if not _distances(lons, lats).max() <= _FARTHEST_M:
            raise SettingError(
                f"{what} must be a file for a scene of more than {2 * _FARTHEST_M / 1000:.0f} km across; give a file, "
                "or cut the scene"
            )
        crs = map_crs((middle[0] + 180.0) % 360.0 - 180.0, middle[1])
        xs, ys = (
            np.asarray(values).reshape(_POINTS, _POINTS)
            for values in transform("EPSG:4326", crs, lons.ravel(), lats.ravel())
        )
    except (RasterioError, CPLE_BaseError) as error:
        raise SettingError(f"{what} must be a file for a scene whose CRS has no place on Earth ({error})") from error
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise SettingError(f"{what} must be a file for a scene that has no place in {crs}; cut the scene")
    return Extent(crs, lons, lats, xs, ys)


def _floor(value: float) -> int:
    return math.floor(value + 1e-3)


def _distances(lons: Float64, lats: Float64) -> Float64:
    """Metres along a sphere from the middle of a lattice of longitudes and latitudes to each of its points."""
    x, y = np.radians(lons), np.radians(lats)
    row, col = lats.shape[0] // 2, lats.shape[1] // 2
    half = np.sin((y - y[row, col]) / 2) ** 2 + np.cos(y) * np.cos(y[row, col]) * np.sin((x - x[row, col]) / 2) ** 2
    found: Float64 = 2.0 * _EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return found
