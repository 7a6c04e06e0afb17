"""The palette of a reference: any optical raster of the place or near it, at any date, resolution or CRS."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color import render_reflectance, srgb_to_lab
from ..errors import SettingError
from ..raster import Bool, Float32, Grid
from .palette import MEASURED, Moments, Palette

PICTURE_8, PICTURE_16 = "an 8-bit picture as it is", "a 16-bit picture as it is"
REFLECTANCE, REFLECTANCE_E4 = "reflectance 0..1", "reflectance 0..10000"
OVER = "the part over the scene"
_MOST_PX = 1024
"""Side to which a large reference is thinned: pixels are left out, not averaged, so that the spread stays."""
_FARTHEST_KM = 200.0
_LEAST_SHARE = 0.01
_DARK, _CLOUD, _CLOUD_SPREAD = 5, 228, 22
NATURAL = {3: (0, 1, 2), 4: (0, 1, 2), 10: (2, 1, 0), 12: (3, 2, 1), 13: (3, 2, 1)}
"""Where red, green and blue stand by the number of bands: pictures, BigEarthNet's ten, L2A's 12, L1C's 13."""
_NAMES = (("red", "b04", "b4"), ("green", "b03", "b3"), ("blue", "b02", "b2"))


def read_palette(path: str, grid: Grid) -> Palette:
    """The palette of an optical raster, where it shows the ground of a scene.

    Of a raster that does not overlap the scene all of it is used, up to 200 km away; of a raster or scene without a
    place on Earth too, and the note says so. Nodata, black, white clouds and extremes of brightness count for nothing.

    Args:
        path: anything GDAL opens with red, green and blue: an 8-bit picture, or reflectance 0..1 or 0..10000.
        grid: the scene's.

    Raises:
        SettingError: no such raster, bands unknown, too far away, or no ground in it.
    """
    import rasterio
    from rasterio.errors import RasterioError

    if "://" not in path and not path.startswith("/vsi") and not Path(path).exists():
        raise SettingError(f"palette must be auto, none or an optical raster, got {path}, which does not exist")
    try:
        with rasterio.open(path) as source:
            bands, why = _natural(source, path)
            window, where = _overlap(source, grid, path)
            shape = tuple(min(_MOST_PX, max(1, round(side))) for side in (window.height, window.width))
            values = source.read(bands, window=window, out_shape=(3, *shape))
            seen = source.dataset_mask(window=window, out_shape=shape) > 0
    except RasterioError as error:
        raise SettingError(f"palette must be a raster that GDAL reads, got {path} ({error})") from error
    rgb, kind = _picture(values, seen, path)
    lab = srgb_to_lab(rgb)
    ground = _ground(rgb, seen)
    if ground.mean() < _LEAST_SHARE:
        raise SettingError(
            f"palette must show ground, got only nodata, black or white cloud where it is used, in {path}; "
            "choose another picture"
        )
    note = f"Palette of {Path(path).name}: {where}, {kind}, {why}, {ground.mean():.0%} of it ground."
    made = Moments.of(lab, ground & _usual(lab[0], ground)).palette(
        trust=MEASURED, source=path, note=note, overlaps=where.startswith(OVER)
    )
    if made is None:
        raise SettingError(f"palette must show ground, got none in {path}; choose another picture")
    return made


def reference_on(path: str, grid: Grid) -> tuple[Float32, Bool]:
    """CIE Lab (3, H, W) of an optical raster on a grid, and where it shows ground; see `read_palette`.

    Args:
        grid: with a CRS and a transform; the raster is warped to it (bilinear).
    """
    import rasterio
    from rasterio.enums import ColorInterp, Resampling
    from rasterio.vrt import WarpedVRT

    with rasterio.open(path) as source:
        bands, _ = _natural(source, path)
        has_mask = source.nodata is not None or ColorInterp.alpha in source.colorinterp
        options = {"crs": grid.crs_wkt, "transform": grid.transform, "height": grid.height, "width": grid.width}
        with WarpedVRT(source, **options, resampling=Resampling.bilinear, add_alpha=not has_mask) as warped:
            values, seen = warped.read(bands), warped.dataset_mask() > 0
    rgb = _rendered(values, _kind_of(path))
    return srgb_to_lab(rgb), _ground(rgb, seen)


