"""An area of interest: polygons from any vector file, as a mask on a scene's grid, made window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SettingError
from ..raster import Bool, Grid, Window
from .gdal import one_line
from .vector import read_vector

_FAR = 2.0**40
"""Pixels beyond which no grid reaches."""


@dataclass(frozen=True)
class Area:
    """Polygons in the CRS of a grid. A pixel is inside where its centre is."""

    grid: Grid
    polygons: Any
    """One shapely geometry."""
    bounds: Window
    """The window of the grid that holds it."""

    def inside(self, window: Window) -> Bool:
        """(height, width), true inside the area."""
        if window.intersect(self.bounds).is_empty:
            return np.zeros(window.shape, dtype=bool)
        from rasterio.features import geometry_mask

        inside: Bool = geometry_mask(
            [self.polygons], out_shape=window.shape, transform=self.grid.crop(window).transform, invert=True
        )
        return inside


def read_area(path: str, grid: Grid) -> Area:
    """The polygons of a vector file, on the grid of a scene.

    Args:
        path: GeoPackage, GeoJSON, Shapefile, FlatGeobuf, KML or GML, in any CRS; see `vector`.
        grid: the scene's; it must have a CRS and a transform.

    Raises:
        SettingError: unreadable, no polygons, no CRS on either side, or no common ground with the scene.
    """
    if grid.crs_wkt is None or grid.transform is None:
        raise SettingError(f"aoi must not be given for a scene without CRS, got {path}; georeference the scene first")
    frame = read_vector(path)
    frame = frame[frame.geometry.notna() & frame.geom_type.isin(["Polygon", "MultiPolygon"])]
    if frame.empty:
        raise SettingError(f"aoi must hold at least one polygon, got none in {path}; draw the area as a polygon")
    if frame.crs is None:
        raise SettingError(f"aoi must have a CRS, got none in {path}; save it with one")
    polygons = _on_crs(frame, path, grid.crs_wkt)
    bounds = window_of(polygons, grid)
    if bounds.is_empty:
        raise SettingError(f"aoi must share ground with the scene, got {path}, which lies outside it; check its CRS")
    return Area(grid, polygons, bounds)


def _on_crs(frame: Any, path: str, crs: str) -> Any:
    """The polygons of a vector file as one geometry in another CRS.

    Raises:
        SettingError: they make none there.
    """
    import shapely

    try:
        with np.errstate(all="ignore"):
            polygons = frame.geometry.make_valid().to_crs(crs).union_all()
        if np.isfinite(shapely.get_coordinates(polygons)).all():
            return polygons
        said = "they lie where it is not defined"
    except Exception as error:  # GEOS, PROJ and geopandas each have errors of their own
        raise SettingError(
            f"aoi must hold polygons that fit the scene's CRS, got {path} ({one_line(error)}); draw it again"
        ) from error
    raise SettingError(f"aoi must hold polygons that fit the scene's CRS, got {path} ({said}); draw it again")


def read_bbox(bbox: tuple[float, float, float, float], crs: str | None, grid: Grid) -> Window:
    """The window of a grid that holds a box of coordinates, whole pixels, cut to the grid.

    Args:
        bbox: west, south, east, north.
        crs: the CRS of the box in any form that pyproj reads; the grid's own where None.
        grid: must have a transform, and a CRS where `crs` is given.

    Raises:
        SettingError: swapped corners, an unknown CRS, no transform, or no common ground.
    """
    west, south, east, north = bbox
    if crs is not None and not crs.strip():
        raise SettingError(f"bbox_crs must be a CRS such as EPSG:4326, got {crs!r}; leave it out for the scene's own")
    if not np.isfinite(bbox).all():
        raise SettingError(f"bbox must be four finite numbers, got {bbox}; give west south east north")
    shown = " ".join(f"{value:g}" for value in bbox)
    if not (west < east and south < north):
        raise SettingError(f"bbox must be west south east north, got {shown}; swap the corners that are the wrong way")
    if grid.transform is None or (crs is not None and grid.crs_wkt is None):
        raise SettingError(f"bbox must not be given for a scene without CRS, got {shown}; georeference the scene first")
    import shapely

    # Vertices every hundredth of a side: a straight side in one CRS is bent in another.
    box = shapely.segmentize(shapely.box(west, south, east, north), max((east - west), (north - south)) / 100)
    if crs is not None:
        from rasterio.crs import CRS
        from rasterio.warp import transform

        try:
            known, own = CRS.from_user_input(crs), CRS.from_wkt(str(grid.crs_wkt))
        except Exception as error:  # PROJ's own, and those of whatever it takes the text for
            raise SettingError(
                f"bbox_crs must be a CRS such as EPSG:4326, got {crs:.80} ({one_line(error)})"
            ) from error
        try:
            box = shapely.transform(box, lambda points: np.column_stack(transform(known, own, *points.T)))
        except Exception as error:  # GDAL's, which rasterio has no public name for
            raise SettingError(_nowhere(shown)) from error
    if not shapely.is_valid(box) or not np.isfinite(shapely.get_coordinates(box)).all():
        raise SettingError(_nowhere(shown))
    window = window_of(box, grid)
    if window.is_empty:
        raise SettingError(f"bbox must share ground with the scene, got {shown}, which lies outside it; check its CRS")
    return window


def _nowhere(shown: str) -> str:
    """The sentence for a box that has no place in the scene's CRS."""
    return f"bbox must lie where the scene's CRS is defined, got {shown}; check `bbox_crs`"


def window_of(geometry: Any, grid: Grid) -> Window:
    """The whole pixels of a grid, rotated or not, that a geometry touches; empty where it touches none."""
    import shapely

    if grid.transform is None or geometry.is_empty:
        return Window(0, 0, 0, 0)
    points = shapely.get_coordinates(geometry)
    to_pixels = ~grid.transform
    cols = to_pixels.a * points[:, 0] + to_pixels.b * points[:, 1] + to_pixels.c
    rows = to_pixels.d * points[:, 0] + to_pixels.e * points[:, 1] + to_pixels.f
    # A thousandth of a pixel is rounding of coordinates, not a wish for one more pixel.
    rows, cols = np.clip(rows, -_FAR, _FAR), np.clip(cols, -_FAR, _FAR)
    top, left = int(np.floor(rows.min() + 1e-3)), int(np.floor(cols.min() + 1e-3))
    bottom, right = int(np.ceil(rows.max() - 1e-3)), int(np.ceil(cols.max() - 1e-3))
    return Window(top, left, max(0, bottom - top), max(0, right - left)).intersect(grid.window)
