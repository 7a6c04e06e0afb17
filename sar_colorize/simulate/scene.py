"""A plausible Sentinel-1 scene without a satellite: a coast, a river, fields, forest, hills and a town.

The mean backscatter of a landscape, blurred by the sensor, times speckle. Drawn from a seed, so it needs no network;
what it shows exists nowhere.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..errors import OutputError, SettingError
from ..raster import Float32, Grid, Raster, Unit
from .landscape import COVER, MEAN_DB, PIXEL_M, landscape

EPSG = 32633
LOOKS = 4.4
"""Equivalent number of looks of IW GRD high resolution (5 x 1 looks, 20 x 22 m): ESA, Sentinel-1 SAR user guide."""

# The sum of five looks, the last one down-weighted: (sum w)**2 / sum w**2 = 4.4.
_LOOK_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 0.2208)
# Amplitude of a point in the next pixel: 22 m of resolution on 10 m pixels.
_SPREAD = 0.4


@dataclass(frozen=True)
class SimulatedScene:
    """A radar scene of ground that is known."""

    raster: Raster
    """VV and VH in decibels."""
    grid: Grid
    """UTM."""
    cover: NDArray[np.uint8]
    """(H, W), index into the keys of MEAN_DB."""


def simulate_scene(height: int = 1024, width: int = 1536, seed: int = 0) -> SimulatedScene:
    """A scene of `height` x `width` pixels of 10 m; the same seed gives the same scene.

    backscatter = blur(mean of the cover * field, relief, buildings) * speckle

    Returns:
        VV and VH in decibels, float32, on a grid of UTM zone 33 N; invalid (NaN) in a wedge on the right, as at the
        edge of a swath.

    Raises:
        SettingError: fewer than 64 rows or columns.
    """
    if min(height, width) < 64:
        raise SettingError(f"simulated scene must have 64 rows and columns, got {height} x {width}; choose more")
    rng = np.random.default_rng(seed)
    cover, gain_db = landscape(height, width, rng)
    points = _point_targets(cover, rng)
    means = np.array(list(MEAN_DB.values()), np.float32)
    rows, cols = np.mgrid[:height, :width]
    valid = cols < width - 0.055 * width + 0.085 * rows
    values = np.full((2, height, width), np.nan, np.float32)
    for band in range(2):
        # Relief and crops move VH and VV together, but not alike.
        power = 10 ** ((means[cover, band] + gain_db * (1.0 - 0.15 * band)) / 10)
        power += points * (1.0, 0.15)[band]
        backscatter = _blur_power(power) * speckle(height, width, rng)
        values[band] = np.where(valid, 10 * np.log10(np.maximum(backscatter, 1e-5)), np.nan)
    return SimulatedScene(Raster(values, valid, ("VV", "VH"), Unit.DB), _utm_grid(height, width), cover)


def speckle(height: int, width: int, rng: np.random.Generator) -> Float32:
    """(H, W) fully developed speckle in intensity: mean 1, ENL = mean**2 / variance = LOOKS, neighbours correlated.

    I = sum_k w_k |g_k * n_k|**2 / sum_k w_k, n_k complex white noise, g the point spread: so the marginal is close
    to gamma, and the correlation of neighbours is the squared one of the field, (2a / (1 + 2a**2))**2 = 0.37.

    Source: Goodman, Some fundamental properties of speckle, JOSA 66 (1976) 1145.
    """
    total = np.zeros((height, width), np.float32)
    for weight in _LOOK_WEIGHTS:
        for _ in range(2):  # real and imaginary part
            part = _blur(rng.standard_normal((height + 2, width + 2), np.float32))
            total += np.float32(weight) * part[1:-1, 1:-1] ** 2
    # E |g * n|**2 = 2 (1 + 2 a**2)**2 for parts of variance 1.
    return total / np.float32(2 * (1 + 2 * _SPREAD**2) ** 2 * sum(_LOOK_WEIGHTS))


def write_scene(
    path: str | os.PathLike[str], height: int = 1024, width: int = 1536, seed: int = 0, *, overwrite: bool = False
) -> SimulatedScene:
    """The scene of `simulate_scene`, also written to `path` as a tiled float32 GeoTIFF: VV, VH, UNITS=dB, NaN.

    Raises:
        OutputError: `path` exists and `overwrite` is false, or its folder does not exist.
    """
    import rasterio

    path = Path(path)
    if os.path.lexists(path) and not overwrite:
        raise OutputError(f"output must not exist, got {path}; choose another name or allow overwriting")
    if not path.parent.is_dir():
        raise OutputError(f"folder of the output must exist, got {path.parent}; create it first")
    scene = simulate_scene(height, width, seed)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with rasterio.open(
            part, "w", driver="GTiff", height=height, width=width, count=2, dtype="float32", nodata=math.nan,
            crs=scene.grid.crs_wkt, transform=scene.grid.transform, tiled=True, blockxsize=512, blockysize=512,
            compress="deflate", predictor=3, zlevel=1,
        ) as dataset:  # fmt: skip
            dataset.write(scene.raster.values)
            dataset.descriptions = scene.raster.bands
            dataset.units = ("dB", "dB")
            dataset.update_tags(UNITS="dB", SOURCE=f"sar_colorize simulation, seed {seed}: not a real place")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return scene


def _utm_grid(height: int, width: int) -> Grid:
    import rasterio

    transform = Affine(PIXEL_M, 0.0, 399_960.0, 0.0, -PIXEL_M, 5_100_000.0)
    return Grid(height, width, transform, rasterio.CRS.from_epsg(EPSG).to_wkt())


def _point_targets(cover: NDArray[np.uint8], rng: np.random.Generator) -> Float32:
    """(H, W) linear power of ships, farms and pylons: single pixels, far brighter than what is around them."""
    height, width = cover.shape
    count = height * width // 5_000
    rows, cols = rng.integers(0, height, count), rng.integers(0, width, count)
    at_sea = cover[rows, cols] == COVER["sea"]
    power_db = rng.normal(3.0, 4.0, count) + np.where(at_sea, 6.0, 0.0)
    keep = (cover[rows, cols] != COVER["water"]) & (~at_sea | (rng.random(count) < 0.08))
    points = np.zeros(cover.shape, np.float32)
    points[rows[keep], cols[keep]] = 10 ** (power_db[keep] / 10)
    return points


def _blur(values: Float32) -> Float32:
    """The point spread of the sensor, rows and columns alike; the outermost pixels are not to be used."""
    a = np.float32(_SPREAD)
    rows = values.copy()
    rows[1:] += a * values[:-1]
    rows[:-1] += a * values[1:]
    out = rows.copy()
    out[:, 1:] += a * rows[:, :-1]
    out[:, :-1] += a * rows[:, 1:]
    return out


def _blur_power(power: Float32) -> Float32:
    """Mean power as the sensor resolves it: the squared point spread, its sum 1."""
    a = np.float32(_SPREAD**2)
    padded = np.pad(power, 1, mode="edge")
    rows = padded[1:-1] + a * (padded[:-2] + padded[2:])
    blurred: Float32 = rows[:, 1:-1] + a * (rows[:, :-2] + rows[:, 2:])
    return blurred / np.float32((1 + 2 * _SPREAD**2) ** 2)
