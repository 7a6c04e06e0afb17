"""The pixels of a picture through `CogWriter`, in blocks of 1024 px: SOURCE TARGET."""

from __future__ import annotations

import sys

import rasterio
from rasterio.windows import Window as RioWindow

from sar_colorize.cog import CogWriter
from sar_colorize.raster import Grid, Raster, Unit
from sar_colorize.tiles import blocks

with rasterio.open(sys.argv[1]) as source:
    grid = Grid(source.height, source.width, source.transform, source.crs.to_wkt())
    bands = ("red", "green", "blue")
    with CogWriter(sys.argv[2], grid, bands=bands, dtype="uint8", overwrite=True) as writer:
        for part in blocks(grid.window, 1024):
            window = RioWindow(part.col, part.row, part.width, part.height)
            valid = source.dataset_mask(window=window) > 0
            writer.write(part, Raster(source.read(window=window), valid, bands, Unit.DISPLAY))
