"""What a source shows of a plan's grid: tiles of a mosaic, or the clear ground of several days."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ..errors import NetworkError, SettingError
from ..raster import Grid, Window
from ..scene.date import Date
from .clear import TileDates, best_first, draw_clear
from .client import Client
from .dates import nearest_date
from .mosaic import Tile, draw
from .plan import Plan, cells_of
from .sources import WORLDCOVER, Source, worldcover_file
from .stac import Acquisition, search
from .warp import Codes

GATE_VARIABLE = "SAR_COLORIZE_STAC_TOKEN_URL"
_TOKENS = {"planetarycomputer.microsoft.com": "https://planetarycomputer.microsoft.com/api/sas/v1/token"}
"""Where catalogues give the token that their files need, to anybody who asks."""
_WINTER = (11, 12, 1, 2, 3)
_SUMMER = (5, 6, 7, 8, 9)


@dataclass(frozen=True)
class Content:
    """Red, green and blue on a grid, and where they come from."""

    values: Codes
    """(3, H, W) reflectance x 10000; 0 where nothing is known."""
    items: tuple[str, ...]
    """Names of the tiles or scenes in it."""
    date: datetime.date | None
    """About when; None of a whole year."""
    year: str
    """For the credit."""
    period: str
    """In words."""
    asked: int
    """How many tiles were asked for."""
    refusal: NetworkError | None = None
    """What a server said of one, where it was not that there is none."""


def wanted_day(plan: Plan, date: Date | None) -> Date | None:
    """The day that a source should be of; where it has seasons and no years, the year is of no matter.

    Args:
        date: of the scene.

    Raises:
        SettingError: acquisitions of no date are asked for.
    """
    wanted = plan.wanted
    if wanted.source is WORLDCOVER:
        return None
    if wanted.source.collections:
        day = wanted.date or date
        if day is None:
            raise SettingError(
                f"{plan.what} must come with a date, got a scene that says none; give its date, or one with the source"
            )
        return Date(day.year, day.month, day.day or 15)
    if wanted.month is not None:
        return Date(2020, wanted.month, 15)
    if date is not None:
        return Date(2020, date.month, min(date.day or 15, 28))
    return Date(2020, 7 if plan.extent.latitude >= 0 else 1, 15)  # summer, when least is under snow


def content_of(plan: Plan, client: Client, day: Date | None, on_tick: Callable[[int, int], None]) -> Content:
    """What a source shows.

    Args:
        day: see `wanted_day`. on_tick: see `threads.in_threads`.

    Raises:
        NetworkError: one sentence.
    """
    source = plan.wanted.source
    if source is WORLDCOVER:
        year = plan.wanted.year or source.years[0]
        tiles = [_worldcover_tile(source, year, cell[0], cell[1], window) for cell, window in cells_of(plan).items()]
        drawn = draw(client, tiles, plan.grid, on_tick)
        period = f"{year}, median of the year"
        return Content(drawn.values, drawn.tiles, None, str(year), period, len(tiles), drawn.refusal)
    assert day is not None
    if source.collections:
        return _of_acquisitions(plan, client, datetime.date(day.year, day.month, day.day or 15), on_tick)
    taken = nearest_date(client, source, day)
    folder = f"{source.address}/{taken.year}/{taken.month}/{taken.day}"
    tiles = [
        Tile(zone, tuple(f"{folder}/{zone}/{band}.tif" for band in ("B04", "B03", "B02")), window)
        for zone, window in cells_of(plan).items()
    ]
    drawn = draw(client, tiles, plan.grid, on_tick)
    begun = datetime.date(taken.year, taken.month, taken.day or 1)
    period = f"ten days from {begun} on"
    return Content(drawn.values, drawn.tiles, begun, str(begun.year), period, len(tiles), drawn.refusal)


def _worldcover_tile(source: Source, year: int, south: int, west: int, window: Window) -> Tile:
    name, url = worldcover_file(source.address, year, south, west)
    return Tile(name, (url,), window, (west, south, west + 1, south + 1))


def _of_acquisitions(plan: Plan, client: Client, day: datetime.date, on_tick: Callable[[int, int], None]) -> Content:
    """The clear ground of the days around one."""
    wanted, source = plan.wanted, plan.wanted.source
    around = datetime.timedelta(days=wanted.days)
    found = search(client, source.address, source.collections, plan.extent, day - around, day + around)
    found = _with_token(client, source, found)
    by_tile: dict[str, list[Acquisition]] = {}
    for acquisition in found:
        by_tile.setdefault(acquisition.tile, []).append(acquisition)
    tiles = []
    for name, dates in sorted(by_tile.items()):
        window = _window_of(dates[0].box, plan.grid)
        if not window.is_empty:
            tiles.append(TileDates(name, best_first(dates, day), window))
    cold = _WINTER if plan.extent.latitude >= 0 else _SUMMER
    drawn = draw_clear(client, tiles, plan.grid, day.month in cold, on_tick)
    if not drawn.used:
        raise NetworkError(
            f"{client.what} must show clear ground, got clouds or gaps in all {len(found)} scenes from {day - around} "
            f"to {day + around}; widen the time, or choose another source"
        )
    dates_used = sorted(acquisition.date for acquisition in drawn.used)
    first, last = dates_used[0], dates_used[-1]
    offset = f", offset -1000 found in {drawn.offsets} of them" if drawn.offsets else ""
    count = f"{len(drawn.used)} scene{'s' if len(drawn.used) > 1 else ''}"
    period = f"median of the clear pixels of {count}, {first} to {last}{offset}"
    year = str(first.year) if first.year == last.year else f"{first.year}-{last.year}"
    names = tuple(sorted(acquisition.name for acquisition in drawn.used))
    return Content(drawn.values, names, dates_used[len(dates_used) // 2], year, period, len(tiles))


def _with_token(client: Client, source: Source, found: list[Acquisition]) -> list[Acquisition]:
    """Acquisitions whose addresses hold the token of their catalogue, where it gives one.

    Raises:
        NetworkError: it gives none.
    """
    address = os.environ.get(GATE_VARIABLE) or _TOKENS.get(urlsplit(source.address).hostname or "")
    if address is None or not found:
        return found
    answer = client.listing(f"{address.rstrip('/')}/{source.collections[-1]}")
    try:
        token = json.loads(answer)["token"].lstrip("?")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NetworkError(
            f"{client.what} must give a token for its files, got none from {urlsplit(address).hostname}; try again "
            "later"
        ) from error
    return [
        replace(a, urls={band: f"{url}{'&' if '?' in url else '?'}{token}" for band, url in a.urls.items()})
        for a in found
    ]


def _window_of(box: tuple[float, float, float, float], grid: Grid) -> Window:
    """The window of a grid that a box of degrees may fill; the whole grid where that is not known."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    assert grid.transform is not None
    west, south, east, north = box
    if west >= east or south >= north or east - west > 20.0:
        return grid.window
    try:
        left, bottom, right, top = transform_bounds("EPSG:4326", grid.crs_wkt, west, south, east, north)
        first: Any = ~grid.transform @ (left, top)
        last: Any = ~grid.transform @ (right, bottom)
        col, row = int(first[0]) - 2, int(first[1]) - 2
        return Window(row, col, int(last[1]) + 3 - row, int(last[0]) + 3 - col).intersect(grid.window)
    except (RasterioError, CPLE_BaseError, OverflowError, ValueError):
        return grid.window
