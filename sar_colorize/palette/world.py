"""A guess of a place's colours from where it lies: NASA's Blue Marble, one colour for each degree of the Earth.

The table is the mean colour of land (of the sea, where there is no land) in cells of one degree, reduced from the Blue
Marble Next Generation, which is in the public domain (NASA Earth Observatory), by tools/blue_marble.py.

    a = 0.8 a of the map + 1.9; L and b are those of the average palette

Only green against red is taken from the map. On seven places whose Sentinel-2 pictures are known (three in the United
States, one each in Ireland, Austria, Brazil and Chile), each left out in turn, it brought the mean error of the mean a
from 6.5 to 5 Lab units; a line for L and b brought nothing, for the map is rendered otherwise, and some pictures have
more haze than others. So it is a guess, and it is passed on as one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..color import srgb_to_lab
from .palette import GUESSED, UNKNOWN_PALETTE, Palette

TABLE = Path(__file__).parent / "blue_marble_1deg.npz"
_SLOPE, _OFFSET = 0.8, 1.9
_SPREAD = (15.0, 6.0, 5.0)


def guess_palette(longitude: float, latitude: float) -> Palette:
    """The palette guessed for a place, degrees east and north."""
    row = int(np.clip(np.floor(90.0 - latitude), 0, 179))
    col = int(np.floor(longitude + 180.0)) % 360
    lab = srgb_to_lab(_table()[:, row : row + 1, col : col + 1].astype(np.float32) / np.float32(255.0))[:, 0, 0]
    light, _, b = UNKNOWN_PALETTE.mean
    return Palette(
        (light, round(_SLOPE * float(lab[1]) + _OFFSET, 2), b), _SPREAD, (0.0, 0.0, 0.0), trust=GUESSED, source="auto",
        note=f"Palette guessed from the map at {_place(longitude, latitude)}; a picture of the place as palette gives "
        "better colours.",
    )  # fmt: skip


def _place(longitude: float, latitude: float) -> str:
    """A place in words, such as 25.3 S 48.1 W."""
    return f"{abs(latitude):.1f} {'S' if latitude < 0 else 'N'} {abs(longitude):.1f} {'W' if longitude < 0 else 'E'}"


@cache
def _table() -> NDArray[np.uint8]:
    """(3, 180, 360) sRGB; row 0 is 90..89 north, column 0 is 180..179 west."""
    with np.load(TABLE) as file:
        table: NDArray[np.uint8] = file["rgb"]
    return table
