"""Where a colour picture shows the ground: seen, not black, no white cloud."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool

DARKEST_GROUND = 5
"""sRGB code that the brightest channel of a ground pixel has at least: 0..4 is nodata or black fill."""
CLOUD = 228
"""sRGB code that the darkest channel of a cloud pixel has at least."""
CLOUD_SPREAD = 22
"""Codes between the brightest and the darkest channel of a cloud pixel, at most: clouds are white."""


def ground(codes: NDArray[Any], seen: Bool | None = None, margin_px: int = 0) -> Bool:
    """True where a colour picture shows the ground.

    ground = seen and max >= 5 and not (min >= 228 and max - min <= 22), max and min over red, green and blue.

    Args:
        codes: (3, H, W) sRGB codes 0..255, uint8 or float; not finite is not ground.
        seen: (H, W) true where the picture holds a value; None is everywhere.
        margin_px: what is not ground grows by so many pixels to each side, as a square; 4 makes a square of 9.

    Returns:
        (H, W).
    """
    brightest, darkest = codes.max(0), codes.min(0)
    cloud = (darkest >= CLOUD) & (brightest - darkest <= CLOUD_SPREAD)
    shown: Bool = (brightest >= DARKEST_GROUND) & ~cloud & np.isfinite(brightest)
    if seen is not None:
        shown = shown & seen
    if margin_px == 0 or shown.all():
        return shown
    return ~_grown(~shown, margin_px)


def _grown(part: Bool, margin_px: int) -> Bool:
    """A part of a picture and all that lies within `margin_px` of it, as a square; outside the picture is nothing."""
    from scipy.ndimage import maximum_filter1d

    grown = part.view(np.uint8)
    for axis in (0, 1):
        grown = maximum_filter1d(grown, 2 * margin_px + 1, axis=axis, mode="constant", cval=0)
    return grown.view(np.bool_)
