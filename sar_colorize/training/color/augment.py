"""What a patch may look like elsewhere: other levels, contrasts, speckle, directions and scene edges.

Radar is changed in decibels, because there an unknown gain is a shift; speckle multiplies power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...backscatter import DB_RANGES, db_range_of
from ...raster import Bool, Float32
from ...speckle import get_filter
from .settings import TrainSettings


def radar_lightness(
    code: NDArray[np.uint8], polarization: str, settings: TrainSettings, random: np.random.Generator | None
) -> Float32:
    """L, 0..100, from a radar patch in display code.

    dB' = middle + (dB - middle) c + s, with log c ~ N(0, contrast) and s ~ N(0, level_db)

    Args:
        code: (H, W), 0..255 over the decibels of its polarisation.
        random: None for validation: no change, and the filter always.
    """
    low, high = db_range_of(polarization, DB_RANGES)
    db = code.astype(np.float32) * np.float32((high - low) / 255.0) + np.float32(low)
    speckled = random is not None and random.random() < settings.speckle_share
    filtered = random is None or random.random() < settings.despeckle_share
    if speckled or (filtered and settings.despeckle != "none"):
        power = (10.0 ** (db * np.float32(0.1))).astype(np.float32)
        if speckled and random is not None:
            looks = float(np.exp(random.uniform(np.log(3.0), np.log(20.0))))
            power = power * random.gamma(looks, 1.0 / looks, power.shape).astype(np.float32)
        if filtered:
            power = get_filter(settings.despeckle).apply(power, np.ones(power.shape, bool))
        db = 10.0 * np.log10(np.maximum(power, 1e-9), dtype=np.float32)
    if random is not None:
        middle = np.float32(np.median(db))
        stretch = np.exp(random.normal(0.0, settings.contrast))
        db = middle + (db - middle) * np.float32(stretch) + np.float32(random.normal(0.0, settings.level_db))
    return np.clip((db - low) * np.float32(100.0 / (high - low)), 0.0, 100.0).astype(np.float32)


def optical_lightness(lightness: Float32, settings: TrainSettings, random: np.random.Generator | None) -> Float32:
    """L of a colour picture with the radar's changes of level and contrast, 1 dB taken as 4 units of L."""
    if random is None:
        return lightness
    middle = np.float32(np.median(lightness))
    stretch = np.float32(np.exp(random.normal(0.0, settings.contrast)))
    shift = np.float32(random.normal(0.0, settings.level_db * 4.0))
    return np.clip(middle + (lightness - middle) * stretch + shift, 0.0, 100.0)


def turn(array: NDArray, quarter: int, flip: bool) -> NDArray:
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
        return across > random.uniform(0.05, 0.45) * min(height, width)
    top, left = random.integers(0, height), random.integers(0, width)
    bottom, right = top + random.integers(8, height // 2), left + random.integers(8, width // 2)
    return (rows >= top) & (rows < bottom) & (cols >= left) & (cols < right)
