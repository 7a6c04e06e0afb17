"""Whether the blocks that were written are in the file: libtiff buffers, and only prints what a full disk refuses."""

from __future__ import annotations

import logging
import struct
from collections.abc import Collection
from pathlib import Path

from ..raster import Bool, Window
from .messages import cannot_write
from .options import BLOCK_PX

Tile = tuple[int, int]
"""Row and column of a tile of the file."""


def tiles_of(window: Window, valid: Bool) -> set[Tile]:
    """The tiles of the file in which a window has a valid pixel."""
    found = set()
    for row in range(window.row // BLOCK_PX, -(-(window.row + window.height) // BLOCK_PX)):
        for col in range(window.col // BLOCK_PX, -(-(window.col + window.width) // BLOCK_PX)):
            part = Window(row * BLOCK_PX, col * BLOCK_PX, BLOCK_PX, BLOCK_PX).intersect(window)
            if valid[part.within(window)].any():
                found.add((row, col))
    return found


def check_tiles(path: Path, output: Path, tiles: Collection[Tile]) -> None:
    """Refuses a tiled GeoTIFF in which a tile is missing, or lies beyond the end of the file.

    Args:
        path: the file; its mask may stand beside it, with .msk added to the name. Values that are all zero may be left
            out of a sparse file that has a mask; a mask with a valid pixel, and values without a mask, may not.
        output: what the error names. tiles: those in which a pixel is valid.

    Raises:
        OutputError: a tile is not in the file.
    """
    mask = path.with_name(f"{path.name}.msk")
    if mask.exists():
        _check(mask, output, tiles, may_be_left_out=False)
    _check(path, output, tiles, may_be_left_out=mask.exists())


def _check(path: Path, output: Path, tiles: Collection[Tile], *, may_be_left_out: bool) -> None:
    """Refuses a file of one image that has not the tiles that it should have."""
    import tifffile

    log = logging.getLogger("tifffile")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)  # it would say in its own words what is said below
    try:
        size = path.stat().st_size
        with tifffile.TiffFile(path) as tif:
            page = tif.pages.first
            offsets, counts, across = page.dataoffsets, page.databytecounts, -(-page.imagewidth // BLOCK_PX)
            is_ours = page.tilewidth == page.tilelength == BLOCK_PX
    except (tifffile.TiffFileError, OSError, ValueError, IndexError, struct.error) as error:
        raise cannot_write(output, f"a file whose directory was lost ({error})") from error
    finally:
        log.setLevel(level)
    for row, col in tiles:
        number = row * across + col
        is_there = is_ours and number < len(offsets) and (counts[number] or may_be_left_out)
        if not is_there or offsets[number] + counts[number] > size:
            raise cannot_write(output, f"a file without the block at row {row * BLOCK_PX}, column {col * BLOCK_PX}")
