"""Where the pixels of a page are: an affine to its CRS, longitude and latitude on a lattice that a browser blends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..position import in_words
from ..raster import Grid

LATTICE = 33
"""Points along each side at which longitude and latitude are exact.

Between them they are blended: at 60 degrees north in UTM, over 250 km, that is off by 1.5 m at most.
"""


@dataclass(frozen=True)
class Place:
    """The ground under a page."""

    crs: str | None
    """Name of the CRS, such as EPSG:32633, WGS 84 / UTM zone 33N; None without one."""
    is_geographic: bool
    """Whether its coordinates are longitude and latitude."""
    affine: tuple[float, ...] | None
    """a, b, c, d, e, f: x = a col + b row + c, y = d col + e row + f, from the outer corner; None without one."""
    lonlat: tuple[tuple[float, ...], tuple[float, ...]] | None
    """Longitudes, continuous over the antimeridian, and latitudes of LATTICE x LATTICE points, row by row."""

    def for_browser(self) -> dict[str, Any]:
        """As JSON holds it."""
        lonlat = None
        if self.lonlat is not None:
            lonlat = {"size": LATTICE, "lon": self.lonlat[0], "lat": self.lonlat[1]}
        return {"crs": self.crs, "geographic": self.is_geographic, "affine": self.affine, "lonlat": lonlat}

    @property
    def middle(self) -> str | None:
        """The middle in words, such as 25.3° S 48.1° W; None where it is not known."""
        if self.lonlat is None:
            return None
        longitude, latitude = (values[len(values) // 2] for values in self.lonlat)
        return in_words(longitude, latitude)


def place_of(grid: Grid) -> Place:
    """The place of a grid; without a CRS or a transform, one that knows nothing."""
    if grid.crs_wkt is None or grid.transform is None:
        return Place(None, False, None, None)
    from rasterio.crs import CRS

    crs = CRS.from_wkt(grid.crs_wkt)
    affine = tuple(float(value) for value in tuple(grid.transform)[:6])
    return Place(_name(crs, grid.crs_wkt), bool(crs.is_geographic), affine, _lonlat(grid, crs))


def _name(crs: Any, wkt: str) -> str:
    """The code and the name of a CRS, as far as it has them."""
    epsg, found = crs.to_epsg(), re.search(r'"([^"]+)"', wkt)
    return (
        ", ".join(filter(None, (f"EPSG:{epsg}" if epsg else "", found[1] if found else ""))) or "a CRS without a name"
    )


def _lonlat(grid: Grid, crs: Any) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Longitude and latitude of the lattice; None where one of its points has none."""
    from rasterio._err import CPLE_BaseError
    from rasterio.crs import CRS
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    assert grid.transform is not None
    cols, rows = np.meshgrid(np.linspace(0.0, grid.width, LATTICE), np.linspace(0.0, grid.height, LATTICE))
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    x, y = a * cols + b * rows + c, d * cols + e * rows + f
    try:
        lon, lat = (np.array(v) for v in transform(crs, CRS.from_epsg(4326), x.ravel(), y.ravel()))
    except (RasterioError, CPLE_BaseError):
        return None
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return None
    lon = np.unwrap(np.unwrap(lon.reshape(LATTICE, LATTICE), period=360.0, axis=0), period=360.0, axis=1)
    return tuple(lon.ravel().round(7).tolist()), tuple(lat.round(7).tolist())
