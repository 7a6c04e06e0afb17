"""A guess of a place's colours from where it lies: NASA's Blue Marble, one colour for each degree of the Earth.

The table is the mean colour of land (of the sea, where there is no land) in cells of one degree, reduced from the Blue
Marble Next Generation, which is in the public domain (NASA Earth Observatory), by benchmarks/blue_marble.py. Its
rendering is darker than that of Sentinel-2 pictures, and it is a guess: the line from its colours to ours was fitted to
the few places below.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..color import srgb_to_lab
from ..palette import GUESSED, Palette

TABLE = Path(__file__).parent / "blue_marble_1deg.npz"
SLOPE = (0.35, 0.7, 0.0)
OFFSET = (38.0, 0.0, 12.0)
"""L, a and b of ours = SLOPE x that of the Blue Marble + OFFSET."""
_SPREAD = (15.0, 6.0, 5.0)


def guess_palette(longitude: float, latitude: float) -> Palette:
    """The palette guessed for a place, degrees east and north."""
    row = int(np.clip(np.floor(90.0 - latitude), 0, 179))
    col = int(np.floor(longitude + 180.0)) % 360
    lab = srgb_to_lab(_table()[:, row : row + 1, col : col + 1].astype(np.float32) / np.float32(255.0))[:, 0, 0]
    light, a, b = (round(float(lab[i]) * SLOPE[i] + OFFSET[i], 2) for i in range(3))
    return Palette(
        (light, a, b), _SPREAD, (0.0, 0.0, 0.0), trust=GUESSED, source="auto",
        note=f"Palette guessed from the map at {latitude:.1f} N {longitude:.1f} E; a picture of the place with "
        "--palette gives better colours.",
    )  # fmt: skip


@cache
def _table() -> NDArray[np.uint8]:
    """(3, 180, 360) sRGB; row 0 is 90..89 north, column 0 is 180..179 west."""
    with np.load(TABLE) as file:
        table: NDArray[np.uint8] = file["rgb"]
    return table
