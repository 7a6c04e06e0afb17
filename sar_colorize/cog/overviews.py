"""Overviews of a picture: those of GDAL's AVERAGE, for a fraction of its processor time.

Each level halves the one before: a pixel is the mean, rounded half up, of the valid ones among four, and valid where
one is. That is what GDAL gives, bit for bit, where sides are even; odd ones it rounds down. The levels
stand in files beside the picture, and a virtual raster shows them as its overviews, so that the COG driver copies them.
GDAL takes two thirds of the whole copy for them where there is a mask.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Window
from .check import Tile, check_tiles, tiles_of
from .messages import gdal_errors
from .options import BLOCK_PX

Codes = NDArray[np.uint8]


def with_overviews(picture: Path, output: Path) -> Path:
    """A virtual raster of a picture and of its overviews, all of them beside it; the picture itself where it is small.

    Args:
        picture: a tiled GeoTIFF of uint8 with a mask. output: what errors name.

    Raises:
        OutputError: the disk is full.
    """
    import rasterio
    import rasterio.shutil
    from rasterio.errors import NotGeoreferencedWarning

    levels = [picture]
    with (
        warnings.catch_warnings(),
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False, GDAL_PAM_ENABLED=False),
        gdal_errors(output),
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        while _is_large(levels[-1]):
            finer, coarser = levels[-1], picture.with_name(f"{picture.name}.{len(levels)}.tif")
            check_tiles(coarser, output, _write_level(finer, coarser))
            levels.append(coarser)
        if len(levels) == 1:
            return picture
        virtual = picture.with_name(f"{picture.name}.vrt")
        rasterio.shutil.copy(picture, virtual, driver="VRT")
    virtual.write_text(_shown_in(virtual.read_text(), [level.name for level in levels[1:]]))
    return virtual


def _is_large(path: Path) -> bool:
    """Whether it has more pixels along a side than a block: the driver's own rule."""
    import rasterio

    with rasterio.open(path) as dataset:
        return bool(max(dataset.height, dataset.width) > BLOCK_PX)


def _write_level(finer: Path, coarser: Path) -> set[Tile]:
    """Writes a level from the one before; the tiles in which a pixel is valid."""
    import rasterio
    from rasterio.windows import Window as RioWindow

    def rio(window: Window) -> Any:
        return RioWindow(window.col, window.row, window.width, window.height)

    tiles: set[Tile] = set()
    with rasterio.open(finer) as source:
        sides = {"height": -(-source.height // 2), "width": -(-source.width // 2)}
        with rasterio.open(
            coarser, "w", driver="GTiff", count=source.count, dtype="uint8", tiled=True, blockxsize=BLOCK_PX,
            blockysize=BLOCK_PX, interleave="pixel", bigtiff="YES", sparse_ok=True, **sides,
        ) as made:  # fmt: skip
            made.write_mask(np.zeros((1, 1), bool), window=RioWindow(0, 0, 1, 1))
            for window in _blocks(**sides):
                twice = Window(2 * window.row, 2 * window.col, 2 * window.height, 2 * window.width)
                read = rio(twice.intersect(Window(0, 0, source.height, source.width)))
                valid = source.dataset_mask(window=read) > 0
                if not valid.any():
                    continue
                values, valid = halved(source.read(window=read), valid)
                made.write(values, window=rio(window))
                made.write_mask(valid, window=rio(window))
                tiles |= tiles_of(window, valid)
    return tiles


def _blocks(height: int, width: int) -> Iterator[Window]:
    """The blocks of a file."""
    for row in range(0, height, BLOCK_PX):
        for col in range(0, width, BLOCK_PX):
            yield Window(row, col, min(BLOCK_PX, height - row), min(BLOCK_PX, width - col))


def halved(values: Codes, valid: Bool) -> tuple[Codes, Bool]:
    """Means (C, h, w) of the valid ones of each four pixels of (C, H, W), and where there is one; a side rounds up."""
    odd = tuple(side % 2 for side in valid.shape)
    if any(odd):
        margins = ((0, odd[0]), (0, odd[1]))
        values, valid = np.pad(values, ((0, 0), *margins)), np.pad(valid, margins)
    four = [(..., slice(row, None, 2), slice(col, None, 2)) for row in (0, 1) for col in (0, 1)]
    if valid.all():
        total = np.full((len(values), *valid[four[0]].shape), 2, np.uint16)
        for part in four:
            total += values[part]
        total >>= 2
        return total.astype(np.uint8), np.ones(total.shape[1:], bool)
    values = values * valid
    count = np.stack([valid[part] for part in four]).sum(0, np.uint16)
    total = np.zeros((len(values), *count.shape), np.uint16)
    for part in four:
        total += values[part]
    some = np.maximum(count, 1)
    return ((total + some // 2) // some).astype(np.uint8), valid[four[0]] | (count > 0)


def _shown_in(virtual: str, names: list[str]) -> str:
    """A virtual raster with these files as the overviews of its bands and of its mask, which stands behind them."""
    *bands, rest = virtual.split("</VRTRasterBand>")
    made = []
    for number, band in enumerate(bands, 1):
        source = "mask,1" if number == len(bands) else str(number)
        shown = (
            f'<Overview><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>{source}</SourceBand>'
            "</Overview>"
            for name in names
        )
        made.append(f"{band}{''.join(shown)}</VRTRasterBand>")
    return "".join([*made, rest])
