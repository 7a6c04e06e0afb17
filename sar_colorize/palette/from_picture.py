"""The palette of a reference: any optical raster of the place or near it, at any date, resolution or CRS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..color import srgb_to_lab
from ..errors import SettingError
from ..raster import Bool, Float32, Grid
from ..reference.clouds import ground
from ..reference.picture import PictureSource, look_at, name_of, open_picture
from .moments import Moments
from .palette import MEASURED, Palette

OVER = "the part over the scene"
_FARTHEST_KM = 200.0
_LEAST_SHARE = 0.01


def read_palette(path: PictureSource, grid: Grid, what: str = "palette") -> Palette:
    """The palette of an optical raster, where it shows the ground of a scene.

    Of a raster that does not overlap the scene all of it is used, up to 200 km away; of a raster or scene without a
    georeference too, and the note says so. Nodata, black, white clouds and extremes of brightness count for nothing.

    Args:
        path: a raster with red, green and blue (formats: `scene.gdal`): an 8-bit picture, or reflectance 0..1 or
            0..10000, with Sentinel-2's offset of -1000 or without; or an array of the same.
        grid: the scene's.
        what: the setting that named it, for messages.

    Raises:
        SettingError: no such raster, bands unknown, too far away, or no ground in it.
    """
    picture, name = look_at(path, what), name_of(path)
    with open_picture(path, what) as source:
        window, where = _overlap(source, grid, name, what)
        rgb, seen = picture.thinned(source, window)
    lab, shown = srgb_to_lab(rgb), ground(rgb * np.float32(255.0), seen)
    if shown.mean() < _LEAST_SHARE:
        raise SettingError(
            f"{what} must show ground, got only nodata, black or white cloud where it is used, in {name}; "
            "choose another picture"
        )
    note = f"Palette of {Path(name).name}: {where}, {picture.words}, {shown.mean():.0%} of it ground."
    made = Moments.of(lab, shown & _usual(lab[0], shown)).palette(
        trust=MEASURED, source=name, note=note, overlaps=where.startswith(OVER)
    )
    if made is None:
        raise SettingError(f"{what} must show ground, got none in {name}; choose another picture")
    return made


def _overlap(source: Any, grid: Grid, path: str, what: str) -> tuple[Any, str]:
    """The window of the raster to be read, and what it is in words."""
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    whole = Window(0, 0, source.width, source.height)
    if source.crs is None or source.transform.is_identity:
        return whole, "all of it, because it has no georeference"
    if grid.crs_wkt is None or grid.transform is None:
        return whole, "all of it, because the scene has no georeference"
    if source.transform.b or source.transform.d:
        return whole, "all of it, because it is rotated"
    corners = [
        grid.transform @ corner for corner in ((0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height))
    ]
    x, y = zip(*corners, strict=True)
    bounds = transform_bounds(grid.crs_wkt, source.crs, min(x), min(y), max(x), max(y))
    wanted = from_bounds(*bounds, transform=source.transform)
    col, row = max(0.0, wanted.col_off), max(0.0, wanted.row_off)
    right = min(source.width, wanted.col_off + wanted.width)
    bottom = min(source.height, wanted.row_off + wanted.height)
    if right - col >= 1 and bottom - row >= 1:
        share = (right - col) * (bottom - row) / (wanted.width * wanted.height)
        return Window(col, row, right - col, bottom - row), f"{OVER}, {share:.0%} of the scene"
    away = _distance_km(source, grid)
    if away > _FARTHEST_KM:
        raise SettingError(
            f"{what} must lie within {_FARTHEST_KM:.0f} km of the scene, got {away:.0f} km in {path}; "
            "choose a picture of the place"
        )
    return whole, f"all of it, {away:.0f} km from the scene"


def _distance_km(source: Any, grid: Grid) -> float:
    """From middle to middle, along the sphere."""
    from rasterio.warp import transform

    places = []
    for crs, (x, y) in (
        (source.crs, source.transform @ (source.width / 2, source.height / 2)),
        (grid.crs_wkt, grid.transform @ (grid.width / 2, grid.height / 2)),  # type: ignore[operator]
    ):
        longitudes, latitudes = transform(crs, "EPSG:4326", [x], [y])
        places.append(np.radians([longitudes[0], latitudes[0]]))
    (lon_1, lat_1), (lon_2, lat_2) = places
    half = np.sin((lat_2 - lat_1) / 2) ** 2 + np.cos(lat_1) * np.cos(lat_2) * np.sin((lon_2 - lon_1) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(half)))


def _usual(lightness: Float32, ground: Bool) -> Bool:
    """True where L is between its first and its last percentile over ground."""
    low, high = np.percentile(lightness[ground], (1, 99))
    usual: Bool = (lightness >= low) & (lightness <= high)
    return usual
