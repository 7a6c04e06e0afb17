"""Tiles on servers drawn on one grid: of each the coarsest overview that is fine enough, and only the blocks needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import NetworkError
from ..raster import Grid, Window
from .absence import absent_files, remember_absent
from .client import AbsentError, Client
from .ranges import RangeFile
from .threads import in_threads
from .warp import Codes, read_on

FAILED = 10000
"""What the 120 m mosaic holds in every band where clouds never went away."""
_FORBIDDEN = 403
"""Some servers say so of a file that is not there."""
_GONE = (404, 410)
_ABSENT = (_FORBIDDEN, *_GONE)


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
    known = absent_files()
    parts = in_threads(client, partial(_drawn, client, grid, known), tiles, on_tick)
    missing = [tile.urls[0] for tile, part in zip(tiles, parts, strict=True) if _is_gone(part)]
    remember_absent(url for url in missing if url not in known)
    for tile, part in zip(tiles, parts, strict=True):
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
    return Drawn(values, tuple(drawn), tuple(absent), refusal)


def _is_gone(part: Codes | AbsentError) -> bool:
    """Whether a server said that there is no such file, and not that it shows it to others only."""
    return isinstance(part, AbsentError) and part.status in _GONE


def _drawn(client: Client, grid: Grid, known: frozenset[str], tile: Tile) -> Codes | AbsentError:
    """(3, height, width) of a tile's window; what the server said where it does not have it.

    Args:
        known: addresses of files that are not there.

    Raises:
        NetworkError: it cannot be read.
    """
    if tile.urls[0] in known:
        return AbsentError(f"{client.what} must be there, got none lately; choose another source, or give a file")
    try:
        files = [RangeFile(client, url) for url in tile.urls]
    except AbsentError as error:
        if error.status in _ABSENT:
            return error
        raise
    found: Codes = np.zeros((3, *tile.window.shape), np.uint16)
    bands = (1, 2, 3) if len(files) == 1 else (1,)
    what = f"{client.what}, tile {tile.name},"
    check = partial(_check, tile.box, what)
    for number, file in enumerate(files):
        part = read_on(client, file, what, bands, grid.crop(tile.window), check)
        found[number : number + len(bands)] = part
    found[:, (found == FAILED).all(0)] = 0
    return found


def _check(box: tuple[float, float, float, float] | None, what: str, dataset: Any) -> None:
    """Refuses a tile that does not lie where its name says.

    Raises:
        NetworkError: it does not.
    """
    found = tuple(dataset.bounds)
    if box is None:
        return
    if not dataset.crs.is_geographic or max(abs(a - b) for a, b in zip(found, box, strict=True)) > 0.01:
        shown = " ".join(f"{value:g}" for value in found)
        raise NetworkError(f"{what} must lie where its name says, got {shown} in {dataset.crs}; give a file")
