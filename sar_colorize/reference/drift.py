"""How colours drift with the season in a window: the networks of `season`, run at a quarter of the scene's resolution.

They see whole cells that are fixed to the scene, so that a pixel has the same bits whatever the window.
"""

from __future__ import annotations

import numpy as np

from ..raster import Bool, Float32
from .half import double, halve
from .season import Season

CELL_PX = 32
"""Side of the cells, in pixels of a quarter of the resolution."""


def drift_of(
    season: Season, lab: Float32, db: Float32, before: Float32 | None, known: Bool, at: tuple[int, int]
) -> tuple[Float32, Float32]:
    """How colours change, (3, h, w) Lab units, and how far the networks disagree, (h, w), of coarse pixels.

    Args:
        lab: (3, h, w) CIE Lab of the reference. db: (C, h, w) decibels. before: of the reference's date, NaN where not
            known; None without. known: (h, w), where reference and radar show ground.
        at: coarse row and column of the first pixel in the scene.
    """
    given = [halve(each, known, *at)[0] for each in (lab, db)]
    if before is not None:
        old = known & np.isfinite(before).all(0)
        seen, share = halve(np.where(old, before, np.float32(0.0)), old, *at)
        given.append(np.where(share > 0.3, seen, np.float32(np.nan)))
    values, count = np.concatenate(given), len(db)
    height, width = values.shape[1:]
    top, left = -(-at[0] // 2) % CELL_PX, -(-at[1] // 2) % CELL_PX
    rows, cols = (-(-(start + side) // CELL_PX) for start, side in ((top, height), (left, width)))
    canvas = np.zeros((len(values), rows * CELL_PX, cols * CELL_PX), np.float32)
    canvas[:, top : top + height, left : left + width] = values
    out = np.zeros((4, *canvas.shape[1:]), np.float32)
    for row in range(0, canvas.shape[1], CELL_PX):
        for col in range(0, canvas.shape[2], CELL_PX):
            cell = canvas[:, row : row + CELL_PX, col : col + CELL_PX].reshape(len(values), -1)
            old_db = None if before is None else cell[3 + count :]
            drift, doubt = season.drift(cell[:3], cell[3 : 3 + count], old_db)
            part = out[:, row : row + CELL_PX, col : col + CELL_PX]
            part[:3], part[3] = drift.reshape(3, CELL_PX, CELL_PX), doubt.reshape(CELL_PX, CELL_PX)
    made = double(out[:, top : top + height, left : left + width], *at, known.shape)
    return made[:3], made[3]
