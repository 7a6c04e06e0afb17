"""Bands of a file on a server on a grid: by the coarsest overview that is fine enough, and only the blocks needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetworkError
from ..raster import Grid, Window
from .client import Client
from .ranges import RangeFile, open_remote

Codes = NDArray[np.uint16]
"""Reflectance x 10000, or classes."""
_FINE_ENOUGH = 1.05
"""Times the resolution that is wanted a pixel of an overview may be."""
_CHUNK_PX = 1024
_DEGREE_M = 111_320.0


def read_on(
    client: Client,
    file: RangeFile,
    what: str,
    bands: tuple[int, ...],
    grid: Grid,
    check: Callable[[Any], None] | None = None,
    *,
    classes_m: float | None = None,
) -> Codes:
    """Bands of a file on a grid, window by window: (bands, H, W), 0 where it has nothing.

    Args:
        what: for messages. bands: from 1. grid: in metres.
        check: refuses a file by raising; it is given the open dataset.
        classes_m: metres of the coarsest overview to be read, of a raster of classes, which are not averaged; None for
            a raster of values.

    Raises:
        NetworkError: it cannot be read, or holds other numbers than it must.
    """
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT
    from rasterio.windows import Window as RioWindow

    assert grid.transform is not None
    values: Codes = np.zeros((len(bands), *grid.window.shape), np.uint16)
    with open_remote(file, what) as whole:
        _check(whole, bands, what, ("uint8", "uint16") if classes_m else ("uint16", "int16"))
        if check is not None:
            check(whole)
        overview = _overview(whole, classes_m or grid.transform.a)
    with ExitStack() as stack:
        source = stack.enter_context(open_remote(file, what, overview))
        nodata = 0 if source.nodata is None else source.nodata
        warped = stack.enter_context(
            WarpedVRT(
                source, crs=grid.crs_wkt, transform=grid.transform, height=grid.height, width=grid.width,
                resampling=Resampling.nearest if classes_m else Resampling.bilinear, src_nodata=nodata, nodata=0,
                dtype="uint16",
            )
        )  # fmt: skip
        for row in range(0, grid.height, _CHUNK_PX):
            for col in range(0, grid.width, _CHUNK_PX):
                client.check()
                part = Window(row, col, _CHUNK_PX, _CHUNK_PX).intersect(grid.window)
                rows, cols = part.within(grid.window)
                read = RioWindow(part.col, part.row, part.width, part.height)
                values[:, rows, cols] = warped.read(list(bands), window=read)
                if file.error is not None:
                    raise file.error
    return values


def _overview(dataset: Any, resolution_m: float) -> int | None:
    """Number of the coarsest overview whose pixels are not coarser than wanted, from 0; None for the raster itself."""
    pixel_m = abs(dataset.transform.e) * (_DEGREE_M if dataset.crs.is_geographic else 1.0)
    usable = [n for n, factor in enumerate(dataset.overviews(1)) if pixel_m * factor <= resolution_m * _FINE_ENOUGH]
    return max(usable, default=None)


def _check(dataset: Any, bands: tuple[int, ...], what: str, dtypes: tuple[str, ...]) -> None:
    """Refuses too few bands and other numbers.

    Raises:
        NetworkError: one of the two.
    """
    bits = "8 or 16 bits" if "uint8" in dtypes else "16 bits"
    if dataset.count < max(bands) or dataset.dtypes[0] not in dtypes:
        raise NetworkError(
            f"{what} must have {max(bands)} bands of {bits}, got {dataset.count} of {dataset.dtypes[0]}; give a file"
        )
