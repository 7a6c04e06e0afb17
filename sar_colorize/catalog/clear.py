"""The clear ground of several days of Sentinel-2 on one grid: per tile the median of what its classes call clear."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32, Grid, Window
from ..reference.offset import find_offset
from .client import AbsentError, Client
from .ranges import RangeFile
from .stac import Acquisition
from .threads import in_threads
from .warp import Codes, read_on

MOST_DATES = 6
"""So many of a tile are used."""
ENOUGH = 0.95
"""Share of a tile's ground from which on no further date is asked for."""
CLEAR = (4, 5, 6)
"""Classes of Sentinel-2's scene classification: vegetation, bare, water."""
SNOW = 11
_CLASSES_M = 40.0
"""Coarsest overview of the classes: coarser ones may hold averages of their numbers."""
_ERODED_PX = 2
_LEAST_NEW = 0.02
"""Share of a tile that a date must add, or it is passed over."""
_LEAST_OVERLAP_PX = 200
_MOST_GAIN = 1.5


@dataclass(frozen=True)
class TileDates:
    """All dates of a tile, the best first, and where it may lie on the grid."""

    name: str
    dates: Sequence[Acquisition]
    window: Window


@dataclass(frozen=True)
class Clear:
    """What is clear on one grid."""

    values: Codes
    """(3, H, W) red, green and blue, reflectance x 10000, without an offset; 0 where nothing is clear."""
    used: tuple[Acquisition, ...]
    offsets: int
    """How many of those that were used held Sentinel-2's offset."""


def best_first(found: Sequence[Acquisition], day: datetime.date) -> list[Acquisition]:
    """Acquisitions of a tile, near and clear ones first: three percent of cloud weigh as much as a day."""
    return sorted(found, key=lambda a: (abs((a.date - day).days) + a.cloud / 3.0, a.name))


def draw_clear(
    client: Client, tiles: Sequence[TileDates], grid: Grid, snow: bool, on_tick: Callable[[int, int], None]
) -> Clear:
    """The clear ground of tiles on a grid; each tile is matched to those before it where they overlap.

    Args:
        snow: whether snow counts as ground.

    Raises:
        NetworkError: one sentence. Also what `on_tick` raises.
    """
    values: Codes = np.zeros((3, *grid.window.shape), np.uint16)
    used: list[Acquisition] = []
    offsets = 0
    parts = in_threads(client, partial(_clear_of, client, grid, snow), tiles, on_tick)
    for tile, (part, of_tile, count) in zip(tiles, parts, strict=True):
        rows, cols = tile.window.within(grid.window)
        here = values[:, rows, cols]
        known, new = here.any(0), part.any(0)
        both = known & new
        if both.sum() >= _LEAST_OVERLAP_PX:
            gains = np.median(here[:, both], axis=1) / np.maximum(1.0, np.median(part[:, both], axis=1))
            gains = np.clip(gains, 1.0 / _MOST_GAIN, _MOST_GAIN)
            part = np.clip(np.rint(part * gains[:, None, None]), 0, 65535).astype(np.uint16)
        fresh = new & ~known
        here[:, fresh] = part[:, fresh]
        used += of_tile
        offsets += count
    return Clear(values, tuple(used), offsets)


def _clear_of(client: Client, grid: Grid, snow: bool, tile: TileDates) -> tuple[Codes, list[Acquisition], int]:
    """(3, height, width) of a tile's window, the dates in it, and how many of those held an offset."""
    part = grid.crop(tile.window)
    stack: list[Float32] = []
    used: list[Acquisition] = []
    covered, ground, offsets = np.zeros(part.window.shape, bool), np.zeros(part.window.shape, bool), 0
    for acquisition in tile.dates:
        if len(used) == MOST_DATES:
            break
        client.check()
        what = f"{client.what}, item {acquisition.name:.80},"
        try:
            clear, there = _clear(client, acquisition, what, part, snow)
            ground |= there
            if (clear & ~covered).sum() < max(1.0, _LEAST_NEW * ground.sum()):
                continue
            values, has_offset = _values(client, acquisition, what, part, clear)
        except AbsentError as error:
            if error.status == 404:  # an item without its files
                continue
            raise
        stack.append(values)
        used.append(acquisition)
        offsets += has_offset
        covered |= np.isfinite(values[0])
        if covered[ground].mean() >= ENOUGH:
            break
    if not stack:
        return np.zeros((3, *part.window.shape), np.uint16), [], 0
    if len(stack) == 1:
        middle = stack[0]
    else:
        layers = np.stack(stack)
        middle = np.zeros_like(stack[0])
        middle[:, covered] = np.nanmedian(layers[:, :, covered], axis=0)
    codes = np.where(covered, np.clip(np.rint(np.nan_to_num(middle)), 1, 65535), 0).astype(np.uint16)
    return codes, used, offsets


def _clear(client: Client, acquisition: Acquisition, what: str, grid: Grid, snow: bool) -> tuple[Bool, Bool]:
    """(H, W) where an acquisition shows clear ground, 2 pixels inside; and where it shows anything."""
    classes = read_on(
        client, RangeFile(client, acquisition.urls["scl"]), what, (1,), grid, classes_m=_CLASSES_M
    )[0]  # fmt: skip
    there: Bool = classes > 0
    clear = np.isin(classes, (*CLEAR, SNOW) if snow else CLEAR)
    inner: Bool = clear | ~there
    for _ in range(_ERODED_PX):
        near = np.pad(inner, 1, constant_values=True)
        inner = inner & near[:-2, 1:-1] & near[2:, 1:-1] & near[1:-1, :-2] & near[1:-1, 2:]
    return inner & clear & there, there


def _values(client: Client, acquisition: Acquisition, what: str, grid: Grid, clear: Bool) -> tuple[NDArray[Any], bool]:
    """(3, H, W) reflectance x 10000, NaN where it is not clear, and whether Sentinel-2's offset was in it."""
    bands = [
        read_on(client, RangeFile(client, acquisition.urls[band]), what, (1,), grid)[0]
        for band in ("red", "green", "blue")
    ]
    codes = np.stack(bands).astype(np.float32)
    shown = clear & (codes > 0).all(0)
    offset = find_offset(codes, shown, None).dn
    return np.where(shown, np.maximum(codes + np.float32(offset), 1.0), np.nan), offset != 0.0