@cache
def _kind_of(path: str) -> str:
    """What the numbers of a raster are taken for, from a thinned look at all of it."""
    import rasterio

    with rasterio.open(path) as source:
        bands, _ = _natural(source, path)
        shape = tuple(min(_MOST_PX, side) for side in source.shape)
        values = source.read(bands, out_shape=(3, *shape))
        return _picture(values, source.dataset_mask(out_shape=shape) > 0, path)[1]


def _natural(source: Any, path: str) -> tuple[list[int], str]:
    """Which bands are red, green and blue, from 1, and how that is known."""
    from rasterio.enums import ColorInterp

    said = [str(name or "").lower() for name in source.descriptions]
    found = [next((i for i, name in enumerate(said, 1) if name in names), None) for names in _NAMES]
    if None not in found:
        return [int(i) for i in found if i is not None], "bands by name"
    kinds = list(source.colorinterp)
    wanted = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if all(kind in kinds for kind in wanted):
        return [kinds.index(kind) + 1 for kind in wanted], "bands by colour"
    count = source.count - (ColorInterp.alpha in kinds)
    if count not in NATURAL:
        raise SettingError(
            f"palette must have bands named red, green and blue, or {', '.join(map(str, NATURAL))} of them, got "
            f"{source.count} in {path}; name its bands"
        )
    return [i + 1 for i in NATURAL[count]], f"red, green, blue taken from bands {[i + 1 for i in NATURAL[count]]}"


def _overlap(source: Any, grid: Grid, path: str) -> tuple[Any, str]:
    """The window of the raster to be read, and what it is in words."""
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    whole = Window(0, 0, source.width, source.height)
    if source.crs is None or source.transform.is_identity:
        return whole, "all of it, because it has no place on Earth"
    if grid.crs_wkt is None or grid.transform is None:
        return whole, "all of it, because the scene has no place on Earth"
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
            f"palette must lie within {_FARTHEST_KM:.0f} km of the scene, got {away:.0f} km in {path}; "
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


def _picture(values: NDArray, seen: Bool, path: str) -> tuple[Float32, str]:
    """sRGB (3, H, W) in 0..1, and what the numbers were taken for."""
    if values.dtype == np.uint8:
        return _rendered(values, PICTURE_8), PICTURE_8
    finite = np.isfinite(values).all(0) & seen
    if not finite.any():
        raise SettingError(f"palette must show ground, got only nodata where it is used, in {path}; choose another")
    high = float(np.percentile(values[:, finite], 99))
    kind = REFLECTANCE if high <= 2.0 else REFLECTANCE_E4 if high <= 20000.0 else PICTURE_16
    return _rendered(values, kind), kind


def _rendered(values: NDArray, kind: str) -> Float32:
    """sRGB (3, H, W) in 0..1 of numbers of a known kind."""
    numbers = np.nan_to_num(values.astype(np.float32))
    if kind == PICTURE_8:
        return numbers / np.float32(255.0)
    if kind == PICTURE_16:
        return np.clip(numbers / np.float32(65535.0), 0.0, 1.0)
    rendered: Float32 = render_reflectance(numbers if kind == REFLECTANCE else numbers / np.float32(10000.0))
    return rendered


def _ground(rgb: Float32, seen: Bool) -> Bool:
    """True where a pixel is seen, not black, and no white cloud."""
    dark, bright = rgb.max(0) * 255.0, rgb.min(0) * 255.0
    cloud = (bright >= _CLOUD) & (dark - bright <= _CLOUD_SPREAD)
    return seen & (dark >= _DARK) & ~cloud & np.isfinite(dark)


def _usual(lightness: Float32, ground: Bool) -> Bool:
    """True where L is between its first and its last percentile over ground."""
    low, high = np.percentile(lightness[ground], (1, 99))
    return (lightness >= low) & (lightness <= high)
