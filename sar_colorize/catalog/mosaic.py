"""Tiles on servers drawn on one grid: of each the coarsest overview that is fine enough, and only the blocks needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetworkError
from ..raster import Grid, Window
from .client import AbsentError, Client
from .ranges import RangeFile, open_remote

Codes = NDArray[np.uint16]
THREADS = 6
FAILED = 10000
"""What the 120 m mosaic holds in every band where clouds never went away."""
_FINE_ENOUGH = 1.05
"""Times the resolution that is wanted a pixel of an overview may be."""
_CHUNK_PX = 1024
_TICK_S = 0.2
_FORBIDDEN = 403
"""Some servers say so of a file that is not there."""
_ABSENT = (_FORBIDDEN, 404, 410)
_DEGREE_M = 111_320.0


@dataclass(frozen=True)
class Tile:
    """A part of a mosaic, in one file or in one for each band."""

    name: str
    urls: tuple[str, ...]
    """One of red, green, blue and more, or three of one band each."""
    window: Window
    """Of the grid that it is drawn on, outside which it is not needed."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees where it must lie; None where that is not known."""


@dataclass(frozen=True)
class Drawn:
    """Tiles on one grid."""

    values: Codes
    """(3, H, W) red, green and blue, reflectance x 10000; 0 in all where nothing is known."""
    tiles: tuple[str, ...]
    """Names of those that are in it."""
    absent: tuple[str, ...]
    """Names of those that the server does not have."""
    refusal: NetworkError | None = None
    """What it said of one of them, where it was not that there is none."""


def draw(client: Client, tiles: Sequence[Tile], grid: Grid, on_tick: Callable[[int, int], None]) -> Drawn:
    """Red, green and blue of a grid; where tiles overlap, of the first.

    Args:
        client: also its `what` is that of messages. on_tick: called a few times a second with (done, total) tiles; may
            raise, which ends every request.

    Raises:
        NetworkError: one sentence. Also what `on_tick` raises.
    """
    values = np.zeros((3, *grid.window.shape), np.uint16)
    drawn, absent = [], []
    refusal: NetworkError | None = None
    waiting = _begun(client, tiles, grid)
    pending = set(waiting)
    try:
        while pending:
            done, pending = wait(pending, _TICK_S, FIRST_EXCEPTION)
            for future in done:
                future.result()
            on_tick(len(waiting) - len(pending), len(waiting))
        for tile, future in zip(tiles, waiting, strict=True):
            part = future.result()
            if isinstance(part, AbsentError):
                absent.append(tile.name)
                refusal = refusal or (part if part.status == _FORBIDDEN else None)
                continue
            rows, cols = tile.window.within(grid.window)
            here = values[:, rows, cols]
            new = part.any(0) & ~here.any(0)
            here[:, new] = part[:, new]
            if new.any():
                drawn.append(tile.name)
    except BaseException:
        client.stop()
        wait(pending, _TICK_S)
        raise
    return Drawn(values, tuple(drawn), tuple(absent), refusal)


def _begun(client: Client, tiles: Sequence[Tile], grid: Grid) -> list[Future[Codes | AbsentError]]:
    """What each tile will be, drawn by a few threads.

    They are daemons, unlike those of a ThreadPoolExecutor: a process that is cancelled must not wait for a server.
    """
    futures: list[Future[Codes | AbsentError]] = [Future() for _ in tiles]
    left = deque(zip(tiles, futures, strict=True))

    def work() -> None:
        while True:
            try:
                tile, future = left.popleft()
            except IndexError:
                return
            try:
                future.set_result(_drawn(client, tile, grid))
            except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
                future.set_exception(error)

    for number in range(min(THREADS, len(tiles))):
        Thread(target=work, name=f"tile-{number}", daemon=True).start()
    return futures


def _drawn(client: Client, tile: Tile, grid: Grid) -> Codes | AbsentError:
    """(3, height, width) of a tile's window; what the server said where it does not have it.

    Raises:
        NetworkError: it cannot be read.
    """
    try:
        files = [RangeFile(client, url) for url in tile.urls]
    except AbsentError as error:
        if error.status in _ABSENT:
            return error
        raise
    found: Codes = np.zeros((3, *tile.window.shape), np.uint16)
    bands = (1, 2, 3) if len(files) == 1 else (1,)
    for number, file in enumerate(files):
        part = _warped(client, file, tile, bands, grid.crop(tile.window))
        found[number : number + len(bands)] = part
    found[:, (found == FAILED).all(0)] = 0
    return found


def _warped(client: Client, file: RangeFile, tile: Tile, bands: tuple[int, ...], grid: Grid) -> Codes:
    """Bands of a file on a grid, window by window; 0 where it has nothing."""
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT
    from rasterio.windows import Window as RioWindow

    assert grid.transform is not None
    what = f"{client.what}, tile {tile.name},"
    values: Codes = np.zeros((len(bands), *grid.window.shape), np.uint16)
    with open_remote(file, what) as whole:
        _check(whole, tile, bands, what)
        overview = _overview(whole, grid.transform.a)
    with ExitStack() as stack:
        source = stack.enter_context(open_remote(file, what, overview))
        nodata = 0 if source.nodata is None else source.nodata
        warped = stack.enter_context(
            WarpedVRT(
                source, crs=grid.crs_wkt, transform=grid.transform, height=grid.height, width=grid.width,
                resampling=Resampling.bilinear, src_nodata=nodata, nodata=0, dtype="uint16",
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


def _check(dataset: Any, tile: Tile, bands: tuple[int, ...], what: str) -> None:
    """Refuses a tile that is not what its name says.

    Raises:
        NetworkError: too few bands, other numbers, or it lies elsewhere.
    """
    if dataset.count < max(bands) or dataset.dtypes[0] not in ("uint16", "int16"):
        raise NetworkError(
            f"{what} must have {max(bands)} bands of 16 bits, got {dataset.count} of {dataset.dtypes[0]}; give a file"
        )
    if tile.box is None:
        return
    found = tuple(dataset.bounds)
    if not dataset.crs.is_geographic or max(abs(a - b) for a, b in zip(found, tile.box, strict=True)) > 0.01:
        shown = " ".join(f"{value:g}" for value in found)
        raise NetworkError(f"{what} must lie where its name says, got {shown} in {dataset.crs}; give a file")
