"""Overviews of a picture: those of GDAL's AVERAGE, for a fraction of its processor time.

Each level halves the one before: a pixel is the mean, rounded half up, of the valid ones among four, and valid where
one is. That is what GDAL gives, bit for bit, where sides are even; odd ones it rounds down. The levels
stand in files beside the picture, and a virtual raster shows them as its overviews, so that the COG driver copies them.
GDAL takes two thirds of the whole copy for them where there is a mask. Blocks are halved in threads and written in
their order, so that the bits do not depend on how many there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cores import made_ahead, usable_cores
from ..raster import Bool, Window
from .check import Tile, check_tiles, tiles_of
from .messages import gdal_errors
from .options import BLOCK_PX

Codes = NDArray[np.uint8]
MOST_THREADS = 8
"""That halve blocks; each holds some 12 MB."""


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

    tiles: set[Tile] = set()
    with ExitStack() as stack:
        threads = min(MOST_THREADS, usable_cores())
        sources: SimpleQueue[Any] = SimpleQueue()  # a dataset may be read by one thread at a time
        for _ in range(threads):
            source = stack.enter_context(rasterio.open(finer))
            sources.put(source)
        sides = {"height": -(-source.height // 2), "width": -(-source.width // 2)}
        made = stack.enter_context(
            rasterio.open(
                coarser, "w", driver="GTiff", count=source.count, dtype="uint8", tiled=True, blockxsize=BLOCK_PX,
                blockysize=BLOCK_PX, interleave="pixel", bigtiff="YES", sparse_ok=True, **sides,
            )
        )  # fmt: skip
        made.write_mask(np.zeros((1, 1), bool), window=_rio(Window(0, 0, 1, 1)))
        for window, block in made_ahead(partial(_half, sources), _blocks(**sides), threads):
            if block is not None:
                made.write(block[0], window=_rio(window))
                made.write_mask(block[1], window=_rio(window))
                tiles |= tiles_of(window, block[1])
    return tiles


Half = tuple[Codes, Bool] | None


def _half(sources: SimpleQueue[Any], window: Window) -> tuple[Window, Half]:
    """A window of the coarser level, with where it is valid; with None where it is nowhere."""
    source = sources.get()
    try:
        twice = Window(2 * window.row, 2 * window.col, 2 * window.height, 2 * window.width)
        read = _rio(twice.intersect(Window(0, 0, source.height, source.width)))
        valid = source.dataset_mask(window=read) > 0
        return window, halved(source.read(window=read), valid) if valid.any() else None
    finally:
        sources.put(source)


def _rio(window: Window) -> Any:
    from rasterio.windows import Window as RioWindow

    return RioWindow(window.col, window.row, window.width, window.height)


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
    if valid.all():
        total = _sums(values)
        total += np.uint16(2)
        total >>= np.uint16(2)
        return total.astype(np.uint8), np.ones(total.shape[1:], bool)
    count, total = _sums(valid.view(np.uint8)), _sums(values * valid)
    made = ((total + np.uint16(2)) >> np.uint16(2)).astype(np.uint8)
    few = (count > 0) & (count < 4)
    made[:, few] = (total[:, few] + count[few] // 2) // count[few]
    return made, count > 0


def _sums(values: Codes) -> NDArray[np.uint16]:
    """Of each four pixels."""
    rows = np.add(values[..., ::2, :], values[..., 1::2, :], dtype=np.uint16)
    sums: NDArray[np.uint16] = rows[..., ::2] + rows[..., 1::2]
    return sums


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
