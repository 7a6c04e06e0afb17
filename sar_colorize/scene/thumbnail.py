"""A small picture of a scene for a notebook: quick whatever the scene's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..backscatter import DB_RANGES, to_db
from ..notebook import PICTURE_PX
from ..raster import Bool, Raster, Window

WHOLE_PX = 4 << 20
"""Pixels up to which the whole scene is shown; of a larger one a part."""
PART_PX = 768
"""Side of that part."""
_STRETCH = (2.0, 98.0)
_ENOUGH = 0.5


def thumbnail(read: Callable[[Window], Raster], extent: Window) -> tuple[NDArray[np.uint8], Bool, str]:
    """Grey codes (1, h, w) of a scene's first band, validity (h, w), and what of the scene they show, in words.

    Decibels from black to white between the 2nd and the 98th percentile. Of a scene of more than WHOLE_PX a part in the
    middle, or the first part of nine with enough valid pixels.

    Args:
        read: gives the bands of a window. extent: the whole scene.

    Raises:
        UnreadableError: the source is damaged.
    """
    for window in _windows(extent):
        raster = read(window)
        if raster.valid.mean() >= _ENOUGH:
            break
    else:
        window = next(_windows(extent))
        raster = read(window)
    band = raster.bands[0]
    step = max(1, -(-max(window.shape) // PICTURE_PX))
    nominal = DB_RANGES.get(band, DB_RANGES["VV"])
    db = to_db(np.where(raster.valid, raster.values[0], np.float32(1.0)), raster.unit, nominal)
    small, valid = _mean(db, raster.valid, step)
    low, high = np.percentile(small[valid], _STRETCH) if valid.any() else nominal
    codes = np.rint(np.clip((small - low) / max(float(high - low), 0.1), 0.0, 1.0) * 255.0).astype(np.uint8)
    is_whole = window == extent
    caption = band if is_whole else f"{band}, {window.width} x {window.height} px of the scene"
    return codes[None], valid, caption


def _windows(extent: Window) -> Iterator[Window]:
    """What may be shown, the best first."""
    height, width = extent.shape
    if height * width <= WHOLE_PX:
        yield extent
        return
    side_y, side_x = min(PART_PX, height), min(PART_PX, width)
    places = sorted((abs(i - 1) + abs(j - 1), i, j) for i in range(3) for j in range(3))
    for _, i, j in places:
        yield Window((height - side_y) * (2 * i + 1) // 6, (width - side_x) * (2 * j + 1) // 6, side_y, side_x)


def _mean(db: NDArray[np.float32], valid: Bool, step: int) -> tuple[NDArray[np.float32], Bool]:
    """Means (h, w) of the valid decibels of every step x step, the last of them cut, and where there is one."""
    height, width = (-(-side // step) for side in valid.shape)
    pad = [(0, side * step - had) for side, had in zip((height, width), valid.shape, strict=True)]
    shape = (height, step, width, step)
    here = np.pad(valid, pad).reshape(shape)
    total = np.where(here, np.pad(db, pad).reshape(shape), np.float32(0.0)).sum((1, 3), dtype=np.float32)
    count = here.sum((1, 3), dtype=np.float32)
    return total / np.maximum(count, np.float32(1.0)), count > 0
