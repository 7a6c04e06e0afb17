"""Where on Earth a grid lies, as numbers and in words."""

from __future__ import annotations

import math

from .raster import Grid


def middle_of(grid: Grid) -> tuple[float, float] | None:
    """Longitude and latitude of the middle of a grid, degrees; None where it has no georeference that gives them."""
    return place_in(grid, grid.width / 2.0, grid.height / 2.0)


def place_in(grid: Grid, column: float, row: float) -> tuple[float, float] | None:
    """Longitude and latitude of a place in a grid, counted in pixels from its corner; None as in `middle_of`."""
    if grid.crs_wkt is None or grid.transform is None:
        return None
    from rasterio.crs import CRS
    from rasterio.warp import transform

    x, y = grid.transform @ (column, row)
    longitudes, latitudes = transform(CRS.from_wkt(grid.crs_wkt), CRS.from_epsg(4326), [x], [y])
    place = float(longitudes[0]), float(latitudes[0])
    return place if all(map(math.isfinite, place)) else None


def in_words(longitude: float, latitude: float) -> str:
    """A place in words, to a tenth of a degree, such as 25.3° S 48.1° W."""
    longitude = (longitude + 180.0) % 360.0 - 180.0
    return (
        f"{abs(latitude):.1f}° {'N' if latitude >= 0 else 'S'} {abs(longitude):.1f}° {'E' if longitude >= 0 else 'W'}"
    )
