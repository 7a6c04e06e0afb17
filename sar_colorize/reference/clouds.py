"""Where a colour picture shows the ground: seen, not black, no white cloud.

`ground` judges each pixel by itself. `clear_ground` leaves white roofs and dark ponds in, and takes clouds away with
their soft edges and the small ones near them; it looks CLEAR_HALO_PX around a pixel, so that any window gives the same
bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool
from .half import grown

DARKEST_GROUND = 5
"""sRGB code that the brightest channel of a ground pixel has at least: 0..4 is nodata or black fill."""
CLOUD = 228
"""sRGB code that the darkest channel of a cloud pixel has at least."""
CLOUD_SPREAD = 22
"""Codes between the brightest and the darkest channel of a cloud pixel, at most: clouds are white."""


ALONE_PX = 2
"""White or black parts that hold no square of 2 * 2 + 1 pixels are roofs and ponds, not clouds and fill."""
LARGE_PX, NEAR_PX = 5, 16
"""Parts that hold a square of 2 * 5 + 1 pixels are clouds or fill beyond doubt; smaller ones only within 16 pixels of
such. Of a city with white halls 0.4 % is taken for cloud, 1.4 % without this; of a cloudy picture 23 and 25 %."""
EDGE_PX = 3
"""What clouds and nodata may have mixed with their surroundings, around them."""
CLEAR_HALO_PX = 2 * LARGE_PX + NEAR_PX + EDGE_PX
"""Pixels around a window that `clear_ground` needs."""


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


def clear_ground(codes: NDArray[Any], seen: Bool, beyond: Bool | None = None) -> Bool:
    """True where a colour picture shows the ground, no cloud and no fill near it.

    large  = in a square of 11 pixels of which `ground` calls none ground
    hidden = not seen, or in such a square of 5 pixels, with large ones within 16 to each side
    clear  = seen, and no hidden pixel within 3 to each side

    Args:
        codes: (3, H, W) sRGB codes 0..255. seen: (H, W) true where the picture holds a value.
        beyond: (H, W) true where nobody looks, such as beyond the edge of a scene: what is not seen there hides nothing
            beside it. None is nowhere.

    Returns:
        (H, W); within CLEAR_HALO_PX of the edge it may take a part of a cloud for the ground.
    """
    hidden = ~ground(codes, seen)
    lost = ~seen
    if beyond is not None:
        hidden, lost = hidden & (seen | ~beyond), lost & ~beyond
    if not hidden.any():
        return seen.copy()
    large = _squares(hidden, LARGE_PX)
    if large.any():
        hidden = hidden & _squares(hidden, ALONE_PX) & _grown(large, NEAR_PX)
        lost = lost | hidden
    return ~_grown(lost, EDGE_PX) & seen


def _squares(part: Bool, half_px: int) -> Bool:
    """All squares of 2 * half_px + 1 pixels that a part of a picture holds whole, and what is beyond its edge."""
    return _grown(~_grown(~part, half_px), half_px)


def _grown(part: Bool, margin_px: int) -> Bool:
    """A part of a picture and all that lies within `margin_px` of it, as a square; outside the picture is nothing."""
    return grown(part, margin_px)
