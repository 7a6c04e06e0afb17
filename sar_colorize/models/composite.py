"""The honest baseline without weights: polarisations as red, green and blue, or a grey ramp where there is one.

red = VV, green = VH, blue = VV / VH, each over a fixed range of decibels; a false-colour composite in common use. Its
colours are a code for scattering, not a prediction of what the eye would see.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..color import L_MAX
from ..raster import Float32

RATIO_DB = (2.0, 14.0)
"""VV / VH in decibels shown as no blue and full blue."""


def paint_composite(lightness: Float32, db: Float32) -> NDArray[np.uint8]:
    """A picture from one or two polarisations.

    Args:
        lightness: (C, H, W) L in 0..100 of each polarisation, C 1 or 2, co-polarised first.
        db: (C, H, W) the same in decibels, for the ratio.

    Returns:
        (3, H, W) uint8, grey where C is 1.
    """
    levels = lightness[:2] * np.float32(255.0 / L_MAX)
    if len(levels) == 1:
        channels = [levels[0]] * 3
    else:
        low, high = RATIO_DB
        ratio = np.clip((db[0] - db[1] - np.float32(low)) * np.float32(255.0 / (high - low)), 0.0, 255.0)
        channels = [levels[0], levels[1], ratio]
    return (np.stack(channels) + np.float32(0.5)).astype(np.uint8)
