"""The digital numbers of one channel, by bands of whole rows that are decoded once and kept for a while.

ESA stores a measurement row by row, often inside a zip. A block on a map grid needs a slanted piece of many rows, so
every row would be decoded again for each of its neighbours.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...raster import Window
from ..gdal import TIFF, open_quietly, readable_by_gdal

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

BAND_ROWS = 128
CACHE_BYTES = 160 << 20
"""Decoded rows that are kept, for each channel: a block of 1024 px with its halo, slanted, needs about 1600 rows."""


class Measurement:
    """Rows of digital numbers. Safe to share between threads, and to send to other processes.

    location: the name under which GDAL opens it.
    """

    def __init__(self, location: str, source: str) -> None:
        self.location, self.source = location, source
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._dataset: DatasetReader | None = None
        self._bands: OrderedDict[int, NDArray[np.uint16]] = OrderedDict()
        self._kept_bytes = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"location": self.location, "source": self.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going down
            if self._dataset is not None:
                self._dataset.close()

    def read(self, window: Window) -> NDArray[np.uint16]:
        """(height, width) digital numbers of a window that lies inside.

        Raises:
            UnreadableError: truncated or damaged.
        """
        cols = slice(window.col, window.col + window.width)
        parts = []
        row, stop = window.row, window.row + window.height
        while row < stop:
            number = row // BAND_ROWS
            last = min(stop, (number + 1) * BAND_ROWS)
            parts.append(self._band(number)[row - number * BAND_ROWS : last - number * BAND_ROWS, cols])
            row = last
        return np.concatenate(parts)

    def _band(self, number: int) -> NDArray[np.uint16]:
        import rasterio

        with self._lock, readable_by_gdal(self.source):
            if number in self._bands:
                self._bands.move_to_end(number)
                return self._bands[number]
            if self._dataset is None:
                self._dataset = open_quietly(self.location, TIFF, alone=True)
            dataset = self._dataset
            height = min(BAND_ROWS, dataset.height - number * BAND_ROWS)
            part: Any = rasterio.windows.Window(0, number * BAND_ROWS, dataset.width, height)
            band: NDArray[np.uint16] = dataset.read(1, window=part)
            self._bands[number] = band
            self._kept_bytes += band.nbytes
            while self._kept_bytes > CACHE_BYTES and len(self._bands) > 1:
                self._kept_bytes -= self._bands.popitem(last=False)[1].nbytes
            return band
