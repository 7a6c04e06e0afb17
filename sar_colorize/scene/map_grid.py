"""The map grid on which a scene in radar geometry is drawn: what the user wants of it, and how far it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from affine import Affine

from ..errors import SettingError
from ..raster import Grid
from .control import GroundControl, unwrapped
from .scene import Scene

MAX_PIXELS = 4_000_000_000


@dataclass(frozen=True)
class MapGrid:
    """What the user wants of the map."""

    crs: str | None = None
    """None: UTM of the scene, or polar stereographic."""
    resolution: float | None = None
    """A pixel in units of the CRS; None: the radar's own spacing."""

    def __post_init__(self) -> None:
        if self.crs is not None and not isinstance(self.crs, str):
            raise SettingError(f"crs must be text such as EPSG:32633, got {self.crs!r:.80}; leave it out for UTM")
        if self.resolution is None:
            return
        if isinstance(self.resolution, bool) or not isinstance(self.resolution, Real):
            raise SettingError(
                f"resolution must be a number, got {self.resolution!r:.80}; 10 is that of IW GRDH in metres"
            )
        if not 0 < self.resolution < math.inf:
            raise SettingError(f"resolution must be above 0, got {self.resolution:g}; 10 is that of IW GRDH in metres")


def grid_around(radar: Scene, control: GroundControl, crs: Any, resolution: float) -> Grid:
    """The grid in `crs` that holds the whole radar picture, its corners at whole multiples of the resolution."""
    from rasterio.warp import transform

    height, width = radar.grid.height, radar.grid.width
    along_rows, along_cols = np.linspace(0.0, height, 65), np.linspace(0.0, width, 65)
    rows = np.concatenate([along_rows, along_rows, np.zeros(65), np.full(65, float(height))])
    cols = np.concatenate([np.zeros(65), np.full(65, float(width)), along_cols, along_cols])
    with control.transformer() as transformer:
        lons, lats = transformer.xy(rows, cols, offset="ul")
    xs, ys = (np.asarray(values) for values in transform(control.crs, crs, lons, lats))
    if crs.is_geographic:
        xs = unwrapped(xs, xs[0])
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise SettingError(f"crs must cover the scene, got {crs.to_string()}; leave it out for UTM")
    left, right = np.floor(xs.min() / resolution), np.ceil(xs.max() / resolution)
    bottom, top = np.floor(ys.min() / resolution), np.ceil(ys.max() / resolution)
    if not (right - left) * (top - bottom) <= MAX_PIXELS or not min(right - left, top - bottom) >= 4:
        raise SettingError(
            f"resolution must fit the scene, got {resolution:g}, which makes {right - left:.0f} x {top - bottom:.0f} "
            "pixels; it is counted in units of the CRS, metres or degrees"
        )
    placed = Affine(resolution, 0.0, left * resolution, 0.0, -resolution, top * resolution)
    return Grid(int(top - bottom), int(right - left), placed, crs.to_wkt())


def map_crs(lon: float, lat: float) -> str:
    """UTM of a place, polar stereographic beyond 84 degrees."""
    if abs(lat) >= 84.0:
        return "EPSG:3413" if lat > 0 else "EPSG:3031"
    zone = int((lon + 180.0) % 360.0 // 6.0) + 1
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"
