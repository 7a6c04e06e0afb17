"""The lightness of a pair: that of the radar, by the functions that whole scenes go through, or of the colour patch.

display code -> power -> speckle filter -> decibels -> L
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..backscatter import db_range_of
from ..color import srgb_to_lab
from ..lightness import to_lightness
from ..raster import Float32, Raster, Unit
from ..speckle import get_filter
from ..speckle.values import to_db


def radar_raster(code: NDArray[np.uint8], polarization: str) -> Raster:
    """A radar patch as the raster of one band that a scene of 8-bit values gives.

    Args:
        code: (H, W), 0..255 over the decibels of its polarisation; every pixel counts as measured.
    """
    return Raster(code[None].astype(np.float32), np.ones(code.shape, bool), (polarization,), Unit.DISPLAY)


def radar_db(raster: Raster, filter: str) -> Float32:
    """Decibels (C, H, W) of a raster after a speckle filter, by its name."""
    chosen = get_filter(filter)
    return np.stack(
        [
            to_db(values, raster.valid, raster.unit, chosen, db_range_of(band))
            for values, band in zip(raster.values, raster.bands, strict=True)
        ]
    )


def radar_lightness(code: NDArray[np.uint8], polarization: str, filter: str = "lee") -> Float32:
    """L (H, W), 0..100, that a network gets of a radar patch, as it gets it of a scene with these pixels."""
    raster = radar_raster(code, polarization)
    lightness: Float32 = to_lightness(radar_db(raster, filter), raster.valid, raster.bands)[0]
    return lightness


def colour_lightness(rgb: NDArray[np.uint8]) -> Float32:
    """L (H, W), 0..100, of a colour patch (3, H, W)."""
    lightness: Float32 = srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0))[0]
    return lightness
