"""What a patch may look like elsewhere: other levels, contrasts, speckle, directions and scene edges.

Radar is changed in decibels, because there an unknown gain is a shift; speckle multiplies power.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backscatter import db_range_of, to_power
from ...lightness import to_lightness
from ...pairs.lightness import radar_db, radar_raster
from ...raster import Bool, Float32, Raster, Unit
from .settings import CommonSettings

_SPECKLE_LOOKS = (3.0, 20.0)


def changed_radar_lightness(
    code: NDArray[np.uint8], polarization: str, settings: CommonSettings, random: np.random.Generator
) -> Float32:
    """L, 0..100, (H, W) of a radar patch as it may look elsewhere; `pairs.lightness.radar_lightness` with changes.

    dB' = middle + (dB - middle) c + s, with log c ~ N(0, contrast) and s ~ N(0, level_db)

    Args:
        code: (H, W), 0..255 over the decibels of its polarisation.
    """
    raster = radar_raster(code, polarization)
    speckled = random.random() < settings.speckle_share
    filtered = random.random() < settings.filter_share
    if speckled:
        raster = _with_speckle(raster, random)
    db = radar_db(raster, settings.filter if filtered else "none")
    middle = np.float32(np.median(db))
    stretch = np.exp(random.normal(0.0, settings.contrast))
    db = middle + (db - middle) * np.float32(stretch) + np.float32(random.normal(0.0, settings.level_db))
    lightness: Float32 = to_lightness(db, raster.valid, raster.bands)[0]
    return lightness


def changed_colour_lightness(lightness: Float32, settings: CommonSettings, random: np.random.Generator) -> Float32:
    """L of a colour picture with the radar's changes of level and contrast, 1 dB taken as 4 units of L."""
    middle = np.float32(np.median(lightness))
    stretch = np.float32(np.exp(random.normal(0.0, settings.contrast)))
    shift = np.float32(random.normal(0.0, settings.level_db * 4.0))
    changed: Float32 = np.clip(middle + (lightness - middle) * stretch + shift, 0.0, 100.0)
    return changed


def _with_speckle(raster: Raster, random: np.random.Generator) -> Raster:
    """The raster in power, times speckle of 3 to 20 looks."""
    low, high = np.log(_SPECKLE_LOOKS)
    looks = float(np.exp(random.uniform(low, high)))
    power = to_power(raster.values, raster.unit, db_range_of(raster.bands[0]))
    speckle = random.gamma(looks, 1.0 / looks, power.shape).astype(np.float32)
    return replace(raster, values=power * speckle, unit=Unit.POWER)


def turn(array: NDArray[Any], quarter: int, flip: bool) -> NDArray[Any]:
    """`array` (..., H, W) turned by quarters and, where asked, mirrored; one of the eight symmetries of a square."""
    turned = np.rot90(array, quarter, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if flip else turned)


def hole(shape: tuple[int, int], random: np.random.Generator) -> Bool:
    """True where a patch of this shape is made invalid: beyond a slanted line, or in a rectangle."""
    height, width = shape
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    if random.random() < 0.7:
        angle = random.uniform(0.0, 2.0 * np.pi)
        across = (rows - height / 2) * np.sin(angle) + (cols - width / 2) * np.cos(angle)
        beyond: Bool = across > random.uniform(0.05, 0.45) * min(height, width)
        return beyond
    top, left = random.integers(0, height), random.integers(0, width)
    bottom, right = (start + random.integers(8, max(9, side // 2)) for start, side in ((top, height), (left, width)))
    inside: Bool = (rows >= top) & (rows < bottom) & (cols >= left) & (cols < right)
    return inside
