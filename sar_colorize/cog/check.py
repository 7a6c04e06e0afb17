"""Whether the blocks that were written are in the file: libtiff buffers, and only prints what a full disk refuses."""

from __future__ import annotations

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


def check_tiles(path: Path, output: Path, tiles: Collection[Tile], width: int) -> None:
    """Refuses a tiled GeoTIFF in which a tile is missing, or lies beyond the end of the file.

    Args:
        path: the file; its first image holds the values, a second one the mask, where it has one. Values that are all
            zero may be left out of a sparse file; a mask with a valid pixel, and values without a mask, may not.
        output: what the error names. tiles: those that must be there. width: of the picture, in pixels.

    Raises:
        OutputError: a tile is not in the file.
    """
    import tifffile

    size, across = path.stat().st_size, -(-width // BLOCK_PX)
    try:
        with tifffile.TiffFile(path) as tif:
            pages = [(page.dataoffsets, page.databytecounts) for page in tif.pages]
    except (tifffile.TiffFileError, OSError, ValueError, IndexError) as error:
        raise cannot_write(output, f"a file whose directory was lost ({error})") from error
    for page, (offsets, counts) in enumerate(pages):
        for row, col in tiles:
            number = row * across + col
            is_there = number < len(offsets) and (counts[number] or page < len(pages) - 1)
            if not is_there or offsets[number] + counts[number] > size:
                raise cannot_write(output, f"a file without the block at row {row * BLOCK_PX}, column {col * BLOCK_PX}")
