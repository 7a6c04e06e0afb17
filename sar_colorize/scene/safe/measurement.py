"""The digital numbers of one channel, by pieces that are decoded once and kept for a while.

ESA stores a measurement row by row, often inside a zip. A block on a map grid needs a slanted piece of many rows, so
every row would be decoded again for each of its neighbours: a piece is a band of whole rows. A measurement that is
stored in tiles (a Cloud Optimized GeoTIFF) is read by tiles, so that a small part of it needs no whole rows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...raster import Window
from ..gdal import TIFF, open_quietly, readable_by_gdal

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

BAND_ROWS = 128
TILE_PX = 256
"""Pieces of tiles have at least this side."""
CACHE_BYTES = 160 << 20
"""Decoded rows that are kept, for each channel: a block of 1024 px with its halo, slanted, needs about 1600 rows."""
BeforeRead = Callable[[Window], None]
"""Called before pixels of a window are read for the first time: brings them here from where the file is."""


class Measurement:
    """Digital numbers. Safe to share between threads, and to send to other processes.

    location: the name under which GDAL opens it. size: its height and width. piece: height and width of a piece.
    before_read: see `BeforeRead`; None where the file is whole.
    """

    def __init__(
        self,
        location: str,
        source: str,
        size: tuple[int, int],
        piece: tuple[int, int],
        before_read: BeforeRead | None = None,
    ) -> None:
        self.location, self.source, self.size, self.piece = location, source, size, piece
        self.before_read = before_read
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._dataset: DatasetReader | None = None
        self._pieces: OrderedDict[tuple[int, int], NDArray[np.uint16]] = OrderedDict()
        self._kept_bytes = 0

    def __getstate__(self) -> dict[str, Any]:
        kept = ("location", "source", "size", "piece", "before_read")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going down
            if self._dataset is not None:
                self._dataset.close()

    @property
    def is_tiled(self) -> bool:
        """Whether a piece is less wide than the measurement."""
        return self.piece[1] < self.size[1]

    def read(self, window: Window) -> NDArray[np.uint16]:
        """(height, width) digital numbers of a window that lies inside.

        Raises:
            UnreadableError: truncated or damaged. Also what `before_read` raises.
        """
        height, width = self.piece
        values = np.empty(window.shape, np.uint16)
        rows = range(window.row // height, -(-(window.row + window.height) // height))
        cols = range(window.col // width, -(-(window.col + window.width) // width))
        if self.before_read is not None:
            pieces = Window(rows.start * height, cols.start * width, len(rows) * height, len(cols) * width)
            self.before_read(pieces.intersect(Window(0, 0, *self.size)))
        for row in rows:
            for col in cols:
                whole = Window(row * height, col * width, height, width)
                part = whole.intersect(window)
                values[part.within(window)] = self._piece(row, col)[part.within(whole)]
        return values

    def _piece(self, row: int, col: int) -> NDArray[np.uint16]:
        import rasterio

        height, width = self.piece
        with self._lock, readable_by_gdal(self.source):
            if (row, col) in self._pieces:
                self._pieces.move_to_end((row, col))
                return self._pieces[row, col]
            whole = Window(row * height, col * width, height, width).intersect(Window(0, 0, *self.size))
            if self._dataset is None or self.before_read is not None:  # GDAL keeps what was in a file beside a read
                self._dataset = open_quietly(self.location, TIFF, alone=True)
            part: Any = rasterio.windows.Window(whole.col, whole.row, whole.width, whole.height)
            piece: NDArray[np.uint16] = self._dataset.read(1, window=part)
            self._pieces[row, col] = piece
            self._kept_bytes += piece.nbytes
            while self._kept_bytes > CACHE_BYTES and len(self._pieces) > 1:
                self._kept_bytes -= self._pieces.popitem(last=False)[1].nbytes
            return piece


def piece_of(block: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the pieces of a measurement.

    Args:
        block: rows and columns in which it is stored. size: its own.
    """
    if block[1] >= size[1]:
        return BAND_ROWS, size[1]
    rows, cols = (side * max(1, -(-TILE_PX // side)) for side in block)
    return rows, cols
